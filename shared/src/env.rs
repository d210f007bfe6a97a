//! The environment: one declaration for each variable, and the reader that checks values against the declarations.
//!
//! A declaration states name, unit, bounds, default and meaning. Checks, messages, `docs/configuration.md` and the test that
//! compares `template.yaml` are derived from it. Values are read once, at the cold start; a wrong value stops the start with a
//! message that names the variable and the rule, and never the value, which may be a secret put in the wrong place.

mod forms;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

pub use forms::{Choice, Color, Endpoint, Flag, Form, HttpsUrl, Number, Origin, Text};

/// Declares each variable in one line: name, form, default (`None` where it must be set) and meaning.
macro_rules! variables {
    ($list:ident, $returns:literal; $($name:ident: $form:ty = $value:expr, $default:expr, $meaning:literal;)*) => {
        $(
            #[doc = concat!("Declares ", $meaning, ".")]
            pub const $name: Variable<$form> =
                Variable { name: stringify!($name), form: $value, default: $default, meaning: $meaning };
        )*
        #[doc = concat!("Returns ", $returns, ", in the order of `docs/configuration.md`.")]
        pub fn $list() -> Vec<Declaration> {
            vec![$($name.declaration()),*]
        }
    };
}

variables! {
    declarations, "the declarations of what `template.yaml` sets";
    TABLE_NAME: Text = Text("a table's name"), None, "the DynamoDB table of users";
    AWS_ENDPOINT_URL_DYNAMODB: Endpoint = Endpoint, Some(""), "the DynamoDB endpoint, if not AWS's";
    ARGON2_MEMORY_KIB: Number = Number { unit: "KiB", min: 7_168, max: 131_072 }, Some("19456"), "the memory of a password hash";
    ARGON2_ITERATIONS: Number = Number { unit: "passes", min: 1, max: 16 }, Some("2"), "the passes of a password hash";
    ARGON2_PARALLELISM: Number = Number { unit: "lanes", min: 1, max: 16 }, Some("1"), "the lanes of a password hash";
    MIN_PASSWORD_LENGTH: Number = Number { unit: "code points as typed", min: 8, max: 64 }, Some("8"), "the shortest password that can be chosen; NIST SP 800-63B-4 asks for 15 where it is the only factor";
    SERVICE_NAME: Text = Text("text"), Some("latchkey"), "the service's name, in log lines; a new password that is made of it is rejected";
    LOGIN_BUDGET_MS: Number = Number { unit: "ms", min: 0, max: 5_000 }, Some("0"), "how long a log-in with wrong credentials takes, less its wait for the hash; 0 for 30 ms and 2.5 times that hash";
    ISSUER: Origin = Origin, None, "the tokens' `iss`, byte for byte";
    AUDIENCE: Text = Text("text; empty for the issuer"), Some(""), "the tokens' `aud`";
    CLIENT_ID: Text = Text("text"), Some("latchkey"), "the tokens' `client_id`";
    SCOPES: Text = Text("scopes, separated by commas"), Some(""), "the scopes that the metadata name; an operator grants them to users";
    ACCESS_TOKEN_SECONDS: Number = Number { unit: "seconds", min: 60, max: 86_400 }, Some("1800"), "how long an access token lives";
    ENABLE_PASSWORD_GRANT: Flag = Flag, Some("true"), "whether the grant `password` is offered";
    ENABLE_REFRESH_TOKENS: Flag = Flag, Some("true"), "whether a log-in begins a session, with a refresh token";
    REFRESH_REPLAY_SECONDS: Number = Number { unit: "seconds", min: 1, max: 3_600 }, Some("30"), "how long a replaced refresh token gets its successor again, and how old one must be to be replaced";
    SESSION_SECONDS: Number = Number { unit: "seconds", min: 60, max: 31_536_000 }, Some("2592000"), "how long a session lives from its log-in";
    SESSION_IDLE_SECONDS: Number = Number { unit: "seconds", min: 60, max: 31_536_000 }, Some("604800"), "how long a session lives from its last use";
    MAX_SESSIONS: Number = Number { unit: "sessions", min: 1, max: 50 }, Some("20"), "how many sessions a user has; the next log-in ends the one that was used longest ago";
    SIGNING_KEYS_SECRET: Text = Text("a secret's ARN or name; exclusive with the file"), Some(""), "the secret of the key ring";
    AWS_ENDPOINT_URL_SECRETS_MANAGER: Endpoint = Endpoint, Some(""), "the Secrets Manager endpoint, if not AWS's";
    SIGNING_KEYS_FILE: Text = Text("a path; exclusive with the secret"), Some(""), "the file of the key ring, in place of the secret";
    NETWORK_FAILED_LOG_INS: Number = Number { unit: "log-ins", min: 1, max: 100_000 }, Some("100"), "how many failed log-ins a network has in 10 minutes before it is refused";
    NETWORK_REGISTRATIONS: Number = Number { unit: "registrations", min: 1, max: 100_000 }, Some("50"), "how many users a network registers in 10 minutes";
    MIGRATION_URL: HttpsUrl = HttpsUrl, Some(""), "the endpoint that is asked whether the password of an unknown name is right; empty for none";
    MIGRATION_SECRET: Text = Text("24 bytes or more in base64, also after `whsec_`; empty without an endpoint"), Some(""), "the secret that signs requests to that endpoint";
    MAIL_FROM: Text = Text("an e-mail address; empty for no mail"), Some(""), "the sender of mails; without one there are no mails, and no routes that ask for one";
    REQUIRE_VERIFIED_EMAIL: Flag = Flag, Some("false"), "whether an address is a claim until it is proved, so that it logs no user in and no one can take it";
    NETWORK_MAILS: Number = Number { unit: "mails", min: 1, max: 100_000 }, Some("100"), "how many mails a network asks for in 10 minutes";
    ADDRESS_MAILS: Number = Number { unit: "mails", min: 1, max: 100_000 }, Some("10"), "how many mails of a kind are asked for to an address in 10 minutes; notices are counted apart; further ones are 429, or left out of a registration or a change";
    NOTIFY_NEW_NETWORK: Flag = Flag, Some("false"), "whether a log-in from a network that is new for the user sends a mail";
    MAIL_KEY_SECRET: Text = Text("a secret's ARN or name; exclusive with the file"), Some(""), "the secret of the key from which mailed tokens are derived";
    MAIL_KEY_FILE: Text = Text("a path; exclusive with the secret"), Some(""), "the file of that key, in place of the secret";
    AWS_ENDPOINT_URL_SESV2: Endpoint = Endpoint, Some(""), "the SES endpoint, if not AWS's";
    UI_LANGUAGE: Choice = Choice(&["en", "de"]), Some("en"), "the language of mails and of the pages that they lead to";
    ACCENT_COLOR: Color = Color, Some("#1d4ed8"), "the colour of buttons in mails and pages";
    ACCENT_COLOR_DARK: Color = Color, Some("#93c5fd"), "the same for those who prefer a dark colour scheme";
    KEY_LEAD_SECONDS: Number = Number { unit: "seconds", min: 2, max: 604_800 }, Some("21600"), "how long a key is published before it signs";
    KEY_ROTATION_SECONDS: Number = Number { unit: "seconds", min: 2, max: 31_536_000 }, Some("2592000"), "how often a key is created; at least the lead";
    KEY_KIND: Choice = Choice(&["RS256", "ES256", "EdDSA"]), Some("RS256"), "the kind of new keys; API Gateway accepts RS256 alone";
    ENABLE_REGISTRATION: Flag = Flag, Some("true"), "whether `POST /register` makes users";
    RESERVED_USERNAMES: Text = Text("usernames, separated by commas"), Some(""), "usernames that no user can choose, in any spelling";
    TRUSTED_PROXIES: Number = Number { unit: "proxies", min: 0, max: 10 }, Some("0"), "how many proxies in front of the gateway have their `X-Forwarded-For` believed; without effect behind an edge";
    EDGE_SECRET: Text = Text("text; empty without an edge"), Some(""), "the secret that the edge sends with every request; without it a request is a 403";
    AUTHORIZER_HEADER: Choice = Choice(&["authorization", "x-api-key", "token", "any"]), Some("authorization"), "the one header that the authorizer reads, its identity source where API Gateway caches; `any` reads all three and forbids an identity source";
    ALLOWED_ORIGINS: Text = Text("origins, separated by commas"), Some(""), "origins whose pages may call the API";
}

