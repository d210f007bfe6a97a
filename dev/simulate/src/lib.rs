//! A model of the service under load: how many environments, cold starts, reads and refusals a rate of log-ins means.
//!
//! It measures nothing. `assumptions` holds every number from outside, `model` is the simulation, `report` prints it, and
//! `document` keeps the printed section in `docs/load.md`.

pub mod arrivals;
pub mod assumptions;
pub mod concurrency;
pub mod demand;
pub mod document;
pub mod duration;
pub mod environments;
pub mod limit;
pub mod model;
pub mod numbers;
pub mod outcome;
pub mod per_second;
pub mod quotas;
pub mod report;
pub mod scenario;
pub mod time;
