//! Users: their fields, their names, and the store that owns a user's item.

mod email;
mod folding;
#[cfg(feature = "table")]
mod item;
mod profile;
#[cfg(feature = "table")]
mod store;
mod text_field;
mod user;
mod username;

pub use email::Email;
pub use folding::NameKey;
pub use profile::{FullName, Profile, Website, name_at_log_in};
#[cfg(feature = "table")]
pub use store::Users;
pub use user::{User, UserId};
pub use username::Username;
