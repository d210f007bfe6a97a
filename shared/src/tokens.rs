//! Access tokens: their claims, who issues them, and how they are signed and verified.

mod access_token;
mod claims;
mod issuer;
#[cfg(feature = "signing")]
mod signer;
mod verifier;

pub use claims::{Claims, Grant, LEEWAY_SECONDS, ValidWith};
pub use issuer::{Grants, Issuer};
#[cfg(feature = "signing")]
pub use signer::{Issued, Signer};
pub use verifier::Verifier;
