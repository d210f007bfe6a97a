//! `PUT /users/me/password`: another password, by the present one.

use std::sync::Arc;
use std::time::Instant;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::authenticate::Caller;
use shared::error::{Code, Error, FieldError, Violation};
use shared::events::{self, Event, Reason};
use shared::guesses::{Asked, Guess, Verified};
use shared::http::client::{self, Network};
use shared::http::json::Fields;
use shared::http::{body, empty};
use shared::mail::{Mailing, Occasion, Outgoing};
use shared::passwords::{Password, PasswordRule};
use shared::table::{ROUNDS, contended};
use shared::users::{Credentials, Email, Profile, SessionsAtChange, Subject, User};

use crate::Me;

impl Me {
    /// Responds 204. The present password is counted as an attempt to log in, by the failures of the caller's own session.
    pub(crate) async fn change_password(&self, request: &Request) -> Result<Response<Body>, Error> {
        body::read(request)?;
        let mut caller = self.caller(request).await?;
        let change = PasswordChange::read(
            request,
            &self.rule,
            &caller.user.clone().shown(self.clock.now()).profile,
        )?;
        let Some(current) = change.current.map(Arc::new) else {
            // No hash can match, so that none is computed and nothing is counted.
            Event::LogInFailed {
                subject: events::Subject::User(caller.user.id.as_str()),
                reason: Reason::WrongPassword,
            }
            .log();
            return Err(wrong());
        };
        let verified = self.verified(&caller, &client::network(request), current).await?;
        let replacing = self.replace_password(
            request,
            &mut caller,
            &verified,
            change.new,
            change.end_other_sessions,
        );
        let replaced = replacing.await;
        if !matches!(replaced, Ok(()) | Err(Error::Invalid(_))) {
            // The current password was right, so that whatever went wrong then is no failure.
            let cleared =
                self.users
                    .clear_attempts(&verified.user.id, &verified.attempt, self.clock.millis());
            cleared.await?;
        }
        replaced?;
        Event::PasswordChanged {
            user: verified.user.id.as_str(),
        }
        .log();
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Replaces the password of a caller whose present one was right.
    async fn replace_password(
        &self,
        request: &Request,
        caller: &mut Caller,
        verified: &Verified,
        new: Password,
        ends_others: bool,
    ) -> Result<(), Error> {
        let Verified { user, attempt, .. } = verified;
        let hash = self.hasher.hash(Arc::new(new)).await?;
        let mails = self.warning(&caller.user)?;
        let mut read: Option<Credentials> = None;
        for _ in 0..ROUNDS {
            let present = read.as_ref().unwrap_or(user);
            if present.state.disabled {
                return Err(Error::Inactive);
            }
            let own = match caller.session_id() {
                None => None,
                Some(id) => {
                    let own = present.state.sessions.as_ref().and_then(|all| all.get(id));
                    Some((id, own.ok_or(Error::InvalidToken)?))
                }
            };
            let now = self.clock.millis();
            let changed = self.users.change_password(
                present,
                attempt,
                &hash,
                SessionsAtChange { own, ends_others },
                &mails,
                now,
            );
            if changed.await? {
                return Ok(());
            }
            // A refresh came first, and nothing is hashed again while the password is the one that was verified.
            *caller = self.caller(request).await?;
            let again = self
                .users
                .credentials_of(&user.id)
                .await?
                .ok_or(Error::InvalidToken)?;
            if again.hash != user.hash {
                return Err(wrong());
            }
            read = Some(again);
        }
        Err(contended())
    }

    /// Returns the mail that warns the user of another password, which someone else may have chosen.
    fn warning(&self, user: &User) -> Result<Vec<Outgoing>, Error> {
        let occasion = Occasion::PasswordChanged {
            user: user.id.as_str().to_owned(),
        };
        let to = user.profile.email.as_ref().map(Email::as_str);
        Mailing::notice(self.mailing, to, occasion, self.clock.now())
    }

    /// Returns the caller's credentials, whose password is `current`, and the attempt that was counted before it was verified.
    async fn verified(
        &self,
        caller: &Caller,
        network: &Network,
        current: Arc<Password>,
    ) -> Result<Verified, Error> {
        let session = caller.session_id();
        let asked = Asked {
            subject: caller.user.id.as_str(),
            network,
            device: session,
        };
        self.guesses.reject_remembered(asked)?;
        // A session is delayed only by its own failures.
        let network_refused = match session {
            Some(_) => None,
            None => self.guesses.network_refused(network).await?,
        };
        let guess = Guess {
            asked,
            subject: Subject::User(caller.user.id.clone()),
            device: session.map(str::to_owned),
            network_refused,
            password: current,
            begun: Instant::now(),
        };
        self.guesses.verify(guess).await.map_err(|error| match error {
            Error::WrongCredentials => wrong(),
            error => error,
        })
    }
}

/// Rejects the present password, after every other rule. A 401 would make clients log out.
pub(crate) fn wrong() -> Error {
    let violation = Violation::new(Code::Invalid, "Is not the current password");
    Error::Invalid(vec![FieldError::new("current_password", violation)])
}

/// A body whose every field is valid.
struct PasswordChange {
    /// `None` where it is longer than any password can be.
    current: Option<Password>,
    new: Password,
    end_other_sessions: bool,
}

impl PasswordChange {
    fn read(request: &Request, rule: &PasswordRule, own: &Profile) -> Result<Self, Error> {
        let mut fields = Fields::read(request)?;
        let current = fields.required("current_password", |sent| Ok(Password::attempt(sent)));
        let new = fields.required("new_password", |sent| rule.choose(sent, own.own_names()));
        let end_other_sessions = fields.flag("end_other_sessions").unwrap_or(true);
        fields.finish()?;
        Ok(Self {
            current: current.flatten(),
            // `finish` has rejected a body whose new password did not parse.
            new: new.ok_or_else(|| Error::internal("the change of a password", "it has no new one"))?,
            end_other_sessions,
        })
    }
}
