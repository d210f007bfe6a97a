//! Clients (RFC 6749 section 2): programs that an operator registered. An id that no client has is ignored, as at the tutorials' token
//! endpoints.

mod authentication;
mod client;
mod store;

pub use authentication::PresentedClient;
pub use client::{Client, ClientSecret, GrantType};
pub use store::Clients;

pub(crate) use store::{ATTRIBUTES, decode, key};
