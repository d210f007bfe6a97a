//! What the three functions of this example share: their table, and how they read requests.

mod entity;
mod http;
mod store;

use shared::clock::Clock;
use shared::env::Env;
use shared::function::StartError;
use shared::table::Table;
use shared::tokens::Verifier;

pub use entity::{Entity, Kind, Row};
pub use http::{created, filter, target};
pub use store::{LINKS_TABLE_NAME, Paired, Store};

/// Creates what each of the functions has: the table of links, and what verifies the tokens and API keys of
/// Latchkey's users. Sends nothing.
///
/// # Errors
///
/// [`StartError`] for a wrong variable.
pub async fn start(env: &Env<'_>, clock: &Clock) -> Result<(Store, Verifier), StartError> {
    let latchkey = Table::connect(env).await?;
    let store = Store::new(&latchkey, env)?;
    Ok((store, Verifier::new(latchkey, env, clock)?.with_api_keys()))
}
