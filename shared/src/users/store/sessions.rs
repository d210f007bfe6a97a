//! The writes of sessions. Each is one conditional update, decided by `sessions/decision.rs`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::attempts::{Attempt, clear};
use super::{Users, when_of_generation};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::mail::Outgoing;
use crate::sessions::{Digest, LogIn, Rotation, Session, SessionsState, expiry, log_in, window_millis};
use crate::table::change::{Change, Written};
use crate::table::item::{Item, binary};
use crate::table::{ROUNDS, contended};
use crate::throttle::Attempts;
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
    /// The client that the session is of.
    pub client: Option<&'a str>,
    /// When the session expires then.
    pub expires_at: Timestamp,
    /// How old, at least, the replaced token is, in seconds.
    pub window_seconds: u32,
}

/// What became of a replacement.
#[derive(Debug)]
pub enum Replaced {
    /// The token was replaced, in an item that had this state before.
    Done(SessionsState),
    /// It was not, by this state; `None` where there is no such user.
    Refused(Option<SessionsState>),
}

/// What became of a revocation.
#[derive(Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The session ended.
    Done,
    /// The user has no such session, or it has expired.
    Unknown,
    /// It was issued to another client, whose id this is, and goes on.
    OfClient(String),
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
        attempt: &Attempt,
        id: &str,
        session: &Session,
        max_sessions: u32,
        mails: &[Outgoing],
    ) -> Result<(), Error> {
        let generation = user.state.credential_generation;
        let now = session.rotation.rotated_at;
        let mut state = Some(user.state.clone());
        let mut attempts = None;
        for _ in 0..ROUNDS {
            let ended = match log_in(state.as_ref(), generation, id, max_sessions, session.created_at) {
                LogIn::Begin(ended) => ended,
                LogIn::Begun => return Ok(()),
                LogIn::Refused => return Err(Error::WrongCredentials),
                LogIn::Disabled => return Err(Error::InactiveAtLogIn),
            };
            let mut change = Change::default();
            change.when("attribute_exists(pk)");
            when_of_generation(&mut change, generation);
            if state.is_some_and(|state| state.sessions.is_some()) {
                add_session(&mut change, id, session, &ended, max_sessions);
            } else {
                let sessions = change.value(only(id, session));
                change.set(format!("sessions = {sessions}"));
                change.when("attribute_not_exists(sessions)");
            }
            clear(&mut change, &attempt.clearing(attempts.as_ref(), now));
            match self.update_announced(&user.id, change, mails).await? {
                Written::Done(_) => return Ok(()),
                Written::Refused(found) => {
                    state = found.as_ref().map(item::to_state).transpose()?;
                    attempts = found.as_ref().map(Attempts::decode).transpose()?;
                }
            }
        }
        Err(contended())
    }

    /// Replaces the newest refresh token of a live session by its successor, where it is older than the window; one request.
    pub async fn replace_token(&self, replacement: &Replacement<'_>) -> Result<Replaced, Error> {
        let now = replacement.next.rotated_at;
        let oldest = now.saturating_sub(window_millis(replacement.window_seconds));
        let mut change = Change::default();
        let session = format!("sessions.{}", change.name(replacement.session));
        let enabled = change.value(AttributeValue::Bool(false));
        change.when(format!("attribute_not_exists(disabled) OR disabled = {enabled}"));
        let (token, replaced) = (change.name("token"), change.value(binary(&replacement.token)));
        change.when(format!("{session}.{token} = {replaced}"));
        when_of_client(&mut change, &session, replacement.client);
        let (rotated_at, oldest) = (change.name("rotated_at"), change.number(oldest));
        change.when(format!("{session}.{rotated_at} < {oldest}"));
        let expires_at = change.name("expires_at");
        let time = change.number(Timestamp::from_millis(now).unix());
        change.when(format!("{session}.{expires_at} > {time}"));
        let mut members = replacement.next.encode();
        members.insert("expires_at".to_owned(), expiry(replacement.expires_at));
        for (name, value) in members {
            let (name, value) = (change.name(name), change.value(value));
            change.set(format!("{session}.{name} = {value}"));
        }
        let key = item::user_key(replacement.user.as_str());
        Ok(match self.table.replace(key, change).await? {
            Written::Done(before) => Replaced::Done(item::to_state(&before.unwrap_or_default())?),
            Written::Refused(found) => Replaced::Refused(found.as_ref().map(item::to_state).transpose()?),
        })
    }

    /// Ends a session. Returns `false` where the user has no such session, or it has expired.
    pub async fn end_session(&self, user: &UserId, id: &str, now: Timestamp) -> Result<bool, Error> {
        let mut change = Change::default();
        let (id, now) = (change.name(id), change.value(expiry(now)));
        change.when(format!("sessions.{id}.expires_at > {now}"));
        change.remove(format!("sessions.{id}"));
        Ok(matches!(self.update(user, change).await?, Written::Done(_)))
    }

    /// Ends a session that was issued to this client or to none.
    pub async fn revoke_session(
        &self,
        user: &UserId,
        id: &str,
        client: Option<&str>,
        now: Timestamp,
    ) -> Result<Revoked, Error> {
        let mut change = Change::default();
        let session = format!("sessions.{}", change.name(id));
        let expired = change.value(expiry(now));
        change.when(format!("{session}.expires_at > {expired}"));
        let name = change.name("client_id");
        let mut is_own = format!("attribute_not_exists({session}.{name})");
        if let Some(client) = client {
            is_own.push_str(&format!(" OR {session}.{name} = {}", change.text(client)));
        }
        change.when(is_own);
        change.remove(session);
        let found = match self.update(user, change).await? {
            Written::Done(_) => return Ok(Revoked::Done),
            Written::Refused(found) => found.as_ref().map(item::to_state).transpose()?,
        };
        let found = found.and_then(|state| state.sessions?.remove(id));
        let issued_to = found
            .filter(|session| session.is_live(now))
            .and_then(|session| session.client);
        Ok(issued_to
            .filter(|issued_to| Some(issued_to.as_str()) != client)
            .map_or(Revoked::Unknown, Revoked::OfClient))
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
            let mut change = Change::default();
            let none = change.value(AttributeValue::M(HashMap::new()));
            change.when("attribute_exists(pk)");
            change.set(format!("sessions = {none}"));
            return self.update(user, change).await.map(|_| ());
        };
        let mut session = session.clone();
        for _ in 0..ROUNDS {
            let mut change = Change::default();
            when_as_read(&mut change, id, &session);
            let kept = change.value(only(id, &session));
            change.set(format!("sessions = {kept}"));
            match self.update(user, change).await? {
                Written::Done(_) => return Ok(()),
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

/// Adds the condition that a session, a path, was issued to a client, or to none that is registered.
fn when_of_client(change: &mut Change, session: &str, client: Option<&str>) {
    let name = change.name("client_id");
    match client {
        Some(client) => {
            let client = change.text(client);
            change.when(format!("{session}.{name} = {client}"));
        }
        None => change.when(format!("attribute_not_exists({session}.{name})")),
    }
}

/// Adds the condition that a session is as it was read: a refresh in between has written a newer token, which must not be undone.
pub(super) fn when_as_read(change: &mut Change, id: &str, session: &Session) {
    let (id, token) = (change.name(id), change.name("token"));
    let read = change.value(binary(&session.rotation.token));
    change.when(format!("sessions.{id}.{token} = {read}"));
}

/// Encodes the map of one session.
pub(super) fn only(id: &str, session: &Session) -> AttributeValue {
    AttributeValue::M(HashMap::from([(id.to_owned(), session.encode())]))
}

/// Adds a session and removes those that end, on condition that these are still there and no more than allowed remain.
fn add_session(change: &mut Change, id: &str, session: &Session, ended: &[String], max_sessions: u32) {
    let id = change.name(id);
    let session = change.value(session.encode());
    let room = i64::from(max_sessions).saturating_add(i64::try_from(ended.len()).unwrap_or(i64::MAX));
    let room = change.number(room);
    change.set(format!("sessions.{id} = {session}"));
    // Absent: a second sending of the write would end the sessions of log-ins in between.
    change.when(format!(
        "attribute_not_exists(sessions.{id}) AND size(sessions) < {room}"
    ));
    for ended in ended {
        let ended = change.name(ended);
        change.remove(format!("sessions.{ended}"));
        change.when(format!("attribute_exists(sessions.{ended})"));
    }
}
