//! The cost of the service over the work that it cannot avoid: `cargo bench -p benches`. The figures are ratios, each measured
//! in one run, since a machine's speed drifts. `docs/figures.md` explains each.
