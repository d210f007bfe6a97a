//! The grant `refresh_token` (RFC 6749 section 6), with rotation (RFC 9700 section 4.14.2). `docs/sessions.md` draws it.

use shared::clock::Timestamp;
use shared::error::Error;
use shared::events::Event;
use shared::http::form::Form;
use shared::keys::{Ring, SESSION_KEY_ID_BYTES, SessionKey};
use shared::random;
use shared::scope::Scopes;
use shared::sessions::{Policy, RefreshToken, Rotation, SALT_BYTES, Session, Verdict, verdict};
use shared::tokens::{Grant, ValidWith};
use shared::users::{Replaced, Replacement, UserId, Wanted};
use zeroize::Zeroizing;

use crate::grants::requested;
use crate::{Response, Token, missing};

/// The parameters of the grant.
pub(crate) struct RefreshTokenGrant {
    token: Zeroizing<String>,
    /// The scopes to narrow the access token to, as they were sent.
    scope: Option<Zeroizing<String>>,
}

impl RefreshTokenGrant {
    pub(crate) fn read(form: &mut Form) -> Result<Self, Error> {
        let token = form
            .take("refresh_token")
            .ok_or_else(|| missing("The parameter refresh_token is missing"))?;
        Ok(Self {
            token,
            scope: form.take("scope"),
        })
    }
}

/// The token that the response has, and when its session expires.
struct Continued {
    token: RefreshToken,
    expires_at: Timestamp,
    /// Those of the session that its user still has.
    scopes: Scopes,
}

impl Token {
    /// Continues a session; one request to the store, and a second one where a reuse ends it. Whatever else can reject the grant is
    /// checked before the token is spent.
    pub(crate) async fn refresh_grant(
        &self,
        grant: RefreshTokenGrant,
        policy: &Policy,
    ) -> Result<Response, Error> {
        let Some(token) = self.open(&grant.token).await? else {
            Event::RefreshUnknown {
                user: None,
                session: None,
            }
            .log();
            return Err(Error::InvalidRefreshToken);
        };
        // One time for all, so that no slow write outlasts a session that is live.
        let now = self.clock.millis();
        let time = Timestamp::from_millis(now);
        if self.rejected.of(token.digest(), now).is_some() {
            return Err(rejected(&token, Error::InvalidRefreshToken));
        }
        // Sessions may have been made shorter since.
        if policy.expires_at(token.created_at, time) <= time {
            return Err(rejected(&token, Error::InvalidRefreshToken));
        }
        let narrowed = match &grant.scope {
            Some(scope) => Some(self.narrowed(scope, &token, policy, now).await?),
            None => None,
        };
        let ring = self.signer.ring().await?;
        let signing_key = self.signer.key(&ring)?;
        let (user, session) = (UserId::known(token.user.clone()), token.session.clone());
        let auth_time = token.created_at;
        let continued = self.continued(token, &user, &ring, policy, now).await?;
        let Continued {
            token,
            expires_at,
            scopes,
        } = continued;
        let scopes = narrowed.map_or_else(|| scopes.clone(), |narrowed| narrowed.within(&scopes));
        let grant = Grant {
            user: &user,
            auth_time,
            valid_with: ValidWith::Session(&session, expires_at),
            scopes: &scopes,
        };
        Ok(Response {
            issued: self.signer.issue(&grant, signing_key, time)?,
            refresh_token: Some(token),
            scope: scopes.claim(),
        })
    }

    /// Returns a refresh token that this service sealed, of any generation, or `None`.
    pub(crate) async fn open(&self, text: &str) -> Result<Option<RefreshToken>, Error> {
        let Some(id) = RefreshToken::key_id(text) else {
            return Ok(None);
        };
        let key = self.session_key(id).await?;
        Ok(key.and_then(|key| RefreshToken::open(text, &key)))
    }

    /// Returns the scopes that a refresh asks for. The token is not spent: what else would reject it is found first.
    ///
    /// # Errors
    ///
    /// The token's own, or [`Error::InvalidScope`].
    async fn narrowed(
        &self,
        scope: &str,
        token: &RefreshToken,
        policy: &Policy,
        now: i64,
    ) -> Result<Scopes, Error> {
        let account = self.users.find(&token.user, Wanted::One(&token.session)).await?;
        let account = account.ok_or_else(|| self.rejected_for_good(token, now))?;
        if account.user.disabled {
            return Err(rejected(token, Error::InactiveAtLogIn));
        }
        let session = account.sessions.get(&token.session);
        match (
            verdict(session, token.presented(), now, policy.replay_seconds),
            session,
        ) {
            (Verdict::Reuse, _) => Err(self.reused(token, now).await?),
            (Verdict::Unknown, _) | (_, None) => Err(self.rejected_for_good(token, now)),
            (_, Some(session)) => requested(Some(scope), &session.scopes.within(&account.scopes))
                .map_err(|error| rejected(token, error)),
        }
    }

