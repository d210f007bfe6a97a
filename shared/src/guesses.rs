//! Verifies passwords that may be guesses: what is remembered as refused is refused without a request, each attempt is counted before its
//! password is hashed, and a wrong one is counted as its network's, too.

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::{Either, select};

use crate::clock::Clock;
use crate::env::{Env, NETWORK_FAILED_LOG_INS};
use crate::error::Error;
use crate::events::{self, Event, Reason};
use crate::function::StartError;
use crate::http::client::Network;
use crate::passwords::{Hasher, Password, Verdict};
use crate::table::Table;
use crate::throttle::{Budget, NetworkUse, Refusal, Refusals, Refused};
use crate::users::{Attempt, Attempted, Credentials, LookedUp, NameKey, Networks, Subject, Users};

/// The users whose passwords are guessed, the failed log-ins of networks, and what was refused a moment ago.
pub struct Guesses {
    users: Users,
    networks: Networks,
    refusals: Refusals,
    hasher: Hasher,
    clock: Clock,
}

/// Who tries to log in as whom: what a refusal is remembered for.
#[derive(Clone, Copy, Hash)]
pub struct Asked<'a> {
    /// The name as it is compared, or the id of the user.
    pub subject: &'a str,
    /// The client's network.
    pub network: &'a Network,
    /// What may prove the client's device: a token that was not opened yet, or the id of a session.
    pub device: Option<&'a str>,
}

/// A guess at a password.
pub struct Guess<'a> {
    /// What a refusal is remembered for.
    pub asked: Asked<'a>,
    /// Whose password it is.
    pub subject: Subject,
    /// The session that proves the device.
    pub device: Option<String>,
    /// Until when the network has failed too often.
    pub network_refused: Option<i64>,
    /// What was typed.
    pub password: Arc<Password>,
    /// When the request's work began, from which the budget of a log-in counts.
    pub begun: Instant,
}

/// A guess that was right.
pub struct Verified {
    /// The user.
    pub user: Credentials,
    /// The counted attempt, to be cleared.
    pub attempt: Attempt,
    /// Whether the stored hash is weaker than a new one.
    pub renew: bool,
}

impl Guesses {
    /// Creates the guard of the users of a table.
    ///
    /// # Errors
    ///
    /// [`StartError`] for a wrong limit.
    pub fn new(table: Table, env: &Env<'_>, hasher: Hasher, clock: &Clock) -> Result<Self, StartError> {
        let limit = env.get(&NETWORK_FAILED_LOG_INS)?;
        Ok(Self {
            users: Users::new(table.clone()),
            networks: Networks::new(table, NetworkUse::FailedLogIn, limit),
            refusals: Refusals::default(),
            hasher,
            clock: clock.clone(),
        })
    }

    /// Rejects what was refused a moment ago; no request.
    ///
    /// # Errors
    ///
    /// [`Error::Throttled`], logged.
    pub fn reject_remembered(&self, asked: Asked<'_>) -> Result<(), Error> {
        let now = self.clock.millis();
        match self.refusals.of(asked, now) {
            Some(refusal) => Err(refusal.reject(now)),
            None => Ok(()),
        }
    }

    /// Returns the user of a name, until when the network has failed too often, and the client of an id; one request.
    pub async fn look_up(
        &self,
        name: Option<&NameKey>,
        network: &Network,
        client: Option<&str>,
    ) -> Result<LookedUp, Error> {
        let now = self.clock.millis();
        let looked_up = self.users.look_up(name, &self.networks, network, client, now);
        looked_up.await
    }

    /// Returns until when the network has failed too often; one read.
    pub async fn network_refused(&self, network: &Network) -> Result<Option<i64>, Error> {
        self.networks.refused(network, self.clock.millis()).await
    }

    /// Counts a guess and verifies it.
    ///
    /// # Errors
    ///
    /// As [`Guesses::verify_or_ask`].
    pub async fn verify(&self, guess: Guess<'_>) -> Result<Verified, Error> {
        match self.verify_or_ask(guess, ready(None::<Infallible>)).await? {
            Either::Left(verified) => Ok(verified),
            Either::Right(never) => match never {},
        }
    }

