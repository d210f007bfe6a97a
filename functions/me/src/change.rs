//! `PATCH /users/me`: a merge patch (RFC 7396) of the profile.

use lambda_http::{Body, Request, Response};
use shared::error::{Code, Error, Violation};
use shared::events::Event;
use shared::http::body;
use shared::http::json::{self, Fields};
use shared::table::{ROUNDS, contended};
use shared::users::{Change, Email, FullName, Profile, ProfileChange, ReservedUsernames, Username, Website};

use crate::Me;

impl Me {
    /// Responds 200 with the user as written.
    pub(crate) async fn change(&self, request: &Request) -> Result<Response<Body>, Error> {
        body::read(request)?;
        for _ in 0..ROUNDS {
            let caller = self.caller(request).await?;
            let (user, now) = (&caller.user, self.clock.now());
            let profile = changed(request, &user.profile, &self.reserved)?;
            if profile == user.profile {
                return json::response(user);
            }
            let renames =
                (&profile.username, &profile.email) != (&user.profile.username, &user.profile.email);
            if renames {
                caller.require_recent_authentication(now)?;
            }
            if let Some(written) = self
                .users
                .change_profile(user, caller.standing(), profile, now)
                .await?
            {
                if renames {
                    Event::NamesChanged {
                        user: user.id.as_str(),
                    }
                    .log();
                }
                return json::response(&written);
            }
        }
        Err(contended())
    }
}

/// Returns the profile that the body makes of this one.
fn changed(request: &Request, before: &Profile, reserved: &ReservedUsernames) -> Result<Profile, Error> {
    let mut fields = Fields::read_patch(request)?;
    let named = fields.has("username") || fields.has("email");
    let own = before.username.as_ref().map(Username::key);
    let username = |typed: String| {
        let username = Username::parse(&typed)?;
        // A name may have been reserved since.
        if own.as_ref() == Some(&username.key()) {
            return Ok(username);
        }
        reserved.check(username)
    };
    let change = ProfileChange {
        username: field(&mut fields, "username", username),
        email: field(&mut fields, "email", |typed| Email::parse(&typed)),
        full_name: field(&mut fields, "full_name", |typed| FullName::parse(&typed)),
        website: field(&mut fields, "website", |typed| Website::parse(&typed)),
    };
    let after = change.applied_to(before);
    if !named && after.names().is_empty() {
        fields.reject("username", no_name());
    }
    fields.finish()?;
    Ok(after)
}

fn field<T>(
    fields: &mut Fields,
    name: &'static str,
    parse: impl FnOnce(String) -> Result<T, Violation>,
) -> Change<T> {
    let is_removed = fields.has_null(name);
    match fields.text(name, parse) {
        Some(value) => Change::Set(value),
        None if is_removed => Change::Remove,
        None => Change::Keep,
    }
}

pub(crate) fn no_name() -> Violation {
    Violation::new(Code::Required, "A username or an email must be left")
}
