//! Password hashes of other systems, until the next log-in renews them. A further format is a further row of [`FORMATS`].

mod aspnet;
mod bcrypt;
mod firebase;
mod keycloak;
mod pbkdf2;
mod phpass;
mod scrypt;
mod sha_crypt;
mod text;

use serde::de::IgnoredAny;

use super::argon2::{HashCost, ParsedArgon2};
use super::parts::HashParts;
use super::stored_hash::StoredHash;
use crate::error::{Code, Violation};

pub use firebase::FirebaseParameters;

/// The longest hash of any format that is read, in bytes.
const MAX_BYTES: usize = 512;
/// The shortest output of a key derivation that is read, in bytes: of a shorter one a guess would be right by chance.
const MIN_OUTPUT_BYTES: usize = 16;
/// The longest one, and the longest salt.
const MAX_OUTPUT_BYTES: usize = 128;

/// Why a text is not read as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It has no format of the table, or not the form of its format.
    Malformed,
    /// Its output has fewer than [`MIN_OUTPUT_BYTES`].
    Short,
    /// It asks for more memory or time than a row may.
    OutOfBounds,
}

/// A hash of another system, within the bounds of its format.
pub(super) trait ImportedHash {
    /// Reports whether this is the hash of a password as typed. One form alone: the other system hashed what was typed.
    fn matches(&self, typed: &str) -> bool;

    /// Returns how long a verification takes on a full core, in milliseconds, by the parameters.
    fn milliseconds(&self) -> f64;

    /// Reports whether a match says something of each byte of the password. Where it does not, renewing would freeze whatever was
    /// typed this time.
    fn reads_all_of(&self, _typed: &str) -> bool {
        true
    }

    /// Returns what the hash consists of, where other systems keep that.
    fn parts(&self) -> HashParts {
        HashParts::Other
    }
}

/// A stored hash that was parsed.
pub(super) enum ParsedHash {
    /// This service's own kind, verified in memory that is kept.
    Argon2(ParsedArgon2),
    /// Another system's.
    Imported(Box<dyn ImportedHash>),
}

impl ParsedHash {
    fn of(imported: impl ImportedHash + 'static) -> Self {
        Self::Imported(Box::new(imported))
    }

    /// Returns how long a verification takes on a full core, in milliseconds, by the parameters.
    pub(super) fn milliseconds(&self) -> f64 {
        match self {
            Self::Argon2(own) => own.milliseconds(),
            Self::Imported(own) => own.milliseconds(),
        }
    }
}

/// A format of stored hashes.
struct Format {
    name: &'static str,
    /// With one of which its texts begin, and those of no other format.
    prefixes: &'static [&'static str],
    /// What a row may ask for: at most 128 MiB, and about a second on a full core.
    bounds: &'static str,
    parse: fn(&str) -> Result<ParsedHash, Unread>,
}

/// Every format that is read. `docs/data.md` shows it.
static FORMATS: &[Format] = &[
    Format {
        name: "Argon2",
        prefixes: &["$argon2id$", "$argon2i$", "$argon2d$", "argon2$argon2"],
        bounds: "128 MiB, 16 passes, 16 lanes",
        parse: |text| {
            let text = text.strip_prefix("argon2").unwrap_or(text);
            let (_, output) = text.rsplit_once('$').ok_or(Unread::Malformed)?;
            text::check_lengths(&[], &text::base64(output)?)?;
            ParsedArgon2::parse(text).map(ParsedHash::Argon2)
        },
    },
    Format {
        name: "bcrypt",
        prefixes: &[
            "$2a$",
            "$2b$",
            "$2y$",
            "bcrypt$$2a$",
            "bcrypt$$2b$",
            "bcrypt$$2y$",
        ],
        bounds: bcrypt::BOUNDS,
        parse: |text| bcrypt::Bcrypt::parse(text).map(ParsedHash::of),
    },
    Format {
        name: "bcrypt with SHA-256 of Django",
        prefixes: &["bcrypt_sha256$$2a$", "bcrypt_sha256$$2b$", "bcrypt_sha256$$2y$"],
        bounds: bcrypt::BOUNDS,
        parse: |text| bcrypt::DjangoSha256::parse(text).map(ParsedHash::of),
    },
    Format {
        name: "bcrypt of WordPress",
        prefixes: &["$wp$2y$"],
        bounds: bcrypt::BOUNDS,
        parse: |text| bcrypt::WordPress::parse(text).map(ParsedHash::of),
    },
    Format {
        name: "PBKDF2 of PHC and passlib",
        prefixes: &["$pbkdf2$", "$pbkdf2-sha1$", "$pbkdf2-sha256$", "$pbkdf2-sha512$"],
        bounds: pbkdf2::BOUNDS,
        parse: |text| pbkdf2::phc_or_passlib(text).map(ParsedHash::of),
    },
    Format {
        name: "PBKDF2 of Django",
        prefixes: &["pbkdf2_sha1$", "pbkdf2_sha256$"],
        bounds: pbkdf2::BOUNDS,
        parse: |text| pbkdf2::django(text).map(ParsedHash::of),
    },
    Format {
        name: "PBKDF2 of Werkzeug",
        prefixes: &["pbkdf2:"],
        bounds: pbkdf2::BOUNDS,
        parse: |text| pbkdf2::werkzeug(text).map(ParsedHash::of),
    },
    Format {
        name: "PBKDF2 of ASP.NET Core Identity",
        // The base64 of version 3, then of a number of 32 bits below 256.
        prefixes: &["AQAAAA"],
        bounds: pbkdf2::BOUNDS,
        parse: |text| aspnet::parse(text).map(ParsedHash::of),
    },
    Format {
        name: "scrypt of PHC and passlib",
        prefixes: &["$scrypt$"],
        bounds: scrypt::BOUNDS,
        parse: |text| scrypt::phc(text).map(ParsedHash::of),
    },
    Format {
        name: "scrypt of Django",
        prefixes: &["scrypt$"],
        bounds: scrypt::BOUNDS,
        parse: |text| scrypt::django(text).map(ParsedHash::of),
    },
    Format {
        name: "scrypt of Werkzeug",
        prefixes: &["scrypt:"],
        bounds: scrypt::BOUNDS,
        parse: |text| scrypt::werkzeug(text).map(ParsedHash::of),
    },
    Format {
        name: "scrypt of Firebase",
        prefixes: &["$firebase-scrypt$"],
        bounds: scrypt::BOUNDS,
        parse: |text| firebase::Firebase::parse(text).map(ParsedHash::of),
    },
    Format {
        name: "SHA-2 crypt",
        prefixes: &["$5$", "$6$"],
        bounds: sha_crypt::BOUNDS,
        parse: |text| sha_crypt::ShaCryptHash::parse(text).map(ParsedHash::of),
    },
    Format {
        name: "phpass",
        prefixes: &["$P$", "$H$"],
        bounds: phpass::BOUNDS,
        parse: |text| phpass::Phpass::parse(text).map(ParsedHash::of),
    },
];

