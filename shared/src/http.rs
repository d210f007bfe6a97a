//! HTTP as every endpoint reads and writes it.

pub mod bearer;
pub mod body;
pub mod form;
pub mod headers;
pub mod json;
pub mod request;
