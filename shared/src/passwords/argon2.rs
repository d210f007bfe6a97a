//! Argon2id hashes as PHC strings, by the parameters of OWASP's Password Storage Cheat Sheet.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

use super::password::Password;
use super::stored_hash::{StoredHash, Verdict};
use crate::env::{ARGON2_ITERATIONS, ARGON2_MEMORY_KIB, ARGON2_PARALLELISM, Env, EnvError};
use crate::error::Error;
use crate::random;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// The cost of new password hashes (RFC 9106 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory m, in KiB.
    pub memory_kib: u32,
    /// Passes t.
    pub iterations: u32,
    /// Lanes p.
    pub parallelism: u32,
}

impl HashCost {
    /// Reads the cost.
    pub fn read(env: &Env<'_>) -> Result<Self, EnvError> {
        Ok(Self {
            memory_kib: env.get(&ARGON2_MEMORY_KIB)?,
            iterations: env.get(&ARGON2_ITERATIONS)?,
            parallelism: env.get(&ARGON2_PARALLELISM)?,
        })
    }
}

/// Hashes a password under a fresh salt of 128 bits.
pub(super) fn hash(
    password: &Password,
    cost: HashCost,
    memory: &mut Vec<Block>,
) -> Result<StoredHash, Error> {
    let failed = |error: String| Error::internal("Argon2", error);
    let params = Params::new(
        cost.memory_kib,
        cost.iterations,
        cost.parallelism,
        Some(HASH_BYTES),
    )
    .map_err(|error| failed(error.to_string()))?;
    let salt = random::bytes::<SALT_BYTES>()?;
    let mut hash = [0; HASH_BYTES];
    argon2id(
        &params,
        Algorithm::Argon2id,
        Version::V0x13,
        password.normalized().as_bytes(),
        &salt,
        &mut hash,
        memory,
    )
    .map_err(|error| failed(error.to_string()))?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| failed(error.to_string()))?,
        salt: Some(Salt::new(&salt).map_err(|error| failed(error.to_string()))?),
        hash: Some(Output::new(&hash).map_err(|error| failed(error.to_string()))?),
    };
    Ok(StoredHash::from_store(phc.to_string()))
}

fn argon2id(
    params: &Params,
    algorithm: Algorithm,
    version: Version,
    password: &[u8],
    salt: &[u8],
    hash: &mut [u8],
    memory: &mut Vec<Block>,
) -> argon2::Result<()> {
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::default());
    }
    Argon2::new(algorithm, version, params.clone())
        .hash_password_into_with_memory(password, salt, hash, memory)
}

/// Verifies a password against a PHC string of the Argon2 family.
pub(super) fn verify(
    password: &Password,
    stored: &StoredHash,
    cost: HashCost,
    memory: &mut Vec<Block>,
) -> Result<Verdict, Error> {
    let Some(parsed) = ParsedArgon2::read(stored.as_str()) else {
        return Ok(Verdict::Unreadable);
    };
    let mut computed = Zeroizing::new(vec![0; parsed.hash.len()]);
    argon2id(
        &parsed.params,
        parsed.algorithm,
        parsed.version,
        password.normalized().as_bytes(),
        &parsed.salt,
        &mut computed,
        memory,
    )
    .map_err(|error| Error::internal("Argon2", error.to_string()))?;
    if verify_slices_are_equal(&computed, &parsed.hash).is_err() {
        return Ok(Verdict::Wrong);
    }
    Ok(Verdict::Right {
        renew: parsed.is_weaker_than(cost),
    })
}

/// A PHC string of the Argon2 family whose parameters are within bounds.
struct ParsedArgon2 {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl ParsedArgon2 {
    /// Parses a PHC string. Returns `None` for what is malformed, and for parameters out of the variables' bounds: a row must
    /// not be able to ask for a gigabyte.
    fn read(text: &str) -> Option<Self> {
        let phc = PasswordHash::new(text).ok()?;
        let algorithm = Algorithm::try_from(phc.algorithm.as_str()).ok()?;
        let version = match phc.version {
            Some(version) => Version::try_from(version).ok()?,
            None => Version::V0x10,
        };
        let params = Params::try_from(&phc).ok()?;
        if params.m_cost() > ARGON2_MEMORY_KIB.form.max
            || params.t_cost() > ARGON2_ITERATIONS.form.max
            || params.p_cost() > ARGON2_PARALLELISM.form.max
        {
            return None;
        }
        Some(Self {
            algorithm,
            version,
            params,
            salt: phc.salt?.as_ref().to_vec(),
            hash: phc.hash?.as_bytes().to_vec(),
        })
    }

    fn is_weaker_than(&self, cost: HashCost) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.m_cost() < cost.memory_kib
            || self.params.t_cost() < cost.iterations
            || self.params.p_cost() < cost.parallelism
            || self.salt.len() < SALT_BYTES
            || self.hash.len() < HASH_BYTES
    }
}
