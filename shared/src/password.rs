//! Passwords: which are taken, how they are hashed, and how a stored hash is verified and found too old.
//!
//! Argon2id by the parameters of OWASP's Password Storage Cheat Sheet, as PHC strings; the password is normalized to NFKC
//! first (NIST SP 800-63B 3.1.1.2). Hashes of other systems are verified here too.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use tokio::sync::Semaphore;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};
use zeroize::{Zeroize, Zeroizing};

use crate::config::Argon2Config;
use crate::error::Error;
use crate::imported_hash;
use crate::names::nfkc;
use crate::random;
use crate::rule::{Code, Rule};
use crate::user::text;

/// The shortest password that can be chosen, in code points after NFKC.
pub const MIN_CODE_POINTS: usize = 8;
/// The longest password, in bytes as sent; it is never cut.
pub const MAX_BYTES: usize = 1024;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// A password as sent. Prints nothing and is wiped when dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password that someone chooses: at least 8 code points after NFKC, at most 1,024 bytes as sent, any characters.
    ///
    /// # Errors
    ///
    /// The [`Rule`] that the value breaks.
    pub fn choose(sent: String) -> Result<Self, Rule> {
        let password = Self(Zeroizing::new(sent));
        if password.0.len() > MAX_BYTES {
            return Err(Rule::new(
                Code::TooLong,
                format!("Must have at most {MAX_BYTES} bytes"),
            ));
        }
        if password.normalized().chars().count() < MIN_CODE_POINTS {
            return Err(Rule::new(
                Code::TooShort,
                format!("Must have at least {MIN_CODE_POINTS} characters"),
            ));
        }
        Ok(password)
    }

    /// A password that someone logs in with: no rule of choosing applies. `None` over 1,024 bytes, where no stored hash
    /// can match and none is computed (OWASP: a long password must not become a denial of service).
    #[must_use]
    pub fn attempt(sent: String) -> Option<Self> {
        let password = Self(Zeroizing::new(sent));
        (password.0.len() <= MAX_BYTES).then_some(password)
    }

    fn normalized(&self) -> Zeroizing<String> {
        Zeroizing::new(nfkc(&self.0).into_owned())
    }
}

impl PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        text(
            "Any characters, counted in code points after NFKC; at most 1024 bytes as sent, never cut.",
            "correct horse battery",
        )
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .min_length(Some(MIN_CODE_POINTS))
        .max_length(Some(MAX_BYTES))
        .write_only(true)
        .into()
    }
}

impl ToSchema for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// A stored password hash: a PHC string, or bcrypt's `$2b$…`. Prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredHash(String);

impl StoredHash {
    /// A hash as the store holds it; it is looked at only when it is verified.
    #[must_use]
    pub fn from_store(text: String) -> Self {
        Self(text)
    }

    /// The text, for the store alone.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StoredHash(…)")
    }
}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another password, or no user: the two are one answer.
    Wrong,
    /// The stored hash is not one that this service reads, so no password can match.
    Unreadable,
    /// The right password.
    Right {
        /// Whether the hash is weaker than today's and should be made anew from this password.
        renew: bool,
    },
}

/// Hashes and verifies. Work runs on blocking threads, at most one per core at a time, in memory that is kept between
/// requests: fresh memory costs 1.7 times as much, nearly all of it page faults.
#[derive(Clone)]
pub struct Hasher {
    today: Argon2Config,
    memory: Arc<KeptMemory>,
    turns: Arc<Semaphore>,
}

impl Hasher {
    /// A hasher that makes hashes by these parameters.
    #[must_use]
    pub fn new(today: Argon2Config) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            today,
            memory: Arc::new(KeptMemory::default()),
            turns: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Today's hash of a password, under a fresh salt of 128 bits.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] without randomness or memory.
    pub async fn hash(&self, password: Arc<Password>) -> Result<StoredHash, Error> {
        let today = self.today;
        self.run(move |memory| new_hash(&password, today, memory)).await?
    }

