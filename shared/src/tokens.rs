//! Access tokens: their claims, who issues them, and how they are signed and verified.

mod access_token;
mod claims;
#[cfg(feature = "signing")]
mod grant;
mod issuer;
#[cfg(feature = "signing")]
mod signer;
mod verifier;

pub use claims::{Claims, LEEWAY_SECONDS};
#[cfg(feature = "signing")]
pub use grant::{Grant, ValidWith};
pub use issuer::{Grants, Issuer};
#[cfg(feature = "signing")]
pub use signer::{Issued, Signer};
pub use verifier::Verifier;
