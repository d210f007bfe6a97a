//! A password as it was sent.

use std::fmt;

use zeroize::Zeroizing;

use crate::unicode::nfkc;

/// The longest password, in bytes as sent; it is never cut.
pub(super) const MAX_BYTES: usize = 1024;

/// A password. Prints nothing and is wiped when dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Parses a password at log-in, where no rule of choosing applies. Returns `None` over 1,024 bytes, where no stored hash
    /// can match and none is computed (OWASP: a long password must not become a denial of service).
    pub fn attempt(sent: String) -> Option<Self> {
        let password = Self(Zeroizing::new(sent));
        (password.0.len() <= MAX_BYTES).then_some(password)
    }

    /// Returns the password as sent, for what verifies it alone.
    pub fn as_sent(&self) -> &str {
        &self.0
    }

    /// Returns the password after NFKC (NIST SP 800-63B section 3.1.1.2).
    pub(super) fn normalized(&self) -> Zeroizing<String> {
        Zeroizing::new(nfkc(&self.0).into_owned())
    }

    /// Returns in how many forms the password may have been hashed. It says nothing of a row.
    pub(super) fn forms(&self) -> u32 {
        if *self.normalized() == *self.0 { 1 } else { 2 }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}
