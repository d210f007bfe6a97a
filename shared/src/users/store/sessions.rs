//! The writes of sessions. Each is one conditional update, decided by `sessions/decision.rs`.

use std::collections::HashMap;
use std::fmt::Write as _;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::{Users, Written, of_generation};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::sessions::{Digest, LogIn, Rotation, Session, SessionsState, expiry, log_in, window_millis};
use crate::table::item::{Item, binary};
use crate::table::{ROUNDS, contended};
use crate::users::item;
use crate::users::user::{Credentials, UserId};

/// The replacement of a session's newest refresh token.
#[derive(Debug)]
pub struct Replacement<'a> {
    /// The user.
    pub user: &'a UserId,
    /// The id of the session.
    pub session: &'a str,
    /// The digest of the token that is replaced.
    pub token: Digest,
    /// What replaces it; its time is now.
    pub next: Rotation,
    /// When the session expires then.
    pub expires_at: Timestamp,
    /// How old, at least, the replaced token is, in seconds.
    pub window_seconds: u32,
}

/// What became of a replacement.
#[derive(Debug)]
pub enum Replaced {
    /// The token was replaced.
    Done,
    /// It was not, by this state; `None` where there is no such user.
    Refused(Option<SessionsState>),
}

impl Users {
    /// Begins a session of a user whose password was right, and ends those that are too many.
    ///
    /// # Errors
    ///
    /// [`Error::WrongCredentials`] where the password changed since `user` was read; [`Error::InactiveAtLogIn`] where the user was
    /// disabled.
    pub async fn begin_session(
        &self,
        user: &Credentials,
        id: &str,
        session: &Session,
        max_sessions: u32,
    ) -> Result<(), Error> {
        let generation = user.state.credential_generation;
        let mut state = Some(user.state.clone());
        for _ in 0..ROUNDS {
            let ended = match log_in(state.as_ref(), generation, id, max_sessions, session.created_at) {
                LogIn::Begin(ended) => ended,
                LogIn::Begun => return Ok(()),
                LogIn::Refused => return Err(Error::WrongCredentials),
                LogIn::Disabled => return Err(Error::InactiveAtLogIn),
            };
            let has_map = state.is_some_and(|state| state.sessions.is_some());
            let update = if has_map {
                add_session(self.update(&user.id), id, session, &ended, max_sessions)
            } else {
                (
                    self.update(&user.id)
                        .update_expression("SET sessions = :sessions")
                        .expression_attribute_values(":sessions", only(id, session)),
                    "attribute_not_exists(sessions)".to_owned(),
                )
            };
            let (update, condition) = update;
            let update = update
                .condition_expression(format!(
                    "attribute_exists(pk) AND {} AND {condition}",
                    of_generation(generation)
                ))
                .expression_attribute_values(":generation", AttributeValue::N(generation.to_string()));
            match self.conditional(update).await? {
                Written::Done => return Ok(()),
                Written::Refused(found) => state = found.as_ref().map(item::to_state).transpose()?,
            }
        }
        Err(contended())
    }

