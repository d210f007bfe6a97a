//! What operators see of users. A password's hash is in none of these types.

use std::io::{self, Write};

use serde::Serialize;
use shared::clock::{Clock, Timestamp};
use shared::scope::Scopes;
use shared::sessions::Session;
use shared::users::{Account, User, Users, Wanted};

use super::Named;
use crate::output::{Done, Output, Row, stream};

/// A user with the scopes that were granted.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    user: User,
    scopes: Scopes,
}

impl Shown {
    fn new(account: Account) -> Self {
        Self {
            user: account.user.shown(Clock::system().now()),
            scopes: account.scopes,
        }
    }
}

impl Row for Shown {
    const COLUMNS: &'static [&'static str] =
        &["id", "username", "email", "full_name", "disabled", "created_at"];

    fn cells(&self) -> Vec<String> {
        let User {
            id,
            profile,
            disabled,
            created_at,
            ..
        } = &self.user;
        vec![
            id.as_str().to_owned(),
            text(&profile.username),
            text(&profile.email),
            text(&profile.full_name),
            disabled.to_string(),
            created_at.to_string(),
        ]
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        vec![
            ("email_verified", self.user.email_verified.to_string()),
            ("updated_at", self.user.updated_at.to_string()),
            ("website", text(&self.user.profile.website)),
            ("scopes", self.scopes.to_string()),
        ]
    }
}

/// A session; nothing of its refresh tokens is in this type.
#[derive(Serialize)]
struct ShownSession {
    id: String,
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
    ip: Option<String>,
    user_agent: Option<String>,
    client_id: Option<String>,
    scopes: Scopes,
}

impl ShownSession {
    fn new(id: String, session: Session) -> Self {
        Self {
            id,
            created_at: session.created_at,
            last_used_at: session.last_used_at(),
            expires_at: session.expires_at,
            ip: session.ip,
            user_agent: session.user_agent,
            client_id: session.client,
            scopes: session.scopes,
        }
    }
}

impl Row for ShownSession {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "created_at",
        "last_used_at",
        "expires_at",
        "ip",
        "user_agent",
        "client_id",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.created_at.to_string(),
            self.last_used_at.to_string(),
            self.expires_at.to_string(),
            text(&self.ip),
            text(&self.user_agent),
            text(&self.client_id),
        ]
    }
}

fn text(value: &Option<impl ToString>) -> String {
    value.as_ref().map_or_else(String::new, ToString::to_string)
}

/// Shows a user.
pub(super) async fn show(users: &Users, named: &Named, output: Output) -> Result<Done, String> {
    let account = named.find(users, Wanted::None).await?;
    Ok(Done::repeatable(output.one(&Shown::new(account))?))
}

/// Prints all users, page by page, as they are read.
pub(super) async fn list(users: &Users, output: Output) -> Result<Done, String> {
    let mut pages = users.accounts();
    let (mut is_first, mut unread) = (true, 0_u64);
    while let Some(page) = pages.next().await.map_err(|error| error.to_string())? {
        let mut rows = Vec::new();
        for (id, account) in page {
            match account {
                Ok(account) => rows.push(Shown::new(account)),
                Err(error) => {
                    unread += 1;
                    // The exit code says that there was one.
                    let _unheard = writeln!(io::stderr(), "user {id}: {error}");
                }
            }
        }
        if !stream(&output.list(&rows, is_first)?)? {
            return Ok(Done::repeatable(String::new()));
        }
        is_first = false;
    }
    match unread {
        0 => Ok(Done::repeatable(String::new())),
        unread => Err(format!("users that cannot be read: {unread}")),
    }
}

/// Lists the live sessions of a user, the newest first.
pub(super) async fn sessions(users: &Users, named: &Named, output: Output) -> Result<Done, String> {
    let account = named.find(users, Wanted::All).await?;
    let now = Clock::system().now();
    // Ids sort by the time of the log-in, in milliseconds.
    let newest_first = account.sessions.into_iter().rev();
    let live = newest_first.filter(|(_, session)| session.is_live(now));
    let live: Vec<ShownSession> = live.map(|(id, session)| ShownSession::new(id, session)).collect();
    Ok(Done::repeatable(output.list(&live, true)?))
}