variables! {
    sdk_declarations, "the declarations of what every AWS SDK reads, and the template does not set";
    AWS_ENDPOINT_URL: Endpoint = Endpoint, Some(""), "the endpoint of each service that has none of its own";
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: Flag = Flag, Some("false"), "whether all three endpoints are ignored";
    AWS_USE_FIPS_ENDPOINT: Flag = Flag, Some("false"), "whether AWS's FIPS endpoints are called; not with another endpoint";
    AWS_USE_DUALSTACK_ENDPOINT: Flag = Flag, Some("false"), "whether AWS's dual-stack endpoints are called; not with another endpoint";
    AWS_CA_BUNDLE: Text = Text("the path of a file of PEM certificates"), Some(""), "the roots that are trusted, in place of the built-in ones";
    AWS_ACCESS_KEY_ID: Text = Text("an access key's id"), Some(""), "with `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, who signs; without it, `local` signs at another endpoint than AWS's";
}

/// A variable: what it is called, which values it accepts and what it decides.
#[derive(Clone, Copy, Debug)]
pub struct Variable<F> {
    /// The name in the environment.
    pub name: &'static str,
    /// The accepted values.
    pub form: F,
    /// The value where it is not set or empty; `None` where it must be set.
    pub default: Option<&'static str>,
    /// What it decides.
    pub meaning: &'static str,
}

