//! The two forms.

/// The longest token that a page repeats. Ours are shorter, and a longer one would let a link make the page large.
pub const MAX_TOKEN_BYTES: usize = 128;

/// A form that a link in a mail leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Proves the address by the password of its account.
    VerifyEmail,
    /// Sets a new password.
    ResetPassword,
}

impl Form {
    /// Both forms.
    pub const ALL: [Self; 2] = [Self::VerifyEmail, Self::ResetPassword];

    /// Returns the path of the form, which is that of its `POST`, too.
    pub const fn path(self) -> &'static str {
        match self {
            Self::VerifyEmail => "/verify-email",
            Self::ResetPassword => "/reset-password",
        }
    }

    /// Returns the form at a path.
    pub fn of_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.path() == path)
    }

    /// Returns what a password manager fills in (the HTML standard, "Autofill").
    pub(crate) fn autocomplete(self) -> &'static str {
        match self {
            Self::VerifyEmail => "current-password",
            Self::ResetPassword => "new-password",
        }
    }
}
