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

/// Creates a ULID of a time in whole seconds.
pub fn ulid(now: Timestamp) -> Result<String, Error> {
    ulid_at(now.unix().saturating_mul(1000))
}

/// Creates a ULID: 48 bits of time in milliseconds since 1970 and 80 random bits, 26 characters that sort by time.
pub fn ulid_at(millis: i64) -> Result<String, Error> {
    let milliseconds = u64::try_from(millis).unwrap_or(0);
    Ok(Ulid::from_parts(milliseconds, u128::from_be_bytes(bytes()?)).to_string())
}
