//! The one place that reads the time, so that tests and simulations can set it.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A point in time in whole seconds, UTC; shown as RFC 3339, e.g. `2026-11-23T20:47:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Creates a time from seconds since 1970-01-01T00:00:00Z; the years 0 to 9999 can be shown.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z: the `NumericDate` of RFC 7519 section 2.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Parses the form that [`fmt::Display`] writes; `None` for anything that is not RFC 3339, and for years that UTC cannot show.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let parsed = parsed.checked_to_offset(UtcOffset::UTC)?;
        (0..=9999)
            .contains(&parsed.year())
            .then(|| Self(parsed.unix_timestamp()))
    }

    /// Creates a time from milliseconds since 1970; the rest of a second is dropped.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.div_euclid(1000))
    }

    /// Returns this time plus `seconds`.
    pub fn plus(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(i64::from(seconds)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp(self.0)
            .map_err(|_| fmt::Error)?
            .format(&Rfc3339)
            .map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not a time of RFC 3339"))
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, whole seconds."))
            .examples(["2026-11-23T20:47:00Z"])
            .into()
    }
}

impl ToSchema for Timestamp {}

/// The source of the time: [`Clock::system`] outside of tests.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// Creates the machine's clock. A machine set before 1970 reads as 1970, where every token is rejected.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that the ban points to"
    )]
    pub fn system() -> Self {
        Self(Arc::new(|| {
            let millis = SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |since| since.as_millis());
            i64::try_from(millis).unwrap_or(i64::MAX)
        }))
    }

    /// Creates a clock that a test or a simulation drives.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || now().unix().saturating_mul(1000)))
    }

    /// Returns the time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis())
    }

    /// Returns the time now in milliseconds since 1970, for windows of a few seconds.
    pub fn millis(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}
