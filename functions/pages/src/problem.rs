//! What a page says of an error.

use std::borrow::Cow;

use shared::error::{Code, Error, FieldError};
use shared::texts::Text;

use crate::TOKEN;
use crate::texts::ProblemTexts;

/// The field of the password.
const PASSWORD: &str = "password";

/// What a page says of an error, and whether it has the form again.
pub(crate) enum Problem<'a> {
    /// The token is bad, so the form would fail again.
    BadLink,
    /// The account is disabled, so the form would fail again.
    Final(&'a Text),
    /// The form is shown again, and the message belongs to the password.
    Password(&'a Text, Cow<'static, str>),
    /// The form is shown again after so many seconds.
    Again(&'a Text, u32),
}

impl<'a> Problem<'a> {
    pub(crate) fn of(error: &Error, texts: &'a ProblemTexts) -> Self {
        match error {
            Error::Inactive | Error::InactiveAtLogIn => return Self::Final(&texts.inactive),
            Error::WrongCredentials => return Self::Password(&texts.wrong_password, Cow::Borrowed("")),
            Error::Throttled(seconds) => return Self::Again(&texts.throttled, *seconds),
            Error::Unavailable(_) => return Self::Again(&texts.unavailable, 0),
            Error::Internal(_) => return Self::Again(&texts.internal, 0),
            _ => {}
        }
        let errors = error.field_errors();
        if errors.iter().any(|error| error.field == TOKEN) {
            return Self::BadLink;
        }
        match errors.into_iter().find(|error| error.field == PASSWORD) {
            Some(error) => Self::of_password(error, texts),
            None => Self::Again(&texts.unreadable, 0),
        }
    }

    fn of_password(error: FieldError, texts: &'a ProblemTexts) -> Self {
        let text = match error.code {
            Code::Required => &texts.password_missing,
            Code::TooShort => &texts.too_short,
            Code::TooLong => &texts.too_long,
            Code::Common => &texts.common,
            Code::Unknown | Code::Type | Code::Invalid | Code::Taken => &texts.not_allowed,
        };
        Self::Password(text, error.message)
    }
}
