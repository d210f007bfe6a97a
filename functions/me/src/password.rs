//! `PUT /users/me/password`: another password, by the present one.

use std::sync::Arc;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::authenticate::Caller;
use shared::error::{Code, Error, FieldError, Violation};
use shared::events::{self, Event, Limit, Reason};
use shared::http::client::{self, Network};
use shared::http::json::Fields;
use shared::http::{body, empty};
use shared::passwords::{Password, PasswordRule, StoredHash, Verdict};
use shared::table::{ROUNDS, contended};
use shared::throttle::Budget;
use shared::users::{Attempt, Attempted, Credentials, Profile, Subject, UserId};

use crate::Me;

impl Me {
    /// Responds 204. The present password is counted as an attempt to log in, by the failures of the caller's own session.
    pub(crate) async fn change_password(&self, request: &Request) -> Result<Response<Body>, Error> {
        body::read(request)?;
        let mut caller = self.caller(request).await?;
        let change = PasswordChange::read(request, &self.rule, &caller.user.profile)?;
        let current = change
            .current
            .ok_or_else(|| failed(caller.user.id.as_str(), Reason::WrongPassword));
        let current = Arc::new(current?);
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
                    let budget = Budget::new(network.clone(), caller.session_id().map(str::to_owned));
                    let (read, attempt) = self.verified(&caller, budget, &network, &current).await?;
                    (read, attempt, self.hasher.hash(Arc::clone(&new)).await?)
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
        budget: Budget,
        network: &Network,
        current: &Arc<Password>,
    ) -> Result<(Credentials, Attempt), Error> {
        let now = self.clock.millis();
        let subject = Subject::User(caller.user.id.clone());
        let asked = (caller.user.id.as_str(), network, caller.session_id());
        if let Some(until) = self.refusals.until(asked, now) {
            return Err(throttled(&caller.user.id, until, now));
        }
        // A session waits by its own failures alone.
        let refused = match caller.session_id() {
            Some(_) => None,
            None => self.networks.refused(network, now).await?,
        };
        let mut attempt = match self.users.attempt(&subject, &budget, refused, now).await? {
            Some(Attempted::Counted(attempt)) => *attempt,
            Some(Attempted::Refused(until)) => {
                self.refusals.remember(asked, until, now);
                return Err(throttled(&caller.user.id, until, now));
            }
            None => return Err(Error::InvalidToken),
        };
        let user = attempt.user.take().ok_or(Error::InvalidToken)?;
        let verdict = self
            .hasher
            .verify(Arc::clone(current), Some(user.hash.clone()))
            .await?;
        let reason = match verdict {
            Verdict::Right { .. } => return Ok((user.credentials()?, attempt)),
            Verdict::Wrong => Reason::WrongPassword,
            Verdict::Unreadable => Reason::UnreadableHash,
        };
        if let Err(error) = self.networks.count(network, self.clock.millis()).await {
            tracing::warn!(%error, "a wrong password was not counted as its network's");
        }
        Err(failed(user.id.as_str(), reason))
    }
}

/// Logs that a present password was rejected, and rejects it.
fn failed(user: &str, reason: Reason) -> Error {
    Event::LogInFailed {
        subject: events::Subject::User(user),
        reason,
    }
    .log();
    wrong()
}

fn throttled(user: &UserId, until: i64, now: i64) -> Error {
    Event::Throttled {
        subject: events::Subject::User(user.as_str()),
        limit: Limit::User,
    }
    .log();
    Error::throttled(until, now)
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
