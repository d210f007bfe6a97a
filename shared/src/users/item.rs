//! The items of a user, as `docs/data.md` shows them: the user's own, and a marker for each name.

use aws_sdk_dynamodb::types::AttributeValue;

use super::addresses::{Addresses, Claim, Former};
use super::email::Email;
use super::folding::NameKey;
use super::profile::{FullName, Profile, Website};
use super::record::Record;
use super::user::{Account, Credentials, User, UserId};
use super::username::Username;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::passwords::StoredHash;
use crate::sessions::{self, SessionsState};
use crate::table::item::{
    Item, Key, flag, number, optional_number, optional_text, put, put_scopes, scopes, text, time, unreadable,
};

/// The sort key of a user's item, which no other kind of item has.
pub(super) const USER: &str = "user";

pub(super) fn user_key(id: &str) -> Key {
    Key::new(format!("user#{id}"), USER)
}

pub(super) fn name_key(name: &NameKey) -> Key {
    Key::new(
        match name {
            NameKey::Username(folded) => format!("username#{folded}"),
            NameKey::Email(folded) => format!("email#{folded}"),
        },
        "name",
    )
}

/// Returns the key of a user's claim of an address: all claims of one address are one partition.
pub(super) fn claim_key(address: &NameKey, user: &str) -> Key {
    Key::new(claims_of(address), user.to_owned())
}

/// Returns the partition of the claims of an address.
pub(super) fn claims_of(address: &NameKey) -> String {
    format!("claims#{}", address.as_str())
}

/// Returns a key that no name has, since no username contains `@`.
pub(super) fn no_name_key(random: &str) -> Key {
    Key::new(format!("username#@{random}"), "name")
}

/// Returns the key of the attempts by a name that no user has, under its keyed hash.
pub(super) fn unknown_key(hash: &str) -> Key {
    Key::new(format!("unknown#{hash}"), "attempts")
}

/// Encodes a user; a field without a value has no attribute.
pub(super) fn from_user(user: &User, hash: Option<&StoredHash>) -> Item {
    let mut item = user_key(user.id.as_str()).into_item();
    put(&mut item, "id", user.id.as_str());
    for (name, value) in profile_attributes(&user.profile) {
        if let Some(value) = value {
            put(&mut item, name, value);
        }
    }
    if let Some(hash) = hash {
        put(&mut item, HASH, hash.as_str());
    }
    for (name, value) in address_attributes(&user.addresses()) {
        if let Some(value) = value {
            item.insert(name.to_owned(), value);
        }
    }
    // No one can log in as such a user, who vanishes with the claim.
    if let Some(claim) = user.claim.as_ref().filter(|_| user.profile.names().is_empty()) {
        item.insert(EXPIRES_AT.to_owned(), seconds(claim.expires_at));
    }
    item.insert("disabled".to_owned(), AttributeValue::Bool(user.disabled));
    put(&mut item, "created_at", user.created_at.to_string());
    put(&mut item, "updated_at", user.updated_at.to_string());
    item.insert(GENERATION.to_owned(), AttributeValue::N("0".to_owned()));
    item.insert(SESSIONS.to_owned(), AttributeValue::M(Item::new()));
    item
}

