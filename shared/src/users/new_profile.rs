//! Which profiles a new user can have.

use super::email::Email;
use super::profile::{FullName, Profile, Website};
use super::reserved::ReservedUsernames;
use super::username::Username;
use crate::error::{Code, Violation};
use crate::http::json::Fields;

impl Profile {
    /// Returns the rule that a profile without any name breaks.
    pub fn no_name() -> Violation {
        Violation::new(Code::Required, "A username or an email is required")
    }

    /// Reads the profile of a new user. What breaks a rule is recorded in the fields, whose [`Fields::finish`] rejects it.
    pub fn read(fields: &mut Fields, reserved: &ReservedUsernames) -> Self {
        let named = fields.has("username") || fields.has("email");
        let username = fields.text("username", |typed| reserved.check(Username::parse(&typed)?));
        if !named {
            fields.reject("username", Self::no_name());
        }
        Self {
            username,
            email: fields.text("email", |typed| Email::parse(&typed)),
            full_name: full_name(fields),
            website: fields.text("website", |typed| Website::parse(&typed)),
        }
    }
}

/// Reads `full_name`, or `name` and `surname` joined by a space, as one of the tutorials sends it; not both.
fn full_name(fields: &mut Fields) -> Option<FullName> {
    let whole = fields.has("full_name");
    let full_name = fields.text("full_name", |typed| FullName::parse(&typed));
    let part = |fields: &mut Fields, field| {
        let sent = fields.has(field);
        let part = fields.text(field, |typed| FullName::parse(&typed).map(|_| typed));
        if sent && whole {
            fields.reject(
                field,
                Violation::new(Code::Invalid, "Must not be given beside full_name"),
            );
        }
        part
    };
    let parts: Vec<String> = ["name", "surname"]
        .into_iter()
        .filter_map(|field| part(fields, field))
        .collect();
    if whole || parts.is_empty() {
        return full_name;
    }
    FullName::parse(&parts.join(" "))
        .map_err(|violation| fields.reject("full_name", violation))
        .ok()
}