/// A declaration without the type of its values, for lists.
pub struct Declaration {
    /// The name.
    pub name: &'static str,
    /// The default; `None` where the variable must be set.
    pub default: Option<&'static str>,
    /// The accepted values, with unit and bounds.
    pub description: String,
    /// What the variable decides.
    pub meaning: &'static str,
    /// The least and the greatest value, where values are numbers.
    pub bounds: Option<(u32, u32)>,
}

impl<F: Form> Variable<F> {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: self.name,
            default: self.default,
            description: self.form.description(),
            meaning: self.meaning,
            bounds: self.form.bounds(),
        }
    }

    /// Creates the error of a value that breaks `rule`, a phrase that follows the name.
    pub fn error(&self, rule: impl Into<String>) -> EnvError {
        EnvError {
            variable: self.name,
            rule: rule.into(),
        }
    }
}

/// A variable that is missing or wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {rule}")]
pub struct EnvError {
    variable: &'static str,
    rule: String,
}

type Lookup<'a> = dyn Fn(&str) -> Option<String> + Send + Sync + 'a;

/// Reads variables, and records which were read.
pub struct Env<'a> {
    lookup: Box<Lookup<'a>>,
    names_read: Mutex<BTreeSet<&'static str>>,
}

impl<'a> Env<'a> {
    /// Creates a reader over `lookup`, which returns a variable's value.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'a) -> Self {
        Self {
            lookup: Box::new(lookup),
            names_read: Mutex::default(),
        }
    }

    /// Creates a reader over the process's environment.
    pub fn process() -> Self {
        Self::new(process_variable)
    }

    /// Reads a variable; an empty value counts as not set.
    ///
    /// # Errors
    ///
    /// [`EnvError`] where the variable must be set, or has a value of another form.
    pub fn get<F: Form>(&self, variable: &Variable<F>) -> Result<F::Value, EnvError> {
        self.names_read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(variable.name);
        self.sdk(variable)
    }

    /// Reads a variable of [`sdk_declarations`] as [`Env::get`] does, and does not record it: no template sets it.
    ///
    /// # Errors
    ///
    /// As [`Env::get`].
    pub fn sdk<F: Form>(&self, variable: &Variable<F>) -> Result<F::Value, EnvError> {
        let value = (self.lookup)(variable.name)
            .filter(|value| !value.is_empty())
            .or_else(|| variable.default.map(str::to_owned))
            .ok_or_else(|| variable.error("must be set"))?;
        variable
            .form
            .parse(&value)
            .ok_or_else(|| variable.error(variable.form.rule()))
    }

    /// Returns the names of the variables read so far.
    pub fn names_read(&self) -> BTreeSet<&'static str> {
        self.names_read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Returns a variable of the process's environment; `None` where it is not set or not Unicode.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that the ban points to"
)]
pub fn process_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
