//! Users: their fields, their names, and the store that owns a user's item.

mod addresses;
mod email;
mod folding;
mod item;
mod new_profile;
mod profile;
mod record;
mod renaming;
mod reserved;
mod store;
mod text_field;
mod user;
mod username;

pub use addresses::{AddressItems, Addresses, Claim, Former};
pub use email::Email;
pub use folding::NameKey;
pub use profile::{FullName, Profile, Website};
pub use record::{Record, Row};
pub use renaming::{Change, ProfileChange, Renaming};
pub use reserved::ReservedUsernames;
pub use store::{
    Addressed, Attempt, Attempted, Candidate, Imported, LookedUp, Networks, Page, Pages, Presented, Refusal,
    Replaced, Replacement, Revoked, SessionsAtChange, Standing, Subject, Users, Wanted,
};
pub use user::{Account, Credentials, User, UserId};
pub use username::Username;
