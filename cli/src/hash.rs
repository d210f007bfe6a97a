//! `latchkey hash`: the hash of a password.

use shared::env::{Env, process_variable};
use shared::users::Profile;

use crate::deployment::Options;
use crate::output::Done;
use crate::password;

/// Prints the hash of the password on standard input, at the cost of a stack, or else of the environment.
pub(crate) async fn run(options: &Options) -> Result<Done, String> {
    let owner = Profile::default();
    let hash = if options.stack.is_some() {
        password::hash(&options.connect().await?.env(), &owner).await?
    } else {
        password::hash(&Env::new(process_variable), &owner).await?
    };
    Ok(Done::repeatable(format!("{}\n", hash.as_str())))
}
