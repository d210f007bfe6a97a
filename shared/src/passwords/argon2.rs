//! Argon2id hashes as PHC strings, by the parameters of OWASP's Password Storage Cheat Sheet.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

use super::imported::Unread;
use super::parts::HashParts;
use super::password::Password;
use super::stored_hash::StoredHash;
use crate::env::{ARGON2_ITERATIONS, ARGON2_MEMORY_KIB, ARGON2_PARALLELISM, Env, EnvError};
use crate::error::Error;
use crate::random;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// What the default cost takes on a full core (`docs/cost.md`), 23 ms, for each of the KiB that it fills.
const MILLISECONDS_A_KIB: f64 = 23.0 / (19_456.0 * 2.0);

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

    /// Returns how long a hash takes on a full core, in milliseconds.
    pub(super) fn milliseconds(self) -> f64 {
        milliseconds(self.memory_kib, self.iterations)
    }
}

/// Hashes a password, after NFKC, under a fresh salt of 128 bits.
pub(super) fn hash(
    password: &Password,
    cost: HashCost,
    memory: &mut Vec<Block>,
) -> Result<StoredHash, Error> {
    let params = params(cost)?;
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
    .map_err(failed)?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(failed)?,
        salt: Some(Salt::new(&salt).map_err(failed)?),
        hash: Some(Output::new(&hash).map_err(failed)?),
    };
    Ok(StoredHash::from_store(phc.to_string()))
}

fn milliseconds(memory_kib: u32, iterations: u32) -> f64 {
    f64::from(memory_kib) * f64::from(iterations) * MILLISECONDS_A_KIB
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::internal("Argon2", error.to_string())
}

fn params(cost: HashCost) -> Result<Params, Error> {
    let HashCost {
        memory_kib,
        iterations,
        parallelism,
    } = cost;
    Params::new(memory_kib, iterations, parallelism, Some(HASH_BYTES)).map_err(failed)
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

/// A PHC string of the Argon2 family whose parameters are within bounds.
pub(super) struct ParsedArgon2 {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl ParsedArgon2 {
    /// Parses a PHC string, whose parameters have the variables' bounds: a row must not be able to ask for a gigabyte.
    pub(super) fn parse(text: &str) -> Result<Self, Unread> {
        let phc = PasswordHash::new(text).map_err(|_| Unread::Malformed)?;
        let algorithm = Algorithm::try_from(phc.algorithm.as_str()).map_err(|_| Unread::Malformed)?;
        let version = match phc.version {
            Some(version) => Version::try_from(version).map_err(|_| Unread::Malformed)?,
            None => Version::V0x10,
        };
        let params = Params::try_from(&phc).map_err(|_| Unread::Malformed)?;
        if params.m_cost() > ARGON2_MEMORY_KIB.form.max
            || params.t_cost() > ARGON2_ITERATIONS.form.max
            || params.p_cost() > ARGON2_PARALLELISM.form.max
        {
            return Err(Unread::OutOfBounds);
        }
        Ok(Self {
            algorithm,
            version,
            params,
            salt: phc.salt.ok_or(Unread::Malformed)?.as_ref().to_vec(),
            hash: phc.hash.ok_or(Unread::Malformed)?.as_bytes().to_vec(),
        })
    }

    /// Returns a hash of today's cost that no password has, for what has none of its own.
    pub(super) fn of_no_password(cost: HashCost) -> Result<Self, Error> {
        Ok(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: params(cost)?,
            salt: random::bytes::<SALT_BYTES>()?.to_vec(),
            hash: vec![0; HASH_BYTES],
        })
    }

    /// Reports whether this may be a hash of this service's own, which are of passwords after NFKC.
    pub(super) fn may_be_ours(&self) -> bool {
        self.algorithm == Algorithm::Argon2id
    }

    /// Reports whether this is the hash of a form of a password.
    pub(super) fn matches(&self, form: &str, memory: &mut Vec<Block>) -> Result<bool, Error> {
        let mut computed = Zeroizing::new(vec![0; self.hash.len()]);
        argon2id(
            &self.params,
            self.algorithm,
            self.version,
            form.as_bytes(),
            &self.salt,
            &mut computed,
            memory,
        )
        .map_err(failed)?;
        Ok(verify_slices_are_equal(&computed, &self.hash).is_ok())
    }

    /// Reports whether this hash costs as much to verify as a new hash costs to compute.
    pub(super) fn costs_as_much_as(&self, cost: HashCost) -> bool {
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && self.params.m_cost() == cost.memory_kib
            && self.params.t_cost() == cost.iterations
            && self.params.p_cost() == cost.parallelism
            && self.hash.len() == HASH_BYTES
    }

    pub(super) fn cost(&self) -> HashCost {
        HashCost {
            memory_kib: self.params.m_cost(),
            iterations: self.params.t_cost(),
            parallelism: self.params.p_cost(),
        }
    }

    pub(super) fn parts(&self) -> HashParts {
        HashParts::Argon2 {
            kind: match self.algorithm {
                Algorithm::Argon2i => "i",
                Algorithm::Argon2d => "d",
                Algorithm::Argon2id => "id",
            },
            version: self.version.into(),
            cost: self.cost(),
            salt: self.salt.clone(),
            output: self.hash.clone(),
        }
    }

    /// Returns how long a verification takes on a full core, in milliseconds.
    pub(super) fn milliseconds(&self) -> f64 {
        milliseconds(self.params.m_cost(), self.params.t_cost())
    }

    pub(super) fn is_weaker_than(&self, cost: HashCost) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.m_cost() < cost.memory_kib
            || self.params.t_cost() < cost.iterations
            || self.params.p_cost() < cost.parallelism
            || self.salt.len() < SALT_BYTES
            || self.hash.len() < HASH_BYTES
    }
}
