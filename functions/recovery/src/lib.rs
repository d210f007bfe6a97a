//! `POST /request-verify-token`, `POST /verify`, `POST /forgot-password` and `POST /reset-password`: an address is proved, and a forgotten
//! password replaced, by a mail. The routes and their bodies are those of FastAPI Users. `POST /verify-email` and, with the body of a form,
//! `POST /reset-password` come from the pages of `functions/pages`, and so do their responses.

use lambda_http::{Body, Request, Response};
use pages::{Form, Pages};
use shared::clock::Clock;
use shared::env::{Env, NETWORK_MAILS};
use shared::error::{Error, ErrorFormat};
use shared::function::{Function, HttpFunction, StartError};
use shared::guesses::Guesses;
use shared::http::request;
use shared::mail::{MailTokens, Mailing, Occasion};
use shared::passwords::{HashCost, Hasher, LogInBudget, PasswordRule};
use shared::table::Table;
use shared::throttle::{NetworkUse, Refusals};
use shared::tokens::Verifier;
use shared::users::{Networks, Users};
use utoipa::OpenApi;

pub mod api;
mod ask;
mod forms;
mod reset;
mod verify;

/// The path that asks for a mail by which an address is proved.
const ASK_TO_PROVE_PATH: &str = "/request-verify-token";
/// The path that proves an address.
const VERIFY_PATH: &str = "/verify";
/// The path that asks for a mail by which a password is replaced.
const FORGOT_PATH: &str = "/forgot-password";
/// The path that replaces a password.
const RESET_PATH: &str = Form::ResetPassword.path();
/// The path of the form that proves an address.
const VERIFY_FORM_PATH: &str = Form::VerifyEmail.path();

/// The function `recovery`: the users, the tokens of mails without their key, the rule of new passwords and their hasher, and the
/// published keys to verify access tokens by.
pub struct Recovery {
    users: Users,
    tokens: MailTokens,
    guesses: Guesses,
    rule: PasswordRule,
    hasher: Hasher,
    verifier: Verifier,
    /// The mails that networks ask for.
    networks: Networks,
    /// What was refused a moment ago.
    refusals: Refusals,
    /// `None` where there is no mail.
    mailing: Option<Mailing>,
    /// What the forms of mails' links respond with.
    pages: Pages,
    clock: Clock,
}

impl Function for Recovery {
    const NAME: &'static str = "recovery";

    async fn start(env: &Env<'_>, clock: &Clock) -> Result<Self, StartError> {
        let table = Table::connect(env).await?;
        let hasher = Hasher::new(HashCost::read(env)?).with_budget(LogInBudget::read(env)?);
        let limit = env.get(&NETWORK_MAILS)?;
        Ok(Self {
            users: Users::new(table.clone()),
            tokens: MailTokens::new(table.clone()),
            guesses: Guesses::new(table.clone(), env, hasher.clone(), clock)?,
            rule: PasswordRule::read(env)?,
            hasher,
            verifier: Verifier::new(table.clone(), env, clock)?,
            networks: Networks::new(table, NetworkUse::Mail, limit),
            refusals: Refusals::default(),
            mailing: Mailing::read(env)?,
            pages: Pages::read(env)?,
            clock: clock.clone(),
        })
    }

    async fn prepare(&self) -> Result<(), StartError> {
        self.verifier.prepare().await
    }
}

impl HttpFunction for Recovery {
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Problem;

    fn openapi() -> utoipa::openapi::OpenApi {
        api::Document::openapi()
    }

    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        // Where there is no mail, there are no such routes.
        let mailing = self.mailing.ok_or(Error::NotFound)?;
        match request::route(&request) {
            ("POST", ASK_TO_PROVE_PATH, "") => self.ask(mailing, &request, Occasion::ProofAsked).await,
            ("POST", FORGOT_PATH, "") => self.ask(mailing, &request, Occasion::ResetAsked).await,
            ("POST", VERIFY_PATH, "") => self.verify(mailing, &request).await,
            ("POST", RESET_PATH, "") if forms::is_form(&request) => {
                self.respond_to_form(mailing, &request, Form::ResetPassword).await
            }
            ("POST", RESET_PATH, "") => self.reset(mailing, &request).await,
            ("POST", VERIFY_FORM_PATH, "") => {
                self.respond_to_form(mailing, &request, Form::VerifyEmail).await
            }
            _ => Err(Error::NotFound),
        }
    }
}