fn format_of(text: &str) -> Option<&'static Format> {
    FORMATS
        .iter()
        .find(|format| format.prefixes.iter().any(|prefix| text.starts_with(prefix)))
}

/// Parses a stored hash.
pub(super) fn parse(text: &str) -> Result<ParsedHash, Unread> {
    let format = format_of(text).ok_or(Unread::Malformed)?;
    if text.len() > MAX_BYTES {
        return Err(Unread::Malformed);
    }
    (format.parse)(text)
}

/// Returns the name of each format and what its rows may ask for.
pub fn hash_formats() -> impl Iterator<Item = (&'static str, &'static str)> {
    FORMATS.iter().map(|format| (format.name, format.bounds))
}

impl StoredHash {
    /// Parses a hash that another system exported: in a format of the table, or as a credential of Keycloak's, which is written as a PHC
    /// string.
    ///
    /// # Errors
    ///
    /// The rule that the text breaks; never the text.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let violation = |message: String| Violation::new(Code::Invalid, message);
        // Spring's `{bcrypt}` begins with that, too.
        let is_json = text.starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok();
        let rewritten = if is_json {
            keycloak::to_phc(text)
                .map_err(|_| violation("Must be a password credential of Keycloak's".to_owned()))?
        } else {
            text.to_owned()
        };
        let format = format_of(&rewritten)
            .ok_or_else(|| violation("Must be a password hash of a format that is read".to_owned()))?;
        match parse(&rewritten) {
            Ok(_) => Ok(Self::from_store(rewritten)),
            Err(Unread::Malformed) => Err(violation(format!("Must be a well-formed hash: {}", format.name))),
            Err(Unread::Short) => Err(violation(format!(
                "Must have an output of at least {MIN_OUTPUT_BYTES} bytes: {}",
                format.name
            ))),
            Err(Unread::OutOfBounds) => {
                let message = format!("Must ask for no more than {}: {}", format.bounds, format.name);
                Err(violation(message))
            }
        }
    }

    /// Returns the name of the hash's format.
    pub fn format(&self) -> &'static str {
        format_of(self.as_str()).map_or("unknown", |format| format.name)
    }

    /// Returns the cost of a hash that has the form of this service's own; `None` for one of another form.
    pub fn own_cost(&self) -> Option<HashCost> {
        let Ok(ParsedHash::Argon2(parsed)) = parse(self.as_str()) else {
            return None;
        };
        let cost = parsed.cost();
        (!parsed.is_weaker_than(cost)).then_some(cost)
    }

    /// Reports whether a log-in replaces this hash where new ones have a cost.
    pub fn is_weaker_than(&self, cost: HashCost) -> bool {
        match parse(self.as_str()) {
            Ok(ParsedHash::Argon2(parsed)) => parsed.is_weaker_than(cost),
            _ => true,
        }
    }

    /// Returns what the hash consists of, for systems that keep the parts apart.
    pub fn parts(&self) -> HashParts {
        match parse(self.as_str()) {
            Ok(ParsedHash::Argon2(own)) => own.parts(),
            Ok(ParsedHash::Imported(own)) => own.parts(),
            Err(_) => HashParts::Other,
        }
    }
}