    /// Ends the session of a token that was used again.
    async fn reused(&self, token: &RefreshToken, now: i64) -> Result<Error, Error> {
        self.users
            .end_session(
                &UserId::known(token.user.clone()),
                &token.session,
                Timestamp::from_millis(now),
            )
            .await?;
        self.rejected.remember(token.digest(), (), i64::MAX, now);
        Event::RefreshReused {
            user: &token.user,
            session: &token.session,
        }
        .log();
        Ok(Error::InvalidRefreshToken)
    }

    /// Rejects a token whose session has ended, and remembers it: no session comes back.
    fn rejected_for_good(&self, token: &RefreshToken, now: i64) -> Error {
        self.rejected.remember(token.digest(), (), i64::MAX, now);
        rejected(token, Error::InvalidRefreshToken)
    }

    async fn session_key(&self, id: [u8; SESSION_KEY_ID_BYTES]) -> Result<Option<SessionKey>, Error> {
        self.signer
            .find_in_ring(|ring| ring.session_key_of(&id).cloned())
            .await
    }

    async fn continued(
        &self,
        token: RefreshToken,
        user: &UserId,
        ring: &Ring,
        policy: &Policy,
        now: i64,
    ) -> Result<Continued, Error> {
        let time = Timestamp::from_millis(now);
        let expires_at = policy.expires_at(token.created_at, time);
        let key = self.newest_session_key(ring)?;
        let salt: [u8; SALT_BYTES] = random::bytes()?;
        let successor = token.successor(&salt, time, key)?;
        let presented = token.presented();
        let replacement = Replacement {
            user,
            session: &token.session,
            token: presented.digest,
            next: Rotation {
                token: successor.digest(),
                previous: Some(presented.digest),
                salt: Some(salt),
                key: *key.id(),
                generation: successor.generation,
                rotated_at: now,
            },
            expires_at,
            window_seconds: policy.replay_seconds,
        };
        let state = match self.users.replace_token(&replacement).await? {
            Replaced::Done(state) => {
                Event::Refreshed {
                    user: user.as_str(),
                    session: &token.session,
                }
                .log();
                let session = state.sessions.as_ref().and_then(|all| all.get(&token.session));
                return Ok(Continued {
                    token: successor,
                    expires_at,
                    scopes: session
                        .map(|session| session.scopes.within(&state.scopes))
                        .unwrap_or_default(),
                });
            }
            Replaced::Refused(state) => state.ok_or_else(|| self.rejected_for_good(&token, now))?,
        };
        if state.disabled {
            return Err(rejected(&token, Error::InactiveAtLogIn));
        }
        let session = state.sessions.as_ref().and_then(|all| all.get(&token.session));
        match (verdict(session, presented, now, policy.replay_seconds), session) {
            (Verdict::Repeat, Some(session)) => {
                Event::Refreshed {
                    user: user.as_str(),
                    session: &token.session,
                }
                .log();
                Ok(Continued {
                    token,
                    expires_at: session.expires_at,
                    scopes: session.scopes.within(&state.scopes),
                })
            }
            (Verdict::Replay, Some(session)) => self.replayed(&token, session, &state.scopes).await,
            (Verdict::Reuse, _) => Err(self.reused(&token, now).await?),
            (Verdict::Rotate | Verdict::Overtaken, _) => Err(Error::unavailable(
                "the store",
                "the session changed while its token was presented",
            )),
            (Verdict::Unknown | Verdict::Repeat | Verdict::Replay, _) => {
                Err(self.rejected_for_good(&token, now))
            }
        }
    }

    /// Derives the successor that the token was replaced by.
    async fn replayed(
        &self,
        token: &RefreshToken,
        session: &Session,
        granted: &Scopes,
    ) -> Result<Continued, Error> {
        let rotation = &session.rotation;
        let key = self.session_key(rotation.key).await?;
        let (Some(key), Some(salt)) = (key, &rotation.salt) else {
            return Err(rejected(token, Error::InvalidRefreshToken));
        };
        let successor = token.successor(salt, Timestamp::from_millis(rotation.rotated_at), &key)?;
        if successor.digest() != rotation.token {
            return Err(rejected(token, Error::InvalidRefreshToken));
        }
        Event::RefreshReplayed {
            user: &token.user,
            session: &token.session,
        }
        .log();
        Ok(Continued {
            token: successor,
            expires_at: session.expires_at,
            scopes: session.scopes.within(granted),
        })
    }

    /// Returns the session key that seals new tokens.
    pub(crate) fn newest_session_key<'a>(&self, ring: &'a Ring) -> Result<&'a SessionKey, Error> {
        ring.session_key(self.clock.now())
            .ok_or_else(|| Error::unavailable("the keys", "no session key of the ring may seal now"))
    }
}

/// Logs that a refresh is rejected, and returns its error.
fn rejected(token: &RefreshToken, error: Error) -> Error {
    Event::RefreshUnknown {
        user: Some(&token.user),
        session: Some(&token.session),
    }
    .log();
    error
}
