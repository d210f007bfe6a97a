//! The one source of random bytes: AWS-LC's generator, seeded by the operating system.

use ulid::Ulid;

use crate::clock::Timestamp;
use crate::error::Error;

/// Fills an array with random bytes fit for salts, ids and secrets.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that the ban points to"
)]
pub fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| Error::internal("the random generator", "no random bytes"))?;
    Ok(bytes)
}

/// Creates a ULID: 48 bits of time in milliseconds (whole seconds here) and 80 random bits, 26 characters.
pub fn ulid(now: Timestamp) -> Result<String, Error> {
    let milliseconds = u64::try_from(now.unix()).unwrap_or(0).saturating_mul(1000);
    Ok(Ulid::from_parts(milliseconds, u128::from_be_bytes(bytes()?)).to_string())
}
