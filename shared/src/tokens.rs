//! Access tokens: their claims, who issues them, and how they are signed and verified.

mod access_token;
mod claims;
mod issuer;
#[cfg(feature = "signing")]
mod signer;
mod verifier;

pub use access_token::sign;
pub use claims::{Claims, LEEWAY_SECONDS};
pub use issuer::{Grants, Issuer};
#[cfg(feature = "signing")]
pub use signer::{Issued, Signer};
pub use verifier::Verifier;
