//! PBKDF2 with HMAC-SHA-1, -256 and -512, as PHC strings and as passlib, Django and Werkzeug write it.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;

use super::text::{self, Phc};
use super::{ImportedHash, Unread};
use crate::passwords::HashParts;

pub(super) const BOUNDS: &str = "2,000,000 iterations, of SHA-512 1,000,000";

/// The hash function of the HMAC.
#[derive(Clone, Copy)]
pub(super) enum Prf {
    Sha1,
    Sha256,
    Sha512,
}

impl Prf {
    /// Returns the function that a text names as `sha1`, `sha256` or `sha512`.
    pub(super) fn named(name: &str) -> Result<Self, Unread> {
        match name {
            "sha1" => Ok(Self::Sha1),
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(Unread::Malformed),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    fn output_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn max_iterations(self) -> u32 {
        match self {
            Self::Sha1 | Self::Sha256 => 2_000_000,
            Self::Sha512 => 1_000_000,
        }
    }

    /// With the SHA instructions of x86-64.
    fn milliseconds_an_iteration(self) -> f64 {
        match self {
            Self::Sha1 | Self::Sha256 => 0.000_2,
            Self::Sha512 => 0.000_7,
        }
    }
}

/// A hash by PBKDF2.
pub(super) struct Pbkdf2 {
    prf: Prf,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Pbkdf2 {
    /// Creates a hash.
    pub(super) fn new(prf: Prf, iterations: u32, salt: Vec<u8>, output: Vec<u8>) -> Result<Self, Unread> {
        text::check_lengths(&salt, &output)?;
        let iterations = NonZeroU32::new(iterations).ok_or(Unread::Malformed)?;
        if iterations.get() > prf.max_iterations() {
            return Err(Unread::OutOfBounds);
        }
        Ok(Self {
            prf,
            iterations,
            salt,
            output,
        })
    }
}

impl ImportedHash for Pbkdf2 {
    /// Of a longer output the first block alone is compared: each block takes all iterations and depends on the whole password, so more of
    /// them say nothing new and take longer. Keycloak's has up to four.
    fn matches(&self, typed: &str) -> bool {
        let block = self.output.get(..self.prf.output_bytes());
        pbkdf2::verify(
            self.prf.algorithm(),
            self.iterations,
            &self.salt,
            typed.as_bytes(),
            block.unwrap_or(&self.output),
        )
        .is_ok()
    }

    fn milliseconds(&self) -> f64 {
        f64::from(self.iterations.get()) * self.prf.milliseconds_an_iteration()
    }

    fn parts(&self) -> HashParts {
        HashParts::Pbkdf2 {
            function: self.prf.name(),
            iterations: self.iterations.get(),
            salt: self.salt.clone(),
            output: self.output.clone(),
        }
    }
}

/// Parses `$pbkdf2-sha256$i=600000,l=32$salt$output`, and as passlib has it: `$pbkdf2-sha256$29000$salt$output`. Without a function's
/// name it is SHA-1.
pub(super) fn phc_or_passlib(text: &str) -> Result<Pbkdf2, Unread> {
    let ["", name, iterations, salt, output] = text::fields(text)? else {
        return Err(Unread::Malformed);
    };
    let prf = match name.strip_prefix("pbkdf2-") {
        Some(named) => Prf::named(named)?,
        None => Prf::Sha1,
    };
    if iterations.contains('=') {
        let phc = Phc::parse(text)?;
        return Pbkdf2::new(prf, phc.number("i")?, phc.salt, phc.output);
    }
    Pbkdf2::new(
        prf,
        text::number(iterations)?,
        text::base64(salt)?,
        text::base64(output)?,
    )
}

/// Parses `pbkdf2_sha256$870000$salt$output`, whose salt is text.
pub(super) fn django(text: &str) -> Result<Pbkdf2, Unread> {
    let [name, iterations, salt, output] = text::fields(text)?;
    let prf = Prf::named(name.strip_prefix("pbkdf2_").ok_or(Unread::Malformed)?)?;
    Pbkdf2::new(
        prf,
        text::number(iterations)?,
        salt.as_bytes().to_vec(),
        text::base64(output)?,
    )
}

/// Parses `pbkdf2:sha256:1000000$salt$output`, whose salt is text and whose output is hexadecimal.
pub(super) fn werkzeug(text: &str) -> Result<Pbkdf2, Unread> {
    let [method, salt, output] = text::fields(text)?;
    let mut method = method.split(':').skip(1);
    let (Some(name), Some(iterations), None) = (method.next(), method.next(), method.next()) else {
        return Err(Unread::Malformed);
    };
    let iterations = text::number(iterations)?;
    Pbkdf2::new(
        Prf::named(name)?,
        iterations,
        salt.as_bytes().to_vec(),
        text::hex(output)?,
    )
}
