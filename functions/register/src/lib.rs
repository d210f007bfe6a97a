//! `POST /register`, and its alias `POST /users`: creates a user, where registration is open.

use std::sync::Arc;

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, Response};
use shared::clock::Clock;
use shared::env::{ENABLE_REGISTRATION, Env, NETWORK_REGISTRATIONS};
use shared::error::{Error, ErrorFormat};
use shared::events::{Event, Limit};
use shared::function::{Function, HttpFunction, StartError};
use shared::http::json::{self, Fields};
use shared::http::{body, client, request};
use shared::passwords::{HashCost, Hasher, Password, PasswordRule};
use shared::table::Table;
use shared::throttle::{NetworkUse, Refusal, Refusals, Refused};
use shared::users::{Networks, Profile, ReservedUsernames, User, Users};
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
        let user = User::new(profile, now)?;
        let registered = self
            .users
            .register(&user, &hash, Some((&self.networks, &network, millis)))
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
        created(&user)
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
