//! A secret in Secrets Manager, such as that of the key ring: its versions and their stages.

use std::collections::HashMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::get_secret_value::builders::GetSecretValueFluentBuilder;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use zeroize::Zeroizing;

use super::ring::Ring;
use crate::aws;
use crate::env::{AWS_ENDPOINT_URL_SECRETS_MANAGER, Env};
use crate::error::Error;
use crate::function::StartError;

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

/// A secret.
#[derive(Clone, Debug)]
pub struct Secret {
    client: Client,
    id: String,
}

/// The stage of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is in use.
    Current,
    /// It is to follow.
    Pending,
    /// Neither, or there is no such version.
    Neither,
}

/// The stages of the versions.
pub struct Versions(HashMap<String, Vec<String>>);

impl Versions {
    /// Returns the stage of a version.
    pub fn stage(&self, version: &str) -> Stage {
        let stages = self.0.get(version).map_or(&[][..], Vec::as_slice);
        let has = |stage: &str| stages.iter().any(|known| known == stage);
        if has(CURRENT) {
            Stage::Current
        } else if has(PENDING) {
            Stage::Pending
        } else {
            Stage::Neither
        }
    }

    /// Returns the pending version, if there is one.
    pub fn pending(&self) -> Option<&str> {
        self.with(Stage::Pending)
    }

    fn with(&self, wanted: Stage) -> Option<&str> {
        self.0
            .keys()
            .find(|version| self.stage(version) == wanted)
            .map(String::as_str)
    }
}

impl Secret {
    /// Creates the client; sends nothing.
    pub(crate) async fn connect(id: String, env: &Env<'_>) -> Result<Self, StartError> {
        let client = Client::new(&aws::config(env, &AWS_ENDPOINT_URL_SECRETS_MANAGER).await?);
        Ok(Self { client, id })
    }

    /// Returns the secret of another id or ARN, reached by the same client.
    pub fn named(&self, id: String) -> Self {
        Self {
            client: self.client.clone(),
            id,
        }
    }

    /// Reads the current value; `None` where there is none.
    pub(crate) async fn document(&self) -> Result<Option<Zeroizing<String>>, Error> {
        text(
            self.client
                .get_secret_value()
                .secret_id(&self.id)
                .version_stage(CURRENT),
        )
        .await
    }

    /// Reads the stages of the versions.
    pub async fn versions(&self) -> Result<Versions, Error> {
        let described = self.client.describe_secret().secret_id(&self.id).send().await;
        let described = described.map_err(|error| unreachable(&error))?;
        Ok(Versions(described.version_ids_to_stages.unwrap_or_default()))
    }

    /// Reads the ring in use; one without keys where there is no current version.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`]; [`Error::Internal`] for a value that is not a ring.
    pub async fn current(&self) -> Result<Ring, Error> {
        let document = self.document().await?;
        document.map_or(Ok(Ring::default()), |document| parse(&document))
    }

    /// Reads the ring of a pending version; `None` where it has no value yet.
    pub async fn pending(&self, version: &str) -> Result<Option<Ring>, Error> {
        let read = self.client.get_secret_value().secret_id(&self.id);
        let document = text(read.version_id(version).version_stage(PENDING)).await?;
        document.map(|document| parse(&document)).transpose()
    }

    /// Gives a pending version its value. One that has a value by now keeps it.
    pub async fn put_pending(&self, version: &str, ring: &Ring) -> Result<(), Error> {
        let put = self.client.put_secret_value().secret_id(&self.id);
        let put = put.client_request_token(version).version_stages(PENDING);
        match put.secret_string(document(ring)?.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutSecretValueError::is_resource_exists_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(unreachable(&error)),
        }
    }

    /// Makes a pending version the current one, in the place of the one that is current in `versions`; fails where another is by
    /// now.
    pub async fn make_current(&self, version: &str, versions: &Versions) -> Result<(), Error> {
        let update = self.client.update_secret_version_stage().secret_id(&self.id);
        let update = update
            .version_stage(CURRENT)
            .move_to_version_id(version)
            .set_remove_from_version_id(versions.with(Stage::Current).map(str::to_owned));
        update
            .send()
            .await
            .map(|_| ())
            .map_err(|error| unreachable(&error))
    }

    /// Gives up the pending version, if there is one: the next rotation begins anew.
    pub async fn give_up_pending(&self, versions: &Versions) -> Result<(), Error> {
        let Some(version) = versions.pending() else {
            return Ok(());
        };
        let update = self.client.update_secret_version_stage().secret_id(&self.id);
        let update = update.version_stage(PENDING).remove_from_version_id(version);
        update
            .send()
            .await
            .map(|_| ())
            .map_err(|error| unreachable(&error))
    }
}

fn parse(document: &str) -> Result<Ring, Error> {
    Ring::parse(document).map_err(|error| Error::internal("the secret", error.to_string()))
}

fn document(ring: &Ring) -> Result<Zeroizing<String>, Error> {
    ring.document()
        .map_err(|error| Error::internal("the ring", error.to_string()))
}

fn unreachable(error: &(dyn std::error::Error + 'static)) -> Error {
    Error::unavailable("the secret", aws::message(error))
}

/// Reads a version's text, wiped once it is dropped; `None` where there is no such version or it has no value yet.
async fn text(read: GetSecretValueFluentBuilder) -> Result<Option<Zeroizing<String>>, Error> {
    match read.send().await {
        Ok(output) => Ok(output.secret_string.map(Zeroizing::new)),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
        {
            Ok(None)
        }
        Err(error) => Err(unreachable(&error)),
    }
}
