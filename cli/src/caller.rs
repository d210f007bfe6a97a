//! Who calls AWS: an operator, by the credentials and the region that the environment or a profile has.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{ProvideCredentials, SharedCredentialsProvider};
use shared::aws::{self, Caller, TimeOuts};
use shared::env::{Endpoint, Env, Variable, process_variable};
use url::{Host, Url};

/// A person waits, perhaps far from the region, for a page of a scan (1 MB), or for `rotate-keys`, which has 30 s.
const TIME_OUTS: TimeOuts = TimeOuts {
    connect: Duration::from_secs(5),
    attempt: Duration::from_secs(40),
    operation: Duration::from_secs(120),
};

/// Returns a caller of an engine that accepts any credentials.
pub(crate) fn made_up() -> Caller {
    Caller {
        credentials: None,
        region: None,
        time_outs: TIME_OUTS,
    }
}

/// Creates the configuration of a service's client, by the variable of its endpoint.
pub(crate) async fn config(env: &Env<'_>, service: &Variable<Endpoint>) -> Result<SdkConfig, String> {
    let caller = find(env, &[service]).await?;
    aws::config_of(env, service, caller).map_err(|error| error.to_string())
}

/// Finds credentials and region for services, by the variables of their endpoints. Where all are at other endpoints than AWS's, they are
/// made up unless the environment names some, so that an engine needs none.
pub(crate) async fn find(env: &Env<'_>, services: &[&Variable<Endpoint>]) -> Result<Caller, String> {
    let endpoints: Result<Vec<_>, _> = services
        .iter()
        .map(|service| aws::endpoint(env, service))
        .collect();
    let endpoints = endpoints.map_err(|error| error.to_string())?;
    let is_aws = endpoints.iter().any(Option::is_none);
    let is_set = |name: &&str| process_variable(name).is_some_and(|value| !value.is_empty());
    if !is_aws && !["AWS_ACCESS_KEY_ID", "AWS_PROFILE"].iter().any(is_set) {
        return Ok(made_up());
    }
    let http_client = aws::http_client(env, None, TIME_OUTS.connect).map_err(|error| error.to_string())?;
    let found = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .load()
        .await;
    let region = found.region().cloned();
    if is_aws && region.is_none() {
        return Err("no AWS region: set AWS_REGION, or `region` in the profile".to_owned());
    }
    let chain = found.credentials_provider().ok_or("no AWS credentials")?;
    // Once, since the program ends soon, and ahead of the request, whose error would not say what is missing.
    let credentials = match chain.provide_credentials().await {
        Ok(credentials) => credentials,
        Err(_) if endpoints.iter().flatten().all(is_loopback) && !is_aws => return Ok(made_up()),
        Err(error) => {
            let causes = aws::message(&error);
            let remedy = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for other ways to log in: \
                          eval \"$(aws configure export-credentials --format env)\"";
            return Err(format!("no AWS credentials: {remedy}: {causes}"));
        }
    };
    Ok(Caller {
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        region,
        time_outs: TIME_OUTS,
    })
}

fn is_loopback(endpoint: &Url) -> bool {
    match endpoint.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