    /// Replaces the newest refresh token of a live session by its successor, where it is older than the window; one request.
    pub async fn replace_token(&self, replacement: &Replacement<'_>) -> Result<Replaced, Error> {
        let now = replacement.next.rotated_at;
        let oldest = now.saturating_sub(window_millis(replacement.window_seconds));
        let number = |number: i64| AttributeValue::N(number.to_string());
        let mut update = self
            .update(replacement.user)
            .condition_expression(
                "(attribute_not_exists(disabled) OR disabled = :false) AND sessions.#id.#token = :replaced \
                 AND sessions.#id.#rotated_at < :oldest AND sessions.#id.#expires_at > :now",
            )
            .expression_attribute_names("#id", replacement.session)
            .expression_attribute_values(":false", AttributeValue::Bool(false))
            .expression_attribute_values(":replaced", binary(&replacement.token))
            .expression_attribute_values(":oldest", number(oldest))
            .expression_attribute_values(":now", number(Timestamp::from_millis(now).unix()));
        let mut members = replacement.next.encode();
        members.insert("expires_at".to_owned(), expiry(replacement.expires_at));
        let mut sets = Vec::new();
        for (name, value) in members {
            sets.push(format!("sessions.#id.#{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), &name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        let update = update.update_expression(format!("SET {}", sets.join(", ")));
        Ok(match self.conditional(update).await? {
            Written::Done => Replaced::Done,
            Written::Refused(found) => Replaced::Refused(found.as_ref().map(item::to_state).transpose()?),
        })
    }

    /// Ends a session. Returns `false` where the user has no such session, or it has expired.
    pub async fn end_session(&self, user: &UserId, id: &str, now: Timestamp) -> Result<bool, Error> {
        let update = self
            .update(user)
            .update_expression("REMOVE sessions.#id")
            .condition_expression("sessions.#id.expires_at > :now")
            .expression_attribute_names("#id", id)
            .expression_attribute_values(":now", expiry(now));
        Ok(matches!(self.conditional(update).await?, Written::Done))
    }

    /// Ends all sessions of a user but `kept`, the caller's as it was read.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidToken`] where the caller's has ended meanwhile.
    pub async fn end_other_sessions(
        &self,
        user: &UserId,
        kept: Option<(&str, &Session)>,
    ) -> Result<(), Error> {
        let Some((id, session)) = kept else {
            let update = self
                .update(user)
                .update_expression("SET sessions = :sessions")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_values(":sessions", AttributeValue::M(HashMap::new()));
            return self.conditional(update).await.map(|_| ());
        };
        let mut session = session.clone();
        for _ in 0..ROUNDS {
            // A refresh in between has written a newer token, which must not be undone.
            let update = self
                .update(user)
                .update_expression("SET sessions = :sessions")
                .condition_expression("sessions.#id.#token = :token")
                .expression_attribute_names("#id", id)
                .expression_attribute_names("#token", "token")
                .expression_attribute_values(":token", binary(&session.rotation.token))
                .expression_attribute_values(":sessions", only(id, &session));
            match self.conditional(update).await? {
                Written::Done => return Ok(()),
                Written::Refused(found) => session = remaining(found, id)?,
            }
        }
        Err(contended())
    }
}

/// Returns the session of an id in an item that came back.
///
/// # Errors
///
/// [`Error::InvalidToken`] where it is not there any more.
fn remaining(found: Option<Item>, id: &str) -> Result<Session, Error> {
    let state = found.as_ref().map(item::to_state).transpose()?;
    state
        .and_then(|state| state.sessions)
        .and_then(|mut sessions| sessions.remove(id))
        .ok_or(Error::InvalidToken)
}

/// Encodes the map of one session.
pub(super) fn only(id: &str, session: &Session) -> AttributeValue {
    AttributeValue::M(HashMap::from([(id.to_owned(), session.encode())]))
}

/// Adds a session and removes those that end, on condition that these are still there and no more than allowed remain.
fn add_session(
    mut update: UpdateItemFluentBuilder,
    id: &str,
    session: &Session,
    ended: &[String],
    max_sessions: u32,
) -> (UpdateItemFluentBuilder, String) {
    let mut expression = "SET sessions.#id = :session".to_owned();
    // Absent: a second sending of the write would end the sessions of log-ins in between.
    let mut condition = "attribute_not_exists(sessions.#id) AND size(sessions) < :room".to_owned();
    for (index, ended) in ended.iter().enumerate() {
        let separator = if index == 0 { " REMOVE " } else { ", " };
        let _infallible = write!(expression, "{separator}sessions.#e{index}");
        let _infallible = write!(condition, " AND attribute_exists(sessions.#e{index})");
        update = update.expression_attribute_names(format!("#e{index}"), ended);
    }
    let room = u64::from(max_sessions).saturating_add(ended.len() as u64);
    let update = update
        .update_expression(expression)
        .expression_attribute_names("#id", id)
        .expression_attribute_values(":session", session.encode())
        .expression_attribute_values(":room", AttributeValue::N(room.to_string()));
    (update, condition)
}