    /// Counts a guess and verifies it, or returns what `elsewhere` says of an unknown name, which is polled once the attempt is counted and until
    /// the budget of a log-in is over. An unknown name costs what a user costs: the same requests and one hash. A guess that gets no turn in
    /// the queue of hashes is taken back, so that a flood of guesses delays no one.
    ///
    /// # Errors
    ///
    /// Each is logged as the event that it is: [`Error::Throttled`], [`Error::WrongCredentials`], and [`Error::Unavailable`] where too many
    /// hashes are waiting.
    pub async fn verify_or_ask<T>(
        &self,
        guess: Guess<'_>,
        elsewhere: impl Future<Output = Option<T>>,
    ) -> Result<Either<Verified, T>, Error> {
        let Guess {
            asked,
            subject,
            device,
            network_refused,
            password,
            begun,
        } = guess;
        let now = self.clock.millis();
        let budget = Budget::new(asked.network.clone(), device);
        let attempted = self
            .users
            .attempt(&subject, &budget, network_refused, now)
            .await?;
        let attempt = match attempted {
            Some(Attempted::Counted(attempt)) => Some(attempt),
            Some(Attempted::Refused(limit, until)) => {
                let subject = match subject {
                    Subject::User(id) => Refused::User(id.as_str().to_owned()),
                    Subject::Unknown(hash) => Refused::Name(hash),
                };
                let refusal = Refusal {
                    subject,
                    limit,
                    until,
                };
                let error = refusal.reject(now);
                self.refusals.remember(asked, refusal, until, now);
                self.hasher.hide_the_stores_time(begun).await;
                return Err(error);
            }
            // The user was deleted after the marker was read.
            None => None,
        };
        let turn = match self.hasher.turn(begun).await {
            Ok(turn) => turn,
            Err(error) => {
                self.take_back(&subject, attempt.as_deref()).await;
                return Err(error);
            }
        };
        let stored = attempt
            .as_ref()
            .and_then(|attempt| attempt.user.as_ref()?.hash.clone());
        let is_unknown = matches!(subject, Subject::Unknown(_));
        let verifying = pin!(self.hasher.verify(turn, password, stored));
        let verdict = if is_unknown {
            match select(pin!(elsewhere), verifying).await {
                Either::Left((Some(found), _)) => return Ok(Either::Right(found)),
                Either::Left((None, verifying)) => verifying.await?,
                Either::Right((verdict, _)) => {
                    tracing::warn!("the migration endpoint did not respond within the budget of a log-in");
                    verdict?
                }
            }
        } else {
            verifying.await?
        };
        let verified = attempt.and_then(|mut attempt| Some((attempt.user.take()?, attempt)));
        let reason = match (verdict, verified) {
            (Verdict::Right { renew }, Some((candidate, attempt))) => {
                // What was refused while this attempt was under way may be let through now.
                self.refusals.forget(asked);
                self.refusals.forget(Asked {
                    device: None,
                    ..asked
                });
                return Ok(Either::Left(Verified {
                    user: candidate.credentials()?,
                    attempt: *attempt,
                    renew,
                }));
            }
            (Verdict::Unreadable, Some(_)) => Reason::UnreadableHash,
            (_, Some(_)) => Reason::WrongPassword,
            (_, None) => Reason::UnknownUser,
        };
        let subject = match &subject {
            Subject::User(id) => events::Subject::User(id.as_str()),
            Subject::Unknown(hash) => events::Subject::Name(hash),
        };
        Err(self.failed(asked.network, subject, reason).await)
    }

    /// Refuses a guess that was right elsewhere and whose user cannot move in, as one that is wrong: counted, and after the same time. `begun` is when the
    /// request's work began.
    pub async fn refuse_elsewhere(
        &self,
        network: &Network,
        name_hash: &str,
        password: &Password,
        begun: Instant,
    ) -> Error {
        let subject = events::Subject::Name(name_hash);
        let error = self.failed(network, subject, Reason::UnknownUser).await;
        self.hasher.hide_a_verification(password, begun).await;
        error
    }

    /// Counts and logs a failed log-in.
    async fn failed(&self, network: &Network, subject: events::Subject<'_>, reason: Reason) -> Error {
        // The response does not depend on it: the attempt was counted.
        if let Err(error) = self.networks.count(network, self.clock.millis()).await {
            tracing::warn!(%error, "a failed log-in was not counted as its network's");
        }
        Event::LogInFailed { subject, reason }.log();
        Error::WrongCredentials
    }

    /// Takes back an attempt whose hash got no turn. Where that fails, it stays counted.
    async fn take_back(&self, subject: &Subject, attempt: Option<&Attempt>) {
        let Some(attempt) = attempt else { return };
        if let Err(error) = self.users.take_back(subject, attempt).await {
            tracing::warn!(%error, "an attempt without a verdict stays counted");
        }
    }
}
