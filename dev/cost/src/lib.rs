//! What Latchkey costs to run, computed from list prices, measurements and assumptions. `docs/cost.md` is what comes out.
//!
//! All money is in the currency of `prices.toml`; a GB is 2^30 bytes, as AWS counts.

mod assumed;
mod idle;
mod inputs;
mod lambda_time;
mod load;
mod measured;
mod operation_cost;
mod prices;
mod report;
mod request_units;
mod table;

pub use assumed::Assumed;
pub use inputs::{Inputs, InputsError};
pub use report::document;

/// The command that renews `docs/cost.md`.
pub const RENEW: &str = "cargo run -p cost -- --write";

/// Bytes of a GB.
const GB: f64 = 1_073_741_824.0;
