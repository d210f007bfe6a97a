//! `POST /register`, and its alias `POST /users`: creates a user, where registration is open.

use std::sync::Arc;

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, Response};
use shared::clock::{Clock, Timestamp};
use shared::env::{ENABLE_REGISTRATION, Env, NETWORK_REGISTRATIONS};
use shared::error::{Error, ErrorFormat};
use shared::events::{Event, Limit};
use shared::function::{Function, HttpFunction, StartError};
use shared::http::json::{self, Fields};
use shared::http::{body, client, request};
use shared::mail::{Mailing, Occasion, Outgoing, Sender};
use shared::passwords::{HashCost, Hasher, Password, PasswordRule};
use shared::table::Table;
use shared::throttle::{NetworkUse, Refusal, Refusals, Refused};
use shared::users::{Addresses, Networks, Profile, ReservedUsernames, User, Users};
use utoipa::openapi::OpenApi;

pub mod api;

/// The path of its route.
const PATH: &str = "/register";
/// The path as another tutorial calls it.
const ALIAS: &str = "/users";

/// The function `register`: the users, the rule of new passwords and their hasher.
pub struct Register {
    users: Users,
    /// The registrations of networks.
    networks: Networks,
    /// What was refused a moment ago.
    refusals: Refusals,
    rule: PasswordRule,
    hasher: Hasher,
    is_open: bool,
    /// `None` where there is no mail.
    mailing: Option<Mailing>,
    /// Whether an address is a claim until it is proved.
    requires_proof: bool,
    reserved: ReservedUsernames,
    clock: Clock,
}

impl Function for Register {
    const NAME: &'static str = "register";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let table = Table::connect(env).await?;
        let limit = env.get(&NETWORK_REGISTRATIONS)?;
        Ok(Self {
            users: Users::new(table.clone()),
            networks: Networks::new(table, NetworkUse::Registration, limit),
            refusals: Refusals::default(),
            rule: PasswordRule::read(env)?,
            hasher: Hasher::new(HashCost::read(env)?),
            is_open: env.get(&ENABLE_REGISTRATION)?,
            mailing: Mailing::read(env)?,
            requires_proof: Sender::requires_proof(env)?,
            reserved: ReservedUsernames::read(env)?,
            clock: clock.clone(),
        })
    }
}

impl HttpFunction for Register {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    fn openapi() -> OpenApi {
        api::document()
    }

    /// Responds 201 with the new user.
    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let ("POST", PATH | ALIAS, "") = request::route(&request) else {
            return Err(Error::NotFound);
        };
        if !self.is_open {
            // As behind a token: the length of a body counts before the permission, and what is in it after.
            body::read(&request)?;
            return Err(Error::RegistrationClosed);
        }
        let Registration { profile, password } = self.read(&request)?;
        let network = client::network(&request);
        let millis = self.clock.millis();
        if let Some(refusal) = self.refusals.of(&network, millis) {
            return Err(refusal.reject(millis));
        }
        let hash = self.hasher.hash(Arc::new(password)).await?;
        let now = self.clock.now();
        let mut user = User::new(profile, now)?;
        if self.requires_proof {
            let claimed = Addresses::default().changed(user.profile.email.clone(), true, now);
            user = user.with_addresses(claimed);
        }
        let mails = self.mails(&user, now)?;
        let registered = self
            .users
            .register(&user, &hash, Some((&self.networks, &network, millis)), &mails)
            .await;
        if let Err(Error::Throttled(seconds)) = registered {
            let until = millis.saturating_add(i64::from(seconds).saturating_mul(1000));
            let refusal = Refusal {
                subject: Refused::Unnamed,
                limit: Limit::Registrations,
                until,
            };
            let error = refusal.reject(millis);
            self.refusals.remember(&network, refusal, until, millis);
            return Err(error);
        }
        registered?;
        Event::Registered {
            user: user.id.as_str(),
        }
        .log();
        created(&user.shown(now))
    }
}

fn created(user: &User) -> Result<Response<Body>, Error> {
    let mut response = json::response(user)?;
    *response.status_mut() = StatusCode::CREATED;
    response
        .headers_mut()
        .insert(header::LOCATION, HeaderValue::from_static("/users/me"));
    Ok(response)
}

/// A registration whose every field is valid.
struct Registration {
    profile: Profile,
    password: Password,
}

impl Register {
    /// Returns the mail by which a claimed address is proved, or which says that it was proved before.
    fn mails(&self, user: &User, now: Timestamp) -> Result<Vec<Outgoing>, Error> {
        let (Some(mailing), Some(claim)) = (self.mailing, &user.claim) else {
            return Ok(Vec::new());
        };
        let occasion = Occasion::Claimed {
            user: user.id.as_str().to_owned(),
        };
        Ok(vec![mailing.mail(claim.email.as_str(), occasion, now)?])
    }

    fn read(&self, request: &Request) -> Result<Registration, Error> {
        let mut fields = Fields::read(request)?;
        let profile = Profile::read(&mut fields, &self.reserved);
        let password = fields.required("password", |sent| self.rule.choose(sent, profile.own_names()));
        fields.finish()?;
        Ok(Registration {
            profile,
            // `finish` has rejected a registration whose password did not parse.
            password: password.ok_or_else(|| Error::internal("the registration", "it has no password"))?,
        })
    }
}
