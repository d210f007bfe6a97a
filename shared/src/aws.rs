//! How AWS is reached: trust, region, credentials, time-outs and retries of the SDK's clients.

mod http_client;

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::ProvideRegion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;
use webpki_roots::TLS_SERVER_ROOTS;

use crate::env::{
    AWS_ACCESS_KEY_ID, AWS_CA_BUNDLE, AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS,
    AWS_USE_DUALSTACK_ENDPOINT, AWS_USE_FIPS_ENDPOINT, Endpoint, Env, EnvError, Variable,
};
use crate::error::Error;
use crate::function::StartError;

/// A function has 10 s. `token` makes a read and two writes one after the other, so three slow operations and a hash must fit; what it
/// may do beyond them (a renewed hash, a write that is decided anew) is quick wherever the store is. An attempt is so short that a
/// hanging connection leaves time for another.
const FUNCTION: TimeOuts = TimeOuts {
    connect: Duration::from_millis(500),
    attempt: Duration::from_millis(1_000),
    operation: Duration::from_millis(2_500),
};
const ATTEMPTS: u32 = 4;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_millis(500);
/// The region where no one names one: an emulator has any.
const MADE_UP_REGION: Region = Region::from_static("us-east-1");

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub struct TimeOuts {
    /// The opening of a connection.
    pub connect: Duration,
    /// One attempt.
    pub attempt: Duration,
    /// All attempts together.
    pub operation: Duration,
}

/// Who calls AWS.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who signs; `None` for made-up credentials, where the endpoint is not AWS's: the embedded engine and the emulators accept any.
    pub credentials: Option<SharedCredentialsProvider>,
    /// The region, unless credentials are made up, too.
    pub region: Option<Region>,
    /// How long it waits.
    pub time_outs: TimeOuts,
}

impl Caller {
    /// Returns a function as it calls. Region and credentials are in the environment, where Lambda sets them; no other source is searched,
    /// since a function never uses the rest of the default chain (profiles, instance metadata, STS) and would carry it along.
    async fn function(env: &Env<'_>, own_endpoint: &Variable<Endpoint>) -> Result<Self, EnvError> {
        let is_aws = endpoint(env, own_endpoint)?.is_none();
        let is_signed = is_aws || !env.sdk(&AWS_ACCESS_KEY_ID)?.is_empty();
        let environment = EnvironmentVariableCredentialsProvider::new();
        Ok(Self {
            credentials: is_signed.then(|| SharedCredentialsProvider::new(environment)),
            region: EnvironmentVariableRegionProvider::new().region().await,
            time_outs: FUNCTION,
        })
    }
}

/// Creates the configuration of a service's client for a function.
///
/// # Errors
///
/// As [`config_of`].
pub async fn config(env: &Env<'_>, own_endpoint: &Variable<Endpoint>) -> Result<SdkConfig, StartError> {
    config_of(env, own_endpoint, Caller::function(env, own_endpoint).await?)
}

/// Creates the configuration of a service's client. `own_endpoint` is the variable of its endpoint, which comes before
/// `AWS_ENDPOINT_URL`, as in every SDK.
///
/// # Errors
///
/// [`StartError`] for a wrong variable, or where the TLS configuration cannot be built.
pub fn config_of(
    env: &Env<'_>,
    own_endpoint: &Variable<Endpoint>,
    caller: Caller,
) -> Result<SdkConfig, StartError> {
    let endpoint = endpoint(env, own_endpoint)?;
    let is_fips = env.sdk(&AWS_USE_FIPS_ENDPOINT)?;
    let is_dual_stack = env.sdk(&AWS_USE_DUALSTACK_ENDPOINT)?;
    for (variable, is_on) in [
        (&AWS_USE_FIPS_ENDPOINT, is_fips),
        (&AWS_USE_DUALSTACK_ENDPOINT, is_dual_stack),
    ] {
        if is_on && endpoint.is_some() {
            // The SDK would refuse each request.
            return Err(variable
                .error("must be false where an endpoint is configured")
                .into());
        }
    }
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client(env, endpoint.as_ref(), caller.time_outs.connect)?)
        .use_fips(is_fips)
        .use_dual_stack(is_dual_stack)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_BACKOFF)
                .with_max_backoff(LONGEST_BACKOFF),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(caller.time_outs.connect)
                .operation_attempt_timeout(caller.time_outs.attempt)
                .operation_timeout(caller.time_outs.operation)
                .build(),
        );
    let made_up = || SharedCredentialsProvider::new(Credentials::new("local", "local", None, None, "local"));
    let config = match (endpoint, caller.credentials) {
        (None, credentials) => {
            let mut config = config.region(caller.region);
            config.set_credentials_provider(credentials);
            config
        }
        (Some(endpoint), None) => config
            .endpoint_url(endpoint)
            .region(MADE_UP_REGION)
            .credentials_provider(made_up()),
        (Some(endpoint), Some(credentials)) => config
            .endpoint_url(endpoint)
            .region(caller.region.unwrap_or(MADE_UP_REGION))
            .credentials_provider(credentials),
    };
    Ok(config.build())
}

/// Returns the endpoint where it is not AWS's.
///
/// # Errors
///
/// [`EnvError`] for a variable that is no endpoint.
pub fn endpoint(env: &Env<'_>, own: &Variable<Endpoint>) -> Result<Option<Url>, EnvError> {
    let (own, every) = (env.get(own)?, env.sdk(&AWS_ENDPOINT_URL)?);
    let is_ignored = env.sdk(&AWS_IGNORE_CONFIGURED_ENDPOINT_URLS)?;
    Ok(own.or(every).filter(|_| !is_ignored))
}

