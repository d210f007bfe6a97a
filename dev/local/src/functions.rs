//! The functions as Lambda runs them: each reads only the variables that the template declares for it, and each is called with an
//! event.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sam_template::Template;
use serde_json::Value;
use shared::clock::Clock;
use shared::env::Env;
use shared::function::{Function, HttpFunction};
use shared::lambda::{Served, invoke, ready};
use utoipa::openapi::OpenApi;

use crate::StartError;

/// Every function of the workspace; a new one is a new line.
pub const FUNCTIONS: &[Registered] = &[
    Registered::behind_a_route::<api_keys::ApiKeys>(),
    Registered::without_a_route::<authorizer::Authorizer>(),
    Registered::behind_a_route::<docs::Docs>(),
    Registered::without_a_route::<mailer::Mailer>(),
    Registered::behind_a_route::<me::Me>(),
    Registered::behind_a_route::<pages::FormPages>(),
    Registered::behind_a_route::<recovery::Recovery>(),
    Registered::behind_a_route::<register::Register>(),
    Registered::without_a_route::<rotate_keys::RotateKeys>(),
    Registered::behind_a_route::<sessions::Sessions>(),
    Registered::behind_a_route::<token::Token>(),
    Registered::behind_a_route::<well_known::WellKnown>(),
];

/// Every function of the examples, whose templates are their own.
pub const EXAMPLES: &[Registered] = &[
    Registered::behind_a_route::<links_link::Link>(),
    Registered::behind_a_route::<links_tag::Tag>(),
    Registered::behind_a_route::<links_taglink::Taglink>(),
];

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type Result<T> = std::result::Result<T, shared::function::StartError>;

type StartCallable = for<'a> fn(&'a Env<'a>, &'a Clock) -> Boxed<'a, Result<Callable>>;

/// A function whose type is erased.
#[derive(Clone, Copy)]
pub struct Registered {
    /// The name of its crate.
    pub name: &'static str,
    start: for<'a> fn(&'a Env<'a>, &'a Clock) -> Boxed<'a, Result<()>>,
    openapi: Option<fn() -> OpenApi>,
    callable: Option<StartCallable>,
}

impl Registered {
    const fn behind_a_route<F: HttpFunction>() -> Self {
        Self {
            callable: Some(callable::<F>),
            openapi: Some(F::openapi),
            ..Self::without_a_route::<Served<F>>()
        }
    }

    const fn without_a_route<F: Function>() -> Self {
        Self {
            name: F::NAME,
            start: start::<F>,
            callable: None,
            openapi: None,
        }
    }

    /// Starts the function, which sends nothing, and returns the names of the variables that it read.
    pub async fn variables(&self, env: &Env<'_>) -> Result<BTreeSet<&'static str>> {
        (self.start)(env, &Clock::system()).await?;
        Ok(env.names_read())
    }

    /// Returns what the OpenAPI document says of the function's routes.
    pub fn openapi(&self) -> OpenApi {
        self.openapi.map(|openapi| openapi()).unwrap_or_default()
    }

    /// Starts the function ready to be called with events; `None` where no route leads to it.
    pub async fn callable(&self, env: &Env<'_>, clock: &Clock) -> Result<Option<Callable>> {
        match self.callable {
            Some(callable) => callable(env, clock).await.map(Some),
            None => Ok(None),
        }
    }
}

/// A function that is called with an event.
#[derive(Clone)]
pub struct Callable(Arc<dyn Fn(Value) -> Boxed<'static, Option<Value>> + Send + Sync>);

impl Callable {
    /// Calls the function and returns its response in API Gateway's format; `None` where the invocation fails.
    pub async fn call(&self, event: Value) -> Option<Value> {
        (self.0)(event).await
    }
}

fn start<'a, F: Function>(env: &'a Env<'a>, clock: &'a Clock) -> Boxed<'a, Result<()>> {
    Box::pin(async move { F::start(env, clock).await.map(|_| ()) })
}

fn callable<'a, F: HttpFunction>(env: &'a Env<'a>, clock: &'a Clock) -> Boxed<'a, Result<Callable>> {
    Box::pin(async move {
        let function = Arc::new(ready::<Served<F>>(env, clock).await?);
        Ok(Callable(Arc::new(move |event: Value| {
            let function = Arc::clone(&function);
            Box::pin(async move {
                let response = invoke(&*function, &event.to_string(), "").await;
                serde_json::to_value(response).ok()
            })
        })))
    })
}

/// A callable function with its time limit.
#[derive(Clone)]
pub(crate) struct Limited {
    pub(crate) function: Callable,
    /// How long one invocation may take.
    pub(crate) timeout: Duration,
}

/// The environment of the functions: `settings` are the variables that a deployment would decide, and `overrides`, the reader's
/// environment, comes before the template's defaults.
pub(crate) struct Settings<'a, O> {
    pub(crate) template: &'a Template,
    pub(crate) settings: BTreeMap<&'static str, String>,
    pub(crate) overrides: O,
    pub(crate) clock: &'a Clock,
}

impl<O: Fn(&str) -> Option<String> + Send + Sync> Settings<'_, O> {
    /// Starts every function that a route leads to; the keys are the logical ids.
    pub(crate) async fn start_all(&self) -> std::result::Result<BTreeMap<String, Limited>, StartError> {
        let mut functions = BTreeMap::new();
        for declared in self.template.functions() {
            let registered = FUNCTIONS
                .iter()
                .chain(EXAMPLES)
                .find(|registered| registered.name == declared.package)
                .ok_or_else(|| StartError::UnknownFunction(declared.package.clone()))?;
            let env = Env::new(|name| self.variable(declared, name));
            if let Some(function) = registered.callable(&env, self.clock).await? {
                let timeout = declared.timeout;
                functions.insert(declared.logical_id.clone(), Limited { function, timeout });
            }
        }
        Ok(functions)
    }

    /// Returns the environment of one function.
    pub(crate) fn env(&self, package: &str) -> std::result::Result<Env<'_>, StartError> {
        let declared = self.declared(package)?;
        Ok(Env::new(|name| self.variable(declared, name)))
    }

    /// Returns what the template says of one function.
    pub(crate) fn declared(&self, package: &str) -> std::result::Result<&sam_template::Function, StartError> {
        let mut functions = self.template.functions().iter();
        functions
            .find(|declared| declared.package == package)
            .ok_or_else(|| StartError::UnknownFunction(package.to_owned()))
    }

    fn variable(&self, declared: &sam_template::Function, name: &str) -> Option<String> {
        let default = declared.environment.get(name)?;
        self.settings
            .get(name)
            .cloned()
            .or_else(|| (self.overrides)(name))
            .or_else(|| default.clone())
    }
}
