//! `PUT /users/me/password`: another password, by the present one.

use std::sync::Arc;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::authenticate::Caller;
use shared::error::{Code, Error, FieldError, Violation};
use shared::events::{self, Event, Reason};
use shared::guesses::{Asked, Guess, Verified};
use shared::http::client::{self, Network};
use shared::http::json::Fields;
use shared::http::{body, empty};
use shared::passwords::{Password, PasswordRule, StoredHash};
use shared::table::{ROUNDS, contended};
use shared::users::{Attempt, Profile, Subject};

use crate::Me;

impl Me {
    /// Responds 204. The present password is counted as an attempt to log in, by the failures of the caller's own session.
    pub(crate) async fn change_password(&self, request: &Request) -> Result<Response<Body>, Error> {
        body::read(request)?;
        let mut caller = self.caller(request).await?;
        let change = PasswordChange::read(request, &self.rule, &caller.user.profile)?;
        let Some(current) = change.current.map(Arc::new) else {
            Event::LogInFailed {
                subject: events::Subject::User(caller.user.id.as_str()),
                reason: Reason::WrongPassword,
            }
            .log();
            return Err(wrong());
        };
        let new = Arc::new(change.new);
        let network = client::network(request);
        let mut decided: Option<Decided> = None;
        for _ in 0..ROUNDS {
            // A round that a refresh made necessary hashes nothing again.
            let (read, attempt, hash) = match decided.take() {
                Some(Decided {
                    attempt,
                    verified,
                    hash,
                }) => {
                    let read = self.users.credentials_of(&caller.user.id).await?;
                    let read = read.ok_or(Error::InvalidToken)?;
                    if read.hash != verified {
                        return Err(wrong());
                    }
                    (read, attempt, hash)
                }
                None => {
                    let Verified { user, attempt, .. } = self.verified(&caller, &network, &current).await?;
                    match self.hasher.hash(Arc::clone(&new)).await {
                        Ok(hash) => (user, attempt, hash),
                        Err(error) => {
                            // The current password was right: that the new one got no turn is no failure.
                            let now = self.clock.millis();
                            self.users.clear_attempts(&user.id, &attempt, now).await?;
                            return Err(error);
                        }
                    }
                }
            };
            if read.state.disabled {
                return Err(Error::Inactive);
            }
            let own = match caller.session_id() {
                None => None,
                Some(id) => {
                    let own = read.state.sessions.as_ref().and_then(|all| all.get(id));
                    Some((id, own.ok_or(Error::InvalidToken)?))
                }
            };
            let ends_others = change.end_other_sessions;
            let now = self.clock.millis();
            let changed = self
                .users
                .change_password(&read, &attempt, &hash, own, ends_others, now);
            if changed.await? {
                Event::PasswordChanged {
                    user: read.id.as_str(),
                }
                .log();
                return Ok(empty(StatusCode::NO_CONTENT));
            }
            decided = Some(Decided {
                attempt,
                verified: read.hash,
                hash,
            });
            caller = self.caller(request).await?;
        }
        Err(contended())
    }

    /// Returns the caller's credentials, whose password is `current`, and the attempt that was counted before it was verified.
    async fn verified(
        &self,
        caller: &Caller,
        network: &Network,
        current: &Arc<Password>,
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
            password: Arc::clone(current),
        };
        self.guesses.verify(guess).await.map_err(|error| match error {
            Error::WrongCredentials => wrong(),
            error => error,
        })
    }
}

/// What a round has decided: nothing of it is computed again while the password is the one that was verified.
struct Decided {
    attempt: Attempt,
    verified: StoredHash,
    hash: StoredHash,
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
        for field in ["current_password", "new_password"] {
            if !fields.has(field) {
                fields.reject(field, Violation::new(Code::Required, "Is required"));
            }
        }
        let current = fields.text("current_password", |sent| Ok(Password::attempt(sent)));
        let new = fields.text("new_password", |sent| rule.choose(sent, own.own_names()));
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
