//! What operators change of a user.

use shared::clock::Clock;
use shared::error::Error;
use shared::events::Event;
use shared::mail::{Mail, Occasion, Outbox, Sender};
use shared::table::{ROUNDS, contended};
use shared::users::{UserId, Users, Wanted};

use super::{GONE, Named};
use crate::deployment::Deployment;
use crate::output::Done;
use crate::password;

/// Sets whether a user is disabled.
pub(super) async fn set_disabled(users: &Users, named: &Named, disabled: bool) -> Result<Done, String> {
    let user = named.find(users, Wanted::None).await?.user;
    // `updated_at` changes when a shown field does.
    if user.disabled != disabled {
        let now = Clock::system().now();
        changed(users.set_disabled(&user.id, disabled, now).await)?;
        if disabled {
            Event::Disabled {
                user: user.id.as_str(),
            }
            .log();
        }
    }
    Ok(id_of(&user.id))
}

/// Deletes a user.
pub(super) async fn delete(users: &Users, named: &Named) -> Result<Done, String> {
    let mut user = named.find(users, Wanted::None).await?.user;
    let id = user.id.clone();
    for _ in 0..ROUNDS {
        if users
            .delete_as_operator(&user)
            .await
            .map_err(|error| error.to_string())?
        {
            Event::Deleted { user: id.as_str() }.log();
            return Ok(Done {
                text: format!("{}\n", id.as_str()),
                unprinted: format!("the user {} was deleted", id.as_str()),
            });
        }
        // The names changed in between.
        let again = users.find(id.as_str(), Wanted::None).await;
        user = again.map_err(|error| error.to_string())?.ok_or(GONE)?.user;
    }
    Err(contended().to_string())
}

/// Sets a user's password.
pub(super) async fn set_password(
    deployment: &Deployment,
    users: &Users,
    named: &Named,
) -> Result<Done, String> {
    let user = named.find(users, Wanted::None).await?.user;
    let hash = password::hash(&deployment.env(), &user.profile).await?;
    changed(users.reset_password(&user.id, &hash).await)?;
    Event::PasswordChanged {
        user: user.id.as_str(),
    }
    .log();
    Ok(id_of(&user.id))
}

/// Sends a user the mail by which the password is replaced.
pub(super) async fn send_reset(
    deployment: &Deployment,
    users: &Users,
    named: &Named,
) -> Result<Done, String> {
    let said = |error: Error| error.to_string();
    if deployment.stack.is_some() {
        let sender = Sender::read(&deployment.env()).map_err(|error| error.to_string())?;
        sender.ok_or("the stack sends no mail: its parameter MailFrom is empty")?;
    }
    let user = named.find(users, Wanted::None).await?.user;
    if user.disabled {
        return Err("the user is disabled, so that no mail is sent".to_owned());
    }
    let address = user.profile.email.ok_or("the user has no e-mail address")?;
    let now = Clock::system().now();
    let mail = Mail::new(address.as_str(), Occasion::ResetAsked, now).map_err(said)?;
    let outbox = Outbox::new(deployment.table.clone());
    outbox.put(&mail).await.map_err(said)?;
    Ok(id_of(&user.id))
}

/// Ends all sessions of a user, or one.
pub(super) async fn log_out(users: &Users, named: &Named, session: Option<&str>) -> Result<Done, String> {
    let id = named.find(users, Wanted::None).await?.user.id;
    let user = id.as_str();
    match session {
        None => {
            changed(users.log_out(&id).await)?;
            Event::SessionsEnded { user }.log();
        }
        Some(session) => {
            let ended = users.end_session(&id, session, Clock::system().now()).await;
            if !ended.map_err(|error| error.to_string())? {
                return Err("the user has no such session".to_owned());
            }
            Event::SessionEnded { user, session }.log();
        }
    }
    Ok(id_of(&id))
}

/// Rejects a write that found no user.
fn changed(written: Result<bool, Error>) -> Result<(), String> {
    match written {
        Ok(true) => Ok(()),
        Ok(false) => Err(GONE.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn id_of(id: &UserId) -> Done {
    Done::repeatable(format!("{}\n", id.as_str()))
}