/// Returns the attributes of a profile; one without a value is not written.
pub(super) fn profile_attributes(profile: &Profile) -> [(&'static str, Option<&str>); 4] {
    [
        ("username", profile.username.as_ref().map(Username::as_str)),
        ("email", profile.email.as_ref().map(Email::as_str)),
        ("full_name", profile.full_name.as_ref().map(FullName::as_str)),
        ("website", profile.website.as_ref().map(Website::as_str)),
    ]
}

/// The TTL attribute of a user without a name, until the claimed address is proved.
pub(super) const EXPIRES_AT: &str = "expires_at";
/// Whether the address of a user, or of a marker, was proved.
pub(super) const VERIFIED: &str = "email_verified";
/// When the address of a marker was proved, in seconds since 1970; absent where it was not proved here.
pub(super) const PROVED_AT: &str = "proved_at";
const CLAIMED_EMAIL: &str = "claimed_email";
const CLAIM_EXPIRES_AT: &str = "claim_expires_at";
/// The list of former addresses.
const FORMER: &str = "former_emails";
/// How often the account was recovered.
pub(super) const RECOVERIES: &str = "recoveries";

/// Returns the attributes of addresses but the one that is in the profile; one without a value is not written.
pub(super) fn address_attributes(addresses: &Addresses) -> [(&'static str, Option<AttributeValue>); 4] {
    let claim = addresses.claim.as_ref();
    [
        (VERIFIED, addresses.verified.then_some(AttributeValue::Bool(true))),
        (
            CLAIMED_EMAIL,
            claim.map(|claim| AttributeValue::S(claim.email.to_string())),
        ),
        (CLAIM_EXPIRES_AT, claim.map(|claim| seconds(claim.expires_at))),
        (
            FORMER,
            (!addresses.former.is_empty()).then(|| from_former(&addresses.former)),
        ),
    ]
}

fn from_former(former: &[Former]) -> AttributeValue {
    let former = former.iter().map(|former| {
        let mut member = Item::new();
        put(&mut member, "email", former.email.as_str());
        member.insert(EXPIRES_AT.to_owned(), seconds(former.expires_at));
        AttributeValue::M(member)
    });
    AttributeValue::L(former.collect())
}

fn to_former(item: &Item) -> Result<Vec<Former>, Error> {
    let former = match item.get(FORMER) {
        None => return Ok(Vec::new()),
        Some(AttributeValue::L(former)) => former.iter(),
        Some(_) => return Err(unreadable(FORMER)),
    };
    let former = former.map(|member| {
        let member = member.as_m().map_err(|_| unreadable(FORMER))?;
        Ok(Former {
            email: Email::from_store(text(member, "email")?),
            expires_at: Timestamp::from_unix(number(member, EXPIRES_AT)?),
        })
    });
    former.collect()
}

fn seconds(time: Timestamp) -> AttributeValue {
    AttributeValue::N(time.unix().to_string())
}

/// Encodes a user's claim of an address.
pub(super) fn from_claim(claim: &Claim, user: &UserId) -> Item {
    let mut item = claim_key(&claim.email.key(), user.as_str()).into_item();
    put(&mut item, "user_id", user.as_str());
    item.insert(EXPIRES_AT.to_owned(), seconds(claim.expires_at));
    item
}

/// Encodes the marker of a name; an address may be proved.
pub(super) fn from_name(name: &NameKey, user: &UserId, verified: bool) -> Item {
    let mut item = name_key(name).into_item();
    put(&mut item, "user_id", user.as_str());
    if verified && matches!(name, NameKey::Email(_)) {
        item.insert(VERIFIED.to_owned(), AttributeValue::Bool(true));
    }
    item
}

/// The attribute of [`SessionsState::credential_generation`].
const GENERATION: &str = "credential_generation";
/// The hash of the password; a user without one cannot log in.
pub(super) const HASH: &str = "password_hash";
/// The scopes that an operator granted.
pub(super) const SCOPES: &str = "scopes";
/// The map of sessions.
pub(super) const SESSIONS: &str = "sessions";

/// The attributes of which [`to_account`] makes an account, without those of sessions.
pub(super) const ACCOUNT: &[&str] = &[
    GENERATION,
    SCOPES,
    RECOVERIES,
    "id",
    "username",
    "email",
    VERIFIED,
    CLAIMED_EMAIL,
    CLAIM_EXPIRES_AT,
    FORMER,
    "full_name",
    "website",
    "disabled",
    "created_at",
    "updated_at",
];

/// Decodes a user with what decides about tokens.
pub(super) fn to_account(item: &Item) -> Result<Account, Error> {
    Ok(Account {
        user: to_user(item)?,
        credential_generation: optional_number(item, GENERATION)?.unwrap_or_default(),
        recoveries: optional_number(item, RECOVERIES)?.unwrap_or_default(),
        sessions: sessions::decode(item)?.unwrap_or_default(),
        scopes: scopes(item, SCOPES)?,
    })
}

/// Decodes a user.
fn to_user(item: &Item) -> Result<User, Error> {
    Ok(User {
        id: UserId::known(text(item, "id")?),
        profile: Profile {
            username: optional_text(item, "username")?.map(Username::from_store),
            email: optional_text(item, "email")?.map(Email::from_store),
            full_name: optional_text(item, "full_name")?.map(FullName::from_store),
            website: optional_text(item, "website")?.map(Website::from_store),
        },
        email_verified: flag(item, VERIFIED)?,
        claim: to_claim(item)?,
        former: to_former(item)?,
        disabled: flag(item, "disabled")?,
        created_at: time(item, "created_at")?,
        updated_at: time(item, "updated_at")?,
    })
}

fn to_claim(item: &Item) -> Result<Option<Claim>, Error> {
    let Some(email) = optional_text(item, CLAIMED_EMAIL)? else {
        return Ok(None);
    };
    Ok(Some(Claim {
        email: Email::from_store(email),
        expires_at: Timestamp::from_unix(number(item, CLAIM_EXPIRES_AT)?),
    }))
}

/// The attributes of which [`to_credentials`] makes credentials.
pub(super) const CREDENTIALS: &[&str] = &["id", "email", "disabled", HASH, GENERATION, SESSIONS, SCOPES];

/// Decodes what a log-in needs of a user.
pub(super) fn to_credentials(item: &Item) -> Result<Credentials, Error> {
    Ok(Credentials {
        id: UserId::known(text(item, "id")?),
        hash: to_hash(item)?,
        email: optional_text(item, "email")?.map(Email::from_store),
        state: to_state(item)?,
    })
}

/// Decodes the hash of the password.
pub(super) fn to_hash(item: &Item) -> Result<Option<StoredHash>, Error> {
    Ok(optional_text(item, HASH)?.map(StoredHash::from_store))
}

/// The attributes of which [`to_record`] makes a record.
pub(super) const RECORD: &[&str] = &[
    HASH,
    SCOPES,
    "id",
    "username",
    "email",
    VERIFIED,
    CLAIMED_EMAIL,
    CLAIM_EXPIRES_AT,
    FORMER,
    "full_name",
    "website",
    "disabled",
    "created_at",
    "updated_at",
];

/// Encodes a user who moves in.
pub(super) fn from_record(record: &Record) -> Item {
    let mut item = from_user(&record.user, record.hash.as_ref());
    put_scopes(&mut item, SCOPES, &record.scopes);
    item
}

/// Decodes a user with all that moves along.
pub(super) fn to_record(item: &Item) -> Result<Record, Error> {
    Ok(Record {
        user: to_user(item)?,
        hash: to_hash(item)?,
        scopes: scopes(item, SCOPES)?,
    })
}

/// Decodes what decides about sessions.
pub(super) fn to_state(item: &Item) -> Result<SessionsState, Error> {
    Ok(SessionsState {
        credential_generation: optional_number(item, GENERATION)?.unwrap_or_default(),
        disabled: flag(item, "disabled")?,
        sessions: sessions::decode(item)?,
        scopes: scopes(item, SCOPES)?,
    })
}
