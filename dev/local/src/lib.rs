//! The whole service on one machine: API Gateway's behaviour on a loopback port in front of the functions, on an embedded
//! DynamoDB. Routes, time limits and variables come from `template.yaml`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum_server::Handle;
use dynamodb::{Engine, EngineError};
use sam_template::{Template, TemplateError};
use shared::clock::Clock;
use shared::env::MAIL_FROM;
use shared::error::Error;
use shared::function;
use shared::keys::Rotation;
use tokio::net::TcpListener;

use data::Folder;
use functions::Settings;
use mail::{Delivery, Mailbox};

pub use data::Data;
pub use example::Example;

pub mod cors;
pub mod data;
mod example;
pub mod functions;
pub mod gateway;
pub mod generated;
mod mail;
pub mod openapi;
mod rotation;
mod router;

/// The table's name in the embedded engine: its logical id in the template.
pub const TABLE_NAME: &str = "UsersTable";

/// How the service is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address of the API. The embedded DynamoDB is on 127.0.0.1 in any case.
    pub host: IpAddr,
    /// The HTTP port; 0 for any free one.
    pub port: u16,
    /// The port of the embedded DynamoDB; 0 for any free one.
    pub dynamodb_port: u16,
    /// Where users and keys are kept.
    pub data: Data,
    /// Another DynamoDB to use instead of the embedded one.
    pub dynamodb: Option<Dynamodb>,
    /// An example to serve beside the service, on the embedded DynamoDB.
    pub example: Option<Example>,
    /// How long a client may take.
    pub limits: Limits,
}

