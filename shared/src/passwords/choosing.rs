//! Which passwords can be chosen.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::common::is_common;
use super::context::is_made_of;
use super::password::{MAX_BYTES, Password};
use crate::env::{Env, EnvError, MIN_PASSWORD_LENGTH, SERVICE_NAME};
use crate::error::{Code, Violation};
use crate::openapi::text;

/// The rule of new passwords: long enough, not common, and not made of the user's own names or the service's.
#[derive(Debug)]
pub struct PasswordRule {
    min_code_points: usize,
    service: String,
}

impl PasswordRule {
    /// Reads the rule.
    pub fn read(env: &Env<'_>) -> Result<Self, EnvError> {
        Ok(Self {
            min_code_points: env.get(&MIN_PASSWORD_LENGTH)? as usize,
            service: env.get(&SERVICE_NAME)?,
        })
    }

    /// Parses a password that a user of these names chooses. Each code point counts as one as it was typed: after NFKC one is up to 18.
    pub fn choose<'a>(
        &'a self,
        sent: String,
        own_names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Password, Violation> {
        let too_long = || Violation::new(Code::TooLong, format!("Must have at most {MAX_BYTES} bytes"));
        let password = Password::attempt(sent).ok_or_else(too_long)?;
        let typed = password.as_sent();
        let min = self.min_code_points;
        if typed.chars().count() < min {
            let message = format!("Must have at least {min} characters");
            return Err(Violation::new(Code::TooShort, message));
        }
        if is_made_of(typed, own_names.into_iter().chain([self.service.as_str()])) {
            let message = "Must not be made of your names or the service's";
            return Err(Violation::new(Code::Common, message));
        }
        if is_common(typed) {
            let message = "Is in a list of common and breached passwords";
            return Err(Violation::new(Code::Common, message));
        }
        Ok(password)
    }
}

impl PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        text(
            "Any characters, each code point counted as one as typed; at most 1024 bytes as sent, never cut. A deployment may ask for \
             more than 8. No common or breached password, and none that is made of your names or the service's.",
            "correct horse battery",
        )
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        // The least that a deployment can ask for.
        .min_length(Some(MIN_PASSWORD_LENGTH.form.min as usize))
        .max_length(Some(MAX_BYTES))
        .write_only(true)
        .into()
    }
}

impl ToSchema for Password {}
