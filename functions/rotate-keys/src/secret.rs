//! The secret of the key ring: its versions and their stages.

use std::collections::HashMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use shared::aws;
use shared::error::Error;
use shared::ring::Ring;
use shared::secrets;
use zeroize::Zeroizing;

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

/// A secret.
#[derive(Debug)]
pub(crate) struct Secret<'a> {
    client: &'a Client,
    id: &'a str,
}

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is the one that is used.
    Current,
    /// It is to follow.
    Pending,
    /// It is neither, or there is no such version.
    Neither,
}

/// The stages of the versions.
pub(crate) struct Versions(HashMap<String, Vec<String>>);

impl Versions {
    pub(crate) fn stage(&self, version: &str) -> Stage {
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

    /// The pending version, if there is one.
    pub(crate) fn pending(&self) -> Option<&str> {
        self.with(Stage::Pending)
    }

    fn with(&self, wanted: Stage) -> Option<&str> {
        self.0
            .keys()
            .find(|version| self.stage(version) == wanted)
            .map(String::as_str)
    }
}

impl<'a> Secret<'a> {
    pub(crate) fn new(client: &'a Client, id: &'a str) -> Self {
        Self { client, id }
    }

    pub(crate) async fn versions(&self) -> Result<Versions, Error> {
        let described = self.client.describe_secret().secret_id(self.id).send().await;
        let described = described.map_err(|error| unreachable(&error))?;
        Ok(Versions(described.version_ids_to_stages.unwrap_or_default()))
    }

    /// The ring in use; one without keys where there is no current version.
    pub(crate) async fn current(&self) -> Result<Ring, Error> {
        let read = self.client.get_secret_value().secret_id(self.id);
        let document = secrets::text(read.version_stage(CURRENT).send().await)?;
        document.map_or(Ok(Ring::default()), |document| parse(&document))
    }

    /// The ring of a pending version; `None` where it has no value yet.
    pub(crate) async fn pending(&self, version: &str) -> Result<Option<Ring>, Error> {
        let read = self.client.get_secret_value().secret_id(self.id);
        let read = read.version_id(version).version_stage(PENDING);
        let document = secrets::text(read.send().await)?;
        document.map(|document| parse(&document)).transpose()
    }

    /// Gives a pending version its value. One that has a value by now keeps it.
    pub(crate) async fn put_pending(&self, version: &str, ring: &Ring) -> Result<(), Error> {
        let put = self.client.put_secret_value().secret_id(self.id);
        let put = put.client_request_token(version).version_stages(PENDING);
        match put.secret_string(text(ring)?.as_str()).send().await {
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

    /// Makes a pending version the one that is used, in place of the one that is used as `versions` says; fails where another
    /// is by now.
    pub(crate) async fn make_current(&self, version: &str, versions: &Versions) -> Result<(), Error> {
        let update = self.client.update_secret_version_stage().secret_id(self.id);
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

    /// Gives a pending version up, if there is one: the next rotation begins anew.
    pub(crate) async fn give_up_pending(&self, versions: &Versions) -> Result<(), Error> {
        let Some(version) = versions.pending() else {
            return Ok(());
        };
        let update = self.client.update_secret_version_stage().secret_id(self.id);
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

fn text(ring: &Ring) -> Result<Zeroizing<String>, Error> {
    ring.document()
        .map_err(|error| Error::internal("the ring", error.to_string()))
}

fn unreachable(error: &dyn std::error::Error) -> Error {
    Error::unavailable("the secret", aws::words(error))
}
