//! The function `mailer` on the template's table, with a transport that keeps what it gets; SES is a server of the test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;
mod killed;
mod occasions;
mod requests;
mod retries;
mod ses;
mod start;
mod untrusted;
