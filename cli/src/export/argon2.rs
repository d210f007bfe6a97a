//! The parts of an Argon2 hash, for systems that keep them apart.

use ::argon2::password_hash::phc::PasswordHash;
use ::argon2::{Algorithm, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::passwords::StoredHash;

/// What an Argon2 hash consists of.
pub(super) struct Parts {
    /// `i`, `d` or `id`.
    pub(super) kind: &'static str,
    pub(super) version: Version,
    pub(super) params: Params,
    /// In base64, with padding.
    pub(super) salt: String,
    pub(super) hash: String,
    pub(super) hash_bytes: usize,
}

/// Returns the parts; `None` for a hash of another kind.
pub(super) fn parts(stored: &StoredHash) -> Option<Parts> {
    let phc = PasswordHash::new(stored.as_str()).ok()?;
    let kind = match Algorithm::try_from(phc.algorithm.as_str()).ok()? {
        Algorithm::Argon2i => "i",
        Algorithm::Argon2d => "d",
        Algorithm::Argon2id => "id",
    };
    let (salt, hash) = (phc.salt?, phc.hash?);
    Some(Parts {
        kind,
        version: match phc.version {
            Some(version) => Version::try_from(version).ok()?,
            None => Version::V0x10,
        },
        params: Params::try_from(&phc).ok()?,
        salt: STANDARD.encode(salt.as_ref() as &[u8]),
        hash: STANDARD.encode(hash.as_bytes()),
        hash_bytes: hash.as_bytes().len(),
    })
}

/// Reports whether a stored hash is bcrypt's.
pub(super) fn is_bcrypt(stored: &StoredHash) -> bool {
    ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|prefix| stored.as_str().starts_with(prefix))
}
