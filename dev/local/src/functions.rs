//! The functions as Lambda runs them: each with its own configuration, of which it gets only what the template names for it,
//! and each called with an event.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use sam_template::Template;
use serde_json::Value;
use shared::app::{App, Function};
use shared::clock::Clock;
use shared::config::Config;
use shared::error::Error;
use shared::lambda::invoke;

use crate::StartError;
use crate::key_ring::KeyRing;

/// A function of the template, ready to be called with an event.
#[derive(Clone)]
pub(crate) struct Callable {
    call: Arc<dyn Fn(Value) -> Answering + Send + Sync>,
    /// How long one invocation may take.
    pub(crate) timeout: std::time::Duration,
}

type Answering = std::pin::Pin<Box<dyn Future<Output = Option<Value>> + Send>>;

impl Callable {
    /// The function's answer in API Gateway's format; `None` where the invocation failed.
    pub(crate) async fn call(&self, event: Value) -> Option<Value> {
        (self.call)(event).await
    }
}

/// The functions by their logical ids. `settings` gives the variables that a deployment would decide; `overrides`, the
/// reader's environment, comes before the template's defaults.
pub(crate) async fn functions(
    template: &Template,
    settings: &BTreeMap<&str, String>,
    overrides: impl Fn(&str) -> Option<String>,
    clock: &Clock,
) -> Result<BTreeMap<String, Callable>, StartError> {
    let mut functions = BTreeMap::new();
    for declared in template.functions() {
        let lookup = |name: &str| variable(declared, settings, &overrides, name);
        let call = match declared.package.as_str() {
            "docs" => callable(docs::FUNCTION, docs::handler, lookup, clock).await?,
            "me" => callable(me::FUNCTION, me::handler, lookup, clock).await?,
            "register" => callable(register::FUNCTION, register::handler, lookup, clock).await?,
            "token" => callable(token::FUNCTION, token::handler, lookup, clock).await?,
            "well-known" => callable(well_known::FUNCTION, well_known::handler, lookup, clock).await?,
            // No route leads to it; here the key ring is a file.
            rotate_keys::NAME => continue,
            other => return Err(StartError::UnknownFunction(other.to_owned())),
        };
        let timeout = declared.timeout;
        functions.insert(declared.logical_id.clone(), Callable { call, timeout });
    }
    Ok(functions)
}

/// The key ring, as the function `rotate-keys` is configured.
pub(crate) async fn key_ring(
    template: &Template,
    settings: &BTreeMap<&str, String>,
    overrides: impl Fn(&str) -> Option<String>,
    clock: &Clock,
) -> Result<KeyRing, StartError> {
    let declared = template
        .functions()
        .iter()
        .find(|declared| declared.package == rotate_keys::NAME);
    let declared = declared.ok_or_else(|| StartError::UnknownFunction(rotate_keys::NAME.to_owned()))?;
    let config = Config::read(rotate_keys::NEEDS, |name| {
        variable(declared, settings, &overrides, name)
    })?;
    let app = App::new(config, clock.clone()).await.map_err(StartError::App)?;
    KeyRing::of(&app)
}

/// A variable of a function: only what the template names for it, decided by this machine, the reader or the template.
fn variable(
    declared: &sam_template::Function,
    settings: &BTreeMap<&str, String>,
    overrides: &impl Fn(&str) -> Option<String>,
    name: &str,
) -> Option<String> {
    let default = declared.environment.get(name)?;
    settings
        .get(name)
        .cloned()
        .or_else(|| overrides(name))
        .or_else(|| default.clone())
}

async fn callable<H, F>(
    function: Function,
    handler: H,
    lookup: impl Fn(&str) -> Option<String>,
    clock: &Clock,
) -> Result<Arc<dyn Fn(Value) -> Answering + Send + Sync>, StartError>
where
    H: Fn(App, Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<Body>, Error>> + Send + 'static,
{
    let config = Config::read(function.needs, lookup)?;
    let app = App::new(config, clock.clone()).await.map_err(StartError::App)?;
    app.load_keys().await?;
    Ok(Arc::new(move |event: Value| {
        let (handler, app) = (handler.clone(), app.clone());
        Box::pin(async move { invoke(function, handler, app, &event.to_string()).await.ok() })
    }))
}
