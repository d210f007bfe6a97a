//! API keys as their owner sees them.

use serde::Serialize;
use shared::api_keys::{ApiKey, ApiKeys, IssuedKey, prefix};
use shared::clock::Timestamp;
use shared::error::Error;
use shared::label::Label;
use shared::openapi::{merged, text};
use shared::scope::Scopes;
use shared::users::UserId;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};
use zeroize::Zeroizing;

/// The ids of the documentation's example.
const EXAMPLE_USER: &str = "01KAS8M1E0QZ3V5X7Y9A1B3C5D";
const EXAMPLE_ID: &str = "01KAY2Z3M4N5P6Q7R8S9T0V1W2";
/// What stands in the documentation for a secret and its checksum. No scanner takes it for a key.
const EXAMPLE_SECRET: &str = "…_…";

/// One's own API keys, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeyList(Vec<OwnApiKey>);

/// An API key; its secret is not in this type.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnApiKey {
    /// Opaque; what ends the key.
    #[schema(examples("01KAY2Z3M4N5P6Q7R8S9T0V1W2"))]
    pub(crate) id: String,
    /// As typed.
    pub(crate) name: Label,
    /// All of the key before its secret.
    #[schema(examples("lk_01KAS8M1E0QZ3V5X7Y9A1B3C5D_01KAY2Z3M4N5P6Q7R8S9T0V1W2_"))]
    pub(crate) prefix: String,
    /// The scopes that it was created with; it has those of them that its owner still has.
    #[schema(value_type = Vec<String>)]
    pub(crate) scopes: Scopes,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// When it expires; `null` for never.
    #[schema(required)]
    pub(crate) expires_at: Option<Timestamp>,
    /// When it was last used, to the hour; `null` before its first use.
    #[schema(required)]
    pub(crate) last_used_at: Option<Timestamp>,
}

/// A new API key with its text. There is no `Debug`: it holds a secret.
#[derive(Serialize)]
pub(crate) struct IssuedApiKey {
    #[serde(flatten)]
    shown: OwnApiKey,
    key: Zeroizing<String>,
}

impl ApiKeyList {
    /// Lists the keys of a user.
    pub(crate) fn new(user: &UserId, keys: ApiKeys) -> Self {
        // Ids sort by the time of their creation.
        let newest_first = keys.into_iter().rev();
        Self(
            newest_first
                .map(|(id, key)| OwnApiKey::new(user, id, key))
                .collect(),
        )
    }

    /// Returns the list of the documentation's example.
    pub(crate) fn example() -> Result<Self, Error> {
        let used = Some(example_time(30));
        let key = OwnApiKey {
            last_used_at: used,
            ..OwnApiKey::example()?
        };
        Ok(Self(vec![key]))
    }
}

impl OwnApiKey {
    /// Shows a key of a user.
    pub(crate) fn new(user: &UserId, id: String, key: ApiKey) -> Self {
        Self {
            prefix: prefix(user.as_str(), &id),
            id,
            name: key.name,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }

    fn example() -> Result<Self, Error> {
        let broken = |violation: shared::error::Violation| Error::internal("the example", violation.message);
        Ok(Self {
            id: EXAMPLE_ID.to_owned(),
            name: Label::parse("backup of my laptop".to_owned()).map_err(broken)?,
            prefix: prefix(EXAMPLE_USER, EXAMPLE_ID),
            scopes: Scopes::of(["links:write"]).map_err(broken)?,
            created_at: example_time(0),
            expires_at: Some(example_time(90 * 24 * 60)),
            last_used_at: None,
        })
    }
}

impl IssuedApiKey {
    /// Shows a new key with its text.
    pub(crate) fn new(shown: OwnApiKey, issued: IssuedKey) -> Self {
        Self {
            shown,
            key: issued.into_text(),
        }
    }

    /// Returns the key of the documentation's example.
    pub(crate) fn example() -> Result<Self, Error> {
        let shown = OwnApiKey::example()?;
        let key = Zeroizing::new(format!("{}{EXAMPLE_SECRET}", shown.prefix));
        Ok(Self { shown, key })
    }
}

impl PartialSchema for IssuedApiKey {
    fn schema() -> RefOr<Schema> {
        let key = text(
            "The key itself, shown this once. It begins with `prefix` and ends in a checksum.",
            "lk_01KAS8M1E0QZ3V5X7Y9A1B3C5D_01KAY2Z3M4N5P6Q7R8S9T0V1W2_…_…",
        );
        let key = ObjectBuilder::new().property("key", key).required("key");
        merged(
            "A new API key.",
            [OwnApiKey::schema(), RefOr::T(Schema::Object(key.build()))],
        )
    }
}

impl ToSchema for IssuedApiKey {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        OwnApiKey::schemas(schemas);
    }
}

fn example_time(minutes: u32) -> Timestamp {
    Timestamp::from_unix(1_795_466_820).plus(60 * minutes)
}
