//! What an operator does to keys, and how what is wrong is found, beside a running service.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod deployed;
mod doctor;
mod explain;
mod hash;
mod keys;
mod running;