/// How long a client may take, so that no connection is held for ever.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For request line and headers.
    pub headers: Duration,
    /// For the body.
    pub body: Duration,
    /// For all that is under way when the service stops.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            body: Duration::from_secs(30),
            shutdown: Duration::from_secs(2),
        }
    }
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
    /// The port is in use; the option chooses another one.
    #[error("port {0} is taken; choose another with {1}")]
    PortTaken(u16, &'static str),
    /// The address may not be used.
    #[error("{0} cannot be used: {1}; choose another with --host and --port")]
    Address(SocketAddr, std::io::Error),
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
    /// The data folder.
    #[error("the folder {path}: {1}", path = .0.display())]
    Folder(PathBuf, std::io::Error),
    /// Another process has the data folder.
    #[error("the folder {path} is in use by another cargo dev; stop it, or choose another with --data-dir or --in-memory", path = data::short(.0).display())]
    FolderTaken(PathBuf),
    /// `SMTP_URL` is no URL of a mail server; it is not repeated, since it can have a password.
    #[error("SMTP_URL: {0}")]
    Smtp(String),
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
    limits: Limits,
    /// Kept: the engine stops with it.
    engine: Option<Engine>,
    /// Kept: no other process uses it meanwhile.
    folder: Folder,
    address: SocketAddr,
    issuer: String,
    rotation: Rotation,
    /// `None` where there is no mail.
    delivery: Option<Delivery>,
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
        let mut template = Template::of_this_project().map_err(StartError::Template)?;
        if let Some(example) = options.example {
            template = template.and(example.template().map_err(StartError::Template)?);
        }
        // The folder first: two services of one checkout conflict in all three, and the folder says it best.
        let folder = Folder::open(&options.data)?;
        let address = SocketAddr::new(options.host, options.port);
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::AddrInUse => StartError::PortTaken(options.port, "--port"),
            _ => StartError::Address(address, error),
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let issuer = issuer(address);
        let engine = match (&options.dynamodb, &options.data) {
            (Some(_), _) => None,
            (None, Data::InMemory) => Some(Engine::in_memory_on(&template, options.dynamodb_port)),
            (None, Data::Folder(_)) => Some(Engine::in_file(
                &folder.dynamodb_file(),
                &template,
                options.dynamodb_port,
            )),
        }
        .transpose()
        .map_err(|error| match error {
            EngineError::PortTaken { port } => StartError::PortTaken(port, "--dynamodb-port"),
            error => StartError::Engine(error),
        })?;
        let dynamodb = options.dynamodb.unwrap_or_else(|| Dynamodb {
            endpoint: engine
                .as_ref()
                .map(|engine| engine.endpoint().to_owned())
                .unwrap_or_default(),
            table_name: TABLE_NAME.to_owned(),
        });
        folder.announce(&url(reachable(address)), &dynamodb.endpoint)?;
        let origins = overrides(cors::VARIABLE).unwrap_or_default();
        let sender = overrides(MAIL_FROM.name).unwrap_or_else(|| mail::SENDER.to_owned());
        let mailbox = Mailbox::new(&folder, overrides(mail::SMTP_URL), &clock)?;
        let variables = BTreeMap::from([
            ("TABLE_NAME", dynamodb.table_name.clone()),
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint.clone()),
            ("ISSUER", issuer.clone()),
            ("SIGNING_KEYS_FILE", folder.keys_file().display().to_string()),
            ("SIGNING_KEYS_SECRET", String::new()),
            (MAIL_FROM.name, sender.clone()),
            ("MAIL_KEY_FILE", folder.mail_key_file()?.display().to_string()),
            ("MAIL_KEY_SECRET", String::new()),
            ("LINKS_TABLE_NAME", example::LINKS_TABLE.to_owned()),
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
        let mut router = router::router(&template, &functions, cors, &clock, options.limits)?;
        let mut delivery = None;
        if !sender.is_empty() {
            delivery = Some(Delivery::start(&settings, &dynamodb, mailbox.clone()).await?);
            router = mailbox.in_front_of(router);
        }
        Ok(Self {
            listener,
            router,
            limits: options.limits,
            engine,
            folder,
            address,
            issuer,
            rotation,
            delivery,
            dynamodb: dynamodb.endpoint,
            routes: template
                .routes()
                .iter()
                .map(|route| format!("{} {}", route.method, route.path))
                .collect(),
        })
    }

    /// Returns the base URL for clients on this machine, without a trailing slash.
    pub fn url(&self) -> String {
        url(reachable(self.address))
    }

    /// Returns the tokens' issuer: the base URL where that is on loopback.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the address of the API.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the endpoint of the DynamoDB API.
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb
    }

    /// Returns the folder of its data, which goes with the process where nothing is kept.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the URL of the mailbox; `None` where there is no mail.
    pub fn mailbox_url(&self) -> Option<String> {
        let mailbox = self.delivery.as_ref();
        mailbox.map(|_| format!("{}{}", self.url(), mail::MAILBOX_PATH))
    }

    /// Returns the file of private keys.
    pub fn keys_file(&self) -> PathBuf {
        self.folder.keys_file()
    }

    /// Returns the keys of the routes, such as `POST /token`.
    pub fn routes(&self) -> &[String] {
        &self.routes
    }

    /// Serves until `shutdown` resolves; requests under way are finished within the limit.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let rotation = tokio::spawn(rotation::rotate_when_due(self.rotation));
        let delivery = self.delivery.map(|delivery| tokio::spawn(delivery.run()));
        let handle = Handle::new();
        let mut server = axum_server::from_tcp(self.listener.into_std()?)?
            .http1_only()
            .handle(handle.clone());
        let mut http = server.http_builder().http1();
        http.header_read_timeout(self.limits.headers)
            // As many as the gateway's bytes can hold, of which the shortest header has four.
            .max_headers(gateway::HEADERS_MAX_BYTES / 4);
        let stop = tokio::spawn(async move {
            shutdown.await;
            handle.graceful_shutdown(Some(self.limits.shutdown));
        });
        let served = server
            .serve(self.router.into_make_service_with_connect_info::<SocketAddr>())
            .await;
        stop.abort();
        rotation.abort();
        if let Some(delivery) = delivery {
            delivery.abort();
        }
        served?;
        if let Some(engine) = self.engine {
            engine.stop().await;
        }
        Ok(())
    }
}

/// Returns an address that leads to the service on this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let host = match address.ip() {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    SocketAddr::new(host, address.port())
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// Returns the issuer, which is http on loopback only.
fn issuer(address: SocketAddr) -> String {
    let reachable = reachable(address);
    if reachable.ip().is_loopback() {
        url(reachable)
    } else {
        url(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()))
    }
}
