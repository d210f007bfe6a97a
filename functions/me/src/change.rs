//! `PATCH /users/me`: a merge patch (RFC 7396) of the profile.

use lambda_http::{Body, Request, Response};
use shared::authenticate::Caller;
use shared::clock::Timestamp;
use shared::error::{Code, Error, FieldError, Violation};
use shared::events::Event;
use shared::http::body;
use shared::http::json::{self, Fields};
use shared::mail::{Occasion, Outgoing};
use shared::table::{ROUNDS, contended};
use shared::users::{
    Change, Email, FullName, Profile, ProfileChange, ReservedUsernames, User, Username, Website,
};

use crate::Me;

impl Me {
    /// Responds 200 with the user as written.
    pub(crate) async fn change(&self, request: &Request) -> Result<Response<Body>, Error> {
        body::read(request)?;
        for _ in 0..ROUNDS {
            let caller = self.caller(request).await?;
            let (user, now) = (&caller.user, self.clock.now());
            let shown = self.shown(user.clone(), now).await?;
            let profile = changed(request, &shown.profile, &self.reserved)?;
            if profile == shown.profile {
                return json::response(&shown);
            }
            let moves = profile.email != shown.profile.email;
            let renames = moves || profile.username != shown.profile.username;
            if renames {
                caller.require_recent_authentication(now)?;
            }
            let addresses = if moves {
                let (wanted, addresses) = (profile.email.clone(), user.addresses());
                let must_claim = self.mailing.is_some() && addresses.must_claim(now);
                addresses.changed(wanted, self.requires_proof || must_claim, now)
            } else {
                user.addresses()
            };
            let after = User {
                profile,
                ..user.clone()
            };
            let after = after.with_addresses(addresses);
            if after.profile.names().is_empty() {
                // A claim alone logs no user in.
                return Err(Error::Invalid(vec![FieldError::new("username", no_name())]));
            }
            let mails = self.mails(&caller, &after, now)?;
            let changing = self
                .users
                .change_profile(user, caller.standing(), after, &mails, now);
            if let Some(written) = changing.await? {
                if renames {
                    Event::NamesChanged {
                        user: user.id.as_str(),
                    }
                    .log();
                }
                return json::response(&written.shown(now));
            }
        }
        Err(contended())
    }

    /// Returns the mails of a change of the address: to the former one, with a way back, and to the one that has to be proved.
    fn mails(&self, caller: &Caller, after: &User, now: Timestamp) -> Result<Vec<Outgoing>, Error> {
        let (before, id) = (&caller.user, caller.user.id.as_str());
        let Some(mailing) = self.mailing else {
            return Ok(Vec::new());
        };
        let mut mails = Vec::new();
        // Other spellings of one name, such as `straße` and `strasse`, may be other mailboxes.
        let mailbox = |email: &Option<Email>| email.as_ref().map(|email| email.as_str().to_ascii_lowercase());
        let claim = after.claim.as_ref().filter(|_| before.claim != after.claim);
        let leaves = mailbox(&before.profile.email) != mailbox(&after.profile.email) || claim.is_some();
        if let Some(former) = before.profile.email.as_ref().filter(|_| leaves) {
            let occasion = Occasion::AddressChanged {
                user: id.to_owned(),
                proved: before.email_verified,
                recoveries: caller.recoveries,
            };
            mails.push(mailing.mail(former.as_str(), occasion, now)?);
        }
        if let Some(claim) = claim {
            let occasion = Occasion::Claimed { user: id.to_owned() };
            mails.push(mailing.mail(claim.email.as_str(), occasion, now)?);
        }
        Ok(mails)
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
