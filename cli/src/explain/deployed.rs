//! The log groups of a deployment.
