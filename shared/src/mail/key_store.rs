//! Where the key of mailed tokens is: in the secret of a deployment, or in the file of `cargo dev`.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::key::MailKey;
use crate::clock::Timestamp;
use crate::env::{Env, MAIL_KEY_FILE, MAIL_KEY_SECRET};
use crate::function::StartError;
use crate::keys::{Missing, Secret, Source};

/// The store of the key. The secret's text, or the file, is the key, byte for byte.
#[derive(Clone, Debug)]
pub enum MailKeyStore {
    /// `MAIL_KEY_SECRET`.
    Secret(Secret),
    /// `MAIL_KEY_FILE`.
    File(PathBuf),
}

impl MailKeyStore {
    /// Creates the client; sends nothing.
    ///
    /// # Errors
    ///
    /// [`StartError`] where neither or both variables are set, or the client cannot be built.
    pub async fn connect(env: &Env<'_>) -> Result<Self, StartError> {
        let secret = env.get(&MAIL_KEY_SECRET)?;
        let file = env.get(&MAIL_KEY_FILE)?;
        match (secret.is_empty(), file.is_empty()) {
            (false, true) => Ok(Self::Secret(Secret::connect(secret, env).await?)),
            (true, false) => Ok(Self::File(file.into())),
            _ => Err(MAIL_KEY_SECRET
                .error("or MAIL_KEY_FILE must be set, and not both")
                .into()),
        }
    }

    /// Returns the variable that names the place.
    pub fn variable(&self) -> &'static str {
        match self {
            Self::Secret(_) => MAIL_KEY_SECRET.name,
            Self::File(_) => MAIL_KEY_FILE.name,
        }
    }

    async fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, Missing> {
        match self {
            Self::Secret(secret) => {
                let text = secret.document().await;
                let text = text.map_err(|error| Missing::Now(error.to_string()))?;
                let text = text.ok_or_else(|| Missing::Now("the secret has no value yet".to_owned()))?;
                Ok(Zeroizing::new(text.as_bytes().to_vec()))
            }
            Self::File(path) => std::fs::read(path)
                .map(Zeroizing::new)
                .map_err(|error| Missing::Now(error.to_string())),
        }
    }
}

impl Source for MailKeyStore {
    type Value = MailKey;

    const NAME: &'static str = "the key of mailed tokens";

    async fn load(&self, _now: Timestamp) -> Result<MailKey, Missing> {
        MailKey::new(&self.bytes().await?).map_err(|rule| Missing::Unusable(rule.to_owned()))
    }
}
