//! What attackers and a failing store do: forged tokens, hostile bytes, and requests by the thousand over a store that fails. The
//! functions run in this process, as Lambda calls them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::print_stdout,
    reason = "how much ran, and what it met, is worth knowing"
)]

mod faults;
mod forgeries;
mod properties;
mod wycheproof;
