//! Keys: what signs, what is published, how long each lives, and how one follows another. `docs/keys.md` draws it.

mod cache;
mod key;
mod lifecycle;
mod names_key;
#[cfg(feature = "signing")]
mod next_ring;
mod pair;
mod published;
mod published_store;
mod ring;
#[cfg(feature = "signing")]
mod ring_file;
#[cfg(feature = "signing")]
mod ring_store;
#[cfg(feature = "signing")]
mod rotation;
#[cfg(feature = "signing")]
mod secret;
mod session_key;

pub use cache::{Cached, Missing, Source};
pub use key::{KeysError, Kind, PublicKey, SigningKey};
pub use lifecycle::{Dates, Lead, Lifecycle};
pub use names_key::NamesKey;
pub use published::{Published, PublishedKey};
pub use published_store::{PublishedStore, Versioned};
pub use ring::{Ring, RingKey};
#[cfg(feature = "signing")]
pub use ring_file::KEYS_FILE;
#[cfg(feature = "signing")]
pub use ring_store::RingStore;
#[cfg(feature = "signing")]
pub use rotation::Rotation;
#[cfg(feature = "signing")]
pub use secret::{Secret, Stage, Versions};
pub use session_key::{DEVICE_SECONDS, SESSION_KEY_ID_BYTES, SessionKey};
