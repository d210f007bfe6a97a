//! The user of the HTTP contract.

use serde::Serialize;
use ulid::Ulid;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::addresses::{Addresses, Claim, Former};
use super::email::Email;
use super::profile::{FullName, Profile};
use super::username::Username;
use crate::clock::Timestamp;
use crate::error::{Code, Error, Violation};
use crate::mail::{MailToken, Purpose};
use crate::openapi::{merged, text};
use crate::passwords::StoredHash;
use crate::random;
use crate::scope::Scopes;
use crate::sessions::{Sessions, SessionsState};

/// A user as clients see it; what is secret about a user is not in this type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// Assigned once, never reused, opaque; the `sub` of the user's tokens.
    pub id: UserId,
    /// The fields that the user may choose.
    #[serde(flatten)]
    pub profile: Profile,
    /// Whether the user has proved the e-mail address.
    pub email_verified: bool,
    /// The address that the user claims, which is no name of the user until it is proved.
    #[serde(skip)]
    pub claim: Option<Claim>,
    /// The addresses that the user had proved and left, as long as an undo leads to them; the oldest first.
    #[serde(skip)]
    pub former: Vec<Former>,
    /// A disabled user can neither log in nor use a token.
    pub disabled: bool,
    /// When the user registered.
    pub created_at: Timestamp,
    /// When a shown field last changed.
    pub updated_at: Timestamp,
}

/// A user with what decides about the user's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: User,
    /// Raised by each change of the password and by disabling; a token that belongs to no session is of one generation.
    pub credential_generation: u64,
    /// How often the account was recovered by its address.
    pub recoveries: u64,
    /// The sessions that were asked for.
    pub sessions: Sessions,
    /// The scopes that an operator granted to the user.
    pub scopes: Scopes,
}

impl Account {
    /// Returns the addresses after a recovery by a mailed token; `None` where the token does not fit the account as it is now.
    pub fn recovered_by(&self, token: &MailToken, now: Timestamp) -> Option<Addresses> {
        let is_of_generation = token.generation.is_none_or(|of| of == self.credential_generation);
        let is_of_recoveries = token.recoveries.is_none_or(|of| of == self.recoveries);
        if self.user.disabled || !is_of_generation || !is_of_recoveries {
            return None;
        }
        let address = Email::from_store(token.address.clone());
        match token.purpose {
            Purpose::Prove => None,
            Purpose::Reset => self.user.addresses().recovered(&address, now),
            Purpose::Undo => self.user.addresses().restored(&address, now),
        }
    }
}

/// What a log-in needs of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's id.
    pub id: UserId,
    /// The hash of the password; a user who came without one has none until one is set.
    pub hash: Option<StoredHash>,
    /// The address to which mail about log-ins goes.
    pub email: Option<Email>,
    /// Whether the user is disabled, and what the session's write depends on.
    pub state: SessionsState,
}

/// The members of a user that are not in [`Profile`], since `utoipa` documents a flattened struct as another schema.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it exists for its schema")]
struct Assigned {
    /// Assigned once, never reused, opaque; the `sub` of the user's tokens.
    id: UserId,
    /// Whether the user has proved the e-mail address.
    email_verified: bool,
    /// A disabled user can neither log in nor use a token.
    disabled: bool,
    /// When the user registered.
    created_at: Timestamp,
    /// When a shown field last changed.
    updated_at: Timestamp,
}

impl User {
    /// Creates a user who registers now, with an id of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where the system gives no random bytes.
    pub fn new(profile: Profile, now: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            id: UserId::known(random::ulid(now)?),
            profile,
            email_verified: false,
            claim: None,
            former: Vec::new(),
            disabled: false,
            created_at: now,
            updated_at: now,
        })
    }

    /// Returns the addresses.
    pub fn addresses(&self) -> Addresses {
        Addresses {
            held: self.profile.email.clone(),
            verified: self.email_verified,
            claim: self.claim.clone(),
            former: self.former.clone(),
        }
    }

    /// Returns the user with other addresses.
    #[must_use]
    pub fn with_addresses(self, addresses: Addresses) -> Self {
        let Addresses {
            held,
            verified,
            claim,
            former,
        } = addresses;
        Self {
            profile: Profile {
                email: held,
                ..self.profile
            },
            email_verified: verified,
            claim,
            former,
            ..self
        }
    }

    /// Returns the user as clients see it now: with the claimed address in the place of the one that it may replace.
    #[must_use]
    pub fn shown(self, now: Timestamp) -> Self {
        let shown = self.addresses().shown(now);
        self.with_addresses(shown)
    }

    /// Returns the user of the documentation's examples.
    pub fn example() -> Result<Self, Error> {
        let broken = |violation: Violation| Error::internal("the example", violation.message);
        let time = Timestamp::from_unix(1_795_466_820);
        Ok(Self {
            id: UserId::known("01KAS8M1E0QZ3V5X7Y9A1B3C5D".to_owned()),
            profile: Profile {
                username: Some(Username::parse("johndoe").map_err(broken)?),
                email: Some(Email::parse("johndoe@example.com").map_err(broken)?),
                full_name: Some(FullName::parse("John Doe").map_err(broken)?),
                ..Profile::default()
            },
            email_verified: false,
            claim: None,
            former: Vec::new(),
            disabled: false,
            created_at: time,
            updated_at: time,
        })
    }
}

impl PartialSchema for User {
    fn schema() -> RefOr<Schema> {
        merged(
            "A user as clients see it; what is secret about a user is not in this type.",
            [Assigned::schema(), Profile::schema()],
        )
    }
}

impl ToSchema for User {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Assigned::schemas(schemas);
        Profile::schemas(schemas);
    }
}

/// The immutable id of a user: a ULID, 26 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UserId(String);

impl UserId {
    /// Wraps an id that this service created: from the store, or the `sub` of a token that verified.
    pub fn known(id: String) -> Self {
        Self(id)
    }

    /// Parses the id of a user who moves in.
    ///
    /// # Errors
    ///
    /// For what is no ULID in the one form that is issued: an API key has room for no other id.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        if Ulid::from_string(text).is_ok_and(|ulid| ulid.to_string() == text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Violation::new(
            Code::Invalid,
            "Must be a ULID: 26 digits and capital letters; leave it out to get one",
        ))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialSchema for UserId {
    fn schema() -> RefOr<Schema> {
        text(
            "Opaque; assigned once, never reused.",
            "01KAY2Z3M4N5P6Q7R8S9T0V1W2",
        )
        .into()
    }
}

impl ToSchema for UserId {}
