//! `/users/me`: the user of an access token, who reads, changes and deletes the account and replaces its password.

use lambda_http::{Body, Request, Response};
use shared::authenticate::{Caller, authenticate};
use shared::clock::{Clock, Timestamp};
use shared::env::Env;
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::guesses::Guesses;
use shared::http::{json, request};
use shared::mail::{Mailing, Sender};
use shared::passwords::{HashCost, Hasher, PasswordRule};
use shared::table::Table;
use shared::tokens::Verifier;
use shared::users::{ReservedUsernames, User, Users};
use utoipa::OpenApi;

pub mod api;
mod change;
mod delete;
mod password;

/// The path of the account.
const PATH: &str = "/users/me";
/// The path of its password.
const PASSWORD_PATH: &str = "/users/me/password";

/// The function `me`: the users, the rule of new passwords and their hasher, and the published keys to verify tokens by.
pub struct Me {
    users: Users,
    guesses: Guesses,
    rule: PasswordRule,
    hasher: Hasher,
    verifier: Verifier,
    reserved: ReservedUsernames,
    /// `None` where there is no mail.
    mailing: Option<Mailing>,
    /// Whether an address is a claim until it is proved.
    requires_proof: bool,
    clock: Clock,
}

impl Function for Me {
    const NAME: &'static str = "me";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let table = Table::connect(env).await?;
        let hasher = Hasher::new(HashCost::read(env)?);
        Ok(Self {
            users: Users::new(table.clone()),
            guesses: Guesses::new(table.clone(), env, hasher.clone(), clock)?,
            rule: PasswordRule::read(env)?,
            hasher,
            verifier: Verifier::new(table, env, clock)?,
            reserved: ReservedUsernames::read(env)?,
            mailing: Mailing::read(env)?,
            requires_proof: Sender::requires_proof(env)?,
            clock: clock.clone(),
        })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.verifier.prepare().await
    }
}

impl HttpFunction for Me {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    fn openapi() -> utoipa::openapi::OpenApi {
        api::Document::openapi()
    }

    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        match request::route(&request) {
            ("GET", PATH, "") => {
                let caller = self.caller(&request).await?;
                json::response(&self.shown(caller.user, self.clock.now()).await?)
            }
            ("PATCH", PATH, "") => self.change(&request).await,
            ("DELETE", PATH, "") => self.delete(&request).await,
            ("PUT", PASSWORD_PATH, "") => self.change_password(&request).await,
            _ => Err(Error::NotFound),
        }
    }
}

impl Me {
    async fn caller(&self, request: &Request) -> Result<Caller, Error> {
        authenticate(&self.verifier, request).await
    }

    /// Returns the user as clients see it: where the address is a claim, without one that another user has proved.
    async fn shown(&self, user: User, now: Timestamp) -> Result<User, Error> {
        let user = self.users.without_void_claim(user, now).await?;
        Ok(user.shown(now))
    }
}
