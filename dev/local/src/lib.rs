//! The whole service on one machine: API Gateway's behaviour on a loopback port in front of the functions, on an embedded
//! DynamoDB. Routes, time limits and variables come from `template.yaml`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use dynamodb::{Engine, EngineError};
use sam_template::{Template, TemplateError};
use shared::clock::Clock;
use shared::error::Error;
use shared::function;
use shared::keys::Rotation;
use tempfile::TempDir;
use tokio::net::TcpListener;

use functions::Settings;

pub mod cors;
pub mod functions;
pub mod gateway;
pub mod generated;
pub mod openapi;
pub mod rotation;
mod router;

/// The table's name in the embedded engine: its logical id in the template.
pub const TABLE_NAME: &str = "UsersTable";
/// The file of signing keys below the data folder.
pub const KEYS_FILE: &str = "signing-keys.json";
/// The file of the embedded engine below the data folder.
const DYNAMODB_FILE: &str = "dynamodb.sqlite";

/// Where users and keys are kept.
#[derive(Clone, Debug)]
pub enum Data {
    /// Nowhere: they vanish with the process.
    InMemory,
    /// In a folder, which is created if it does not exist.
    Folder(PathBuf),
}

/// How the service is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The HTTP port; 0 for any free one.
    pub port: u16,
    /// The port of the embedded DynamoDB; 0 for any free one.
    pub dynamodb_port: u16,
    /// Where users and keys are kept.
    pub data: Data,
    /// Another DynamoDB to use instead of the embedded one.
    pub dynamodb: Option<Dynamodb>,
}

/// A DynamoDB that this program did not start.
#[derive(Clone, Debug)]
pub struct Dynamodb {
    /// Where it is.
    pub endpoint: String,
    /// The table's name there; it must exist.
    pub table_name: String,
}

/// The reason why the service does not start, as a message for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is in use.
    #[error("port {0} is taken; choose another with --port")]
    PortTaken(u16),
    /// The port may not be used.
    #[error("port {0} cannot be used: {1}")]
    Port(u16, std::io::Error),
    /// The embedded DynamoDB does not start.
    #[error("the embedded DynamoDB does not start: {0}")]
    Engine(EngineError),
    /// `template.yaml` cannot be followed.
    #[error("template.yaml: {0}")]
    Template(TemplateError),
    /// The template names a function that is not one of this workspace's.
    #[error("template.yaml names the function {0}; add it to dev/local/src/functions.rs")]
    UnknownFunction(String),
    /// A route that the local router cannot have.
    #[error("template.yaml: {0}")]
    Route(String),
    /// The file of signing keys.
    #[error("the signing keys: {0}")]
    KeysFile(String),
    /// The data folder.
    #[error("the folder {path}: {1}", path = .0.display())]
    Folder(PathBuf, std::io::Error),
    /// A function does not start.
    #[error(transparent)]
    Function(#[from] function::StartError),
    /// The keys or the store.
    #[error(transparent)]
    Keys(#[from] Error),
}

/// The service, listening; [`Service::run`] serves.
pub struct Service {
    listener: TcpListener,
    router: axum::Router,
    /// Kept: the engine stops with it.
    engine: Option<Engine>,
    /// Kept: the keys of a service in memory live in a folder that goes with it.
    _scratch: Option<TempDir>,
    port: u16,
    keys_file: PathBuf,
    rotation: Rotation,
    dynamodb: String,
    routes: Vec<String>,
}

impl Service {
    /// Starts everything and listens. `overrides` gives variables that come before the template's defaults, usually the
    /// process's environment.
    pub async fn start(
        options: Options,
        overrides: impl Fn(&str) -> Option<String> + Send + Sync,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let template = Template::of_this_project().map_err(StartError::Template)?;
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::AddrInUse => StartError::PortTaken(options.port),
            _ => StartError::Port(options.port, error),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .await
            .map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let (folder, scratch) = folder(&options.data)?;
        let engine = match (&options.dynamodb, &options.data) {
            (Some(_), _) => None,
            (None, Data::InMemory) => Some(Engine::in_memory_on(&template, options.dynamodb_port)),
            (None, Data::Folder(folder)) => Some(Engine::in_file(
                &folder.join(DYNAMODB_FILE),
                &template,
                options.dynamodb_port,
            )),
        }
        .transpose()
        .map_err(StartError::Engine)?;
        let dynamodb = options.dynamodb.unwrap_or_else(|| Dynamodb {
            endpoint: engine
                .as_ref()
                .map(|engine| engine.endpoint().to_owned())
                .unwrap_or_default(),
            table_name: TABLE_NAME.to_owned(),
        });
        let keys_file = folder.join(KEYS_FILE);
        let origins = overrides(cors::VARIABLE).unwrap_or_default();
        let variables = BTreeMap::from([
            ("TABLE_NAME", dynamodb.table_name),
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint.clone()),
            ("ISSUER", format!("http://127.0.0.1:{port}")),
            ("SIGNING_KEYS_FILE", keys_file.display().to_string()),
            ("SIGNING_KEYS_SECRET", String::new()),
        ]);
        let settings = Settings {
            template: &template,
            settings: variables,
            overrides,
            clock: &clock,
        };
        let rotation = rotation::connect(&settings).await?;
        rotation.ensure_ring().await?;
        let cors = cors::AllowedOrigins::new(&origins, template.cors());
        let functions = settings.start_all().await?;
        let router = router::router(&template, &functions, cors, &clock)?;
        Ok(Self {
            listener,
            router,
            engine,
            _scratch: scratch,
            port,
            keys_file,
            rotation,
            dynamodb: dynamodb.endpoint,
            routes: template
                .routes()
                .iter()
                .map(|route| format!("{} {}", route.method, route.path))
                .collect(),
        })
    }

    /// Returns the base URL, without a trailing slash: the issuer, too.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the endpoint of the DynamoDB API.
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb
    }

    /// Returns the file of private keys.
    pub fn keys_file(&self) -> &std::path::Path {
        &self.keys_file
    }

    /// Returns the keys of the routes, such as `POST /token`.
    pub fn routes(&self) -> &[String] {
        &self.routes
    }

    /// Serves until `shutdown` resolves; requests under way are finished.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let rotation = tokio::spawn(rotation::rotate_when_due(self.rotation));
        let served = axum::serve(self.listener, self.router)
            .with_graceful_shutdown(shutdown)
            .await;
        rotation.abort();
        served?;
        if let Some(engine) = self.engine {
            engine.stop().await;
        }
        Ok(())
    }
}

fn folder(data: &Data) -> Result<(PathBuf, Option<TempDir>), StartError> {
    match data {
        Data::InMemory => {
            let scratch =
                tempfile::tempdir().map_err(|error| StartError::Folder(std::env::temp_dir(), error))?;
            Ok((scratch.path().to_owned(), Some(scratch)))
        }
        Data::Folder(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| StartError::Folder(folder.clone(), error))?;
            Ok((folder.clone(), None))
        }
    }
}