    /// Verifies a password against a stored hash, by the hash's own parameters. Without one, for an unknown user, it costs
    /// one hash by today's parameters and is wrong.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] without randomness or memory.
    pub async fn verify(
        &self,
        password: Arc<Password>,
        stored: Option<StoredHash>,
    ) -> Result<Verdict, Error> {
        let today = self.today;
        self.run(move |memory| match stored {
            Some(stored) => {
                let verdict = verify(&password, &stored, today, memory)?;
                if verdict == Verdict::Unreadable {
                    new_hash(&password, today, memory)?;
                }
                Ok(verdict)
            }
            None => {
                new_hash(&password, today, memory)?;
                Ok(Verdict::Wrong)
            }
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let failed = |error| Error::internal("the hashing thread", error);
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|error| failed(error.to_string()))?;
        let memory = Arc::clone(&self.memory);
        tokio::task::spawn_blocking(move || {
            let mut blocks = memory.take();
            let result = work(&mut blocks);
            memory.give_back(blocks);
            drop(turn);
            result
        })
        .await
        .map_err(|error| failed(error.to_string()))
    }
}

/// Of the parameters alone: the kept memory has held what is derived from passwords.
impl fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hasher({:?})", self.today)
    }
}

/// The blocks of earlier hashes. As many as ever worked at one time are kept, which the semaphore bounds.
#[derive(Default)]
struct KeptMemory(Mutex<Vec<Vec<Block>>>);

impl KeptMemory {
    fn take(&self) -> Vec<Block> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop().unwrap_or_default()
    }

    /// Wiped first: the blocks are derived from a password.
    fn give_back(&self, mut blocks: Vec<Block>) {
        blocks.iter_mut().for_each(Zeroize::zeroize);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(blocks);
    }
}

fn new_hash(password: &Password, today: Argon2Config, memory: &mut Vec<Block>) -> Result<StoredHash, Error> {
    let failed = |error: String| Error::internal("Argon2", error);
    let params = Params::new(
        today.memory_kib,
        today.iterations,
        today.parallelism,
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
    Ok(StoredHash(phc.to_string()))
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

fn verify(
    password: &Password,
    stored: &StoredHash,
    today: Argon2Config,
    memory: &mut Vec<Block>,
) -> Result<Verdict, Error> {
    if stored.0.starts_with("$argon2") {
        return verify_argon2(password, stored, today, memory);
    }
    Ok(imported_hash::verify(
        &password.0,
        &password.normalized(),
        &stored.0,
    ))
}

fn verify_argon2(
    password: &Password,
    stored: &StoredHash,
    today: Argon2Config,
    memory: &mut Vec<Block>,
) -> Result<Verdict, Error> {
    let Some(parsed) = ParsedArgon2::read(&stored.0) else {
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
        renew: parsed.is_weaker_than(today),
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
    /// `None` for what is malformed, and for parameters out of [`Argon2Config`]'s bounds: a row must not be able to ask
    /// for a gigabyte.
    fn read(text: &str) -> Option<Self> {
        let phc = PasswordHash::new(text).ok()?;
        let algorithm = Algorithm::try_from(phc.algorithm.as_str()).ok()?;
        let version = match phc.version {
            Some(version) => Version::try_from(version).ok()?,
            None => Version::V0x10,
        };
        let params = Params::try_from(&phc).ok()?;
        if params.m_cost() > Argon2Config::MEMORY_KIB.1
            || params.t_cost() > Argon2Config::ITERATIONS.1
            || params.p_cost() > Argon2Config::PARALLELISM.1
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

    fn is_weaker_than(&self, today: Argon2Config) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.m_cost() < today.memory_kib
            || self.params.t_cost() < today.iterations
            || self.params.p_cost() < today.parallelism
            || self.salt.len() < SALT_BYTES
            || self.hash.len() < HASH_BYTES
    }
}