/// Creates the HTTP client of a service at an endpoint, `None` for AWS's.
///
/// # Errors
///
/// [`StartError`] for roots that cannot be read.
pub fn http_client(
    env: &Env<'_>,
    endpoint: Option<&Url>,
    connect: Duration,
) -> Result<SharedHttpClient, StartError> {
    let connector = http_connector(env, endpoint, connect)?;
    Ok(http_client_fn(move |_, _| connector.clone()))
}

/// Creates what sends requests to an endpoint, `None` for AWS's, without the SDK's retries.
///
/// # Errors
///
/// [`StartError`] for roots that cannot be read.
pub fn http_connector(
    env: &Env<'_>,
    endpoint: Option<&Url>,
    connect: Duration,
) -> Result<SharedHttpConnector, StartError> {
    let bundle = env.sdk(&AWS_CA_BUNDLE)?;
    let is_plain = endpoint.is_some_and(|endpoint| endpoint.scheme() == "http");
    let roots = if bundle.is_empty() || is_plain {
        // Mozilla's, parsed when the crate was made: the system's would be read and parsed at each cold start.
        TLS_SERVER_ROOTS.iter().cloned().collect()
    } else {
        bundled_roots(&bundle).ok_or_else(|| AWS_CA_BUNDLE.error("must name a file of PEM certificates"))?
    };
    http_client::http_connector(roots, connect)
        .map_err(|error| Error::internal("TLS", error.to_string()).into())
}

/// Reads the certificates of a bundle. Those that rustls cannot use as roots are left out; `None` where none is left, and for what
/// is not PEM to its end.
fn bundled_roots(path: &str) -> Option<RootCertStore> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).ok()?.collect();
    let certificates = certificates.ok()?;
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(certificates);
    (usable > 0).then_some(roots)
}

/// Returns the messages of an SDK's error and of its causes. `DisplayErrorContext` adds the raw response: an item or a secret
/// that does not parse would get into the log.
pub fn message(error: &(dyn std::error::Error + 'static)) -> String {
    let messages: Vec<String> = causes(error).map(ToString::to_string).collect();
    messages.join(": ")
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_sdk_dynamodb::Client;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::{Credentials, Env, MADE_UP_REGION, config};
    use crate::env::AWS_ENDPOINT_URL_DYNAMODB;

    /// Sends nothing, and keeps where to.
    #[derive(Clone, Debug, Default)]
    struct Recorder(Arc<Mutex<String>>);

    impl HttpConnector for Recorder {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            if let Ok(mut url) = self.0.lock() {
                request.uri().clone_into(&mut url);
            }
            HttpConnectorFuture::ready(Err(ConnectorError::user("sends nothing".into())))
        }
    }

    /// Returns the URL that a client of DynamoDB calls, or why there is none.
    async fn url(variables: &[(&str, &str)]) -> String {
        let env = Env::new(|name| {
            let variable = variables.iter().find(|(known, _)| *known == name);
            variable.map(|(_, value)| (*value).to_owned())
        });
        let config = match config(&env, &AWS_ENDPOINT_URL_DYNAMODB).await {
            Ok(config) => config,
            Err(error) => return error.to_string(),
        };
        let recorder = Recorder::default();
        let connector = SharedHttpConnector::new(recorder.clone());
        let config = aws_sdk_dynamodb::config::Builder::from(&config)
            .region(MADE_UP_REGION)
            .credentials_provider(Credentials::new("a", "b", None, None, "test"))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let _refused = Client::from_conf(config).list_tables().send().await;
        recorder.0.lock().map(|url| url.clone()).unwrap_or_default()
    }

    #[tokio::test]
    async fn the_sdks_variables_decide_which_endpoint_is_called() {
        let (own, every) = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL");
        let (fips, dual_stack) = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT");
        let ignore = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
        let aws = "https://dynamodb.us-east-1.amazonaws.com/";
        let refused = "AWS_USE_FIPS_ENDPOINT must be false where an endpoint is configured";
        for (variables, expected) in [
            (&[][..], aws),
            (&[(own, ""), (every, ""), (fips, ""), (dual_stack, "false")], aws),
            (
                &[(fips, "true")],
                "https://dynamodb-fips.us-east-1.amazonaws.com/",
            ),
            (&[(dual_stack, "True")], "https://dynamodb.us-east-1.api.aws/"),
            (
                &[(fips, "true"), (dual_stack, "true")],
                "https://dynamodb-fips.us-east-1.api.aws/",
            ),
            (&[(every, "http://a.example:1")], "http://a.example:1/"),
            (
                &[(every, "http://a.example:1"), (own, "http://b.example:2")],
                "http://b.example:2/",
            ),
            (
                &[
                    (every, "http://a.example"),
                    (own, "http://b.example"),
                    (ignore, "true"),
                ],
                aws,
            ),
            (&[(own, "http://b.example"), (fips, "true")], refused),
            (
                &[(own, "http://b.example"), (fips, "true"), (ignore, "TRUE")],
                "https://dynamodb-fips.us-east-1.amazonaws.com/",
            ),
            (&[(fips, "yes")], "AWS_USE_FIPS_ENDPOINT must be true or false"),
            (
                &[(every, "a.example:1")],
                "AWS_ENDPOINT_URL must be an http or https URL",
            ),
        ] {
            assert_eq!(url(variables).await, expected, "{variables:?}");
        }
    }
}
