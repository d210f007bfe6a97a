//! What the service costs beside the bare work that it cannot do without: `cargo bench -p benches`. The figures are ratios,
//! each measured in one run, since a machine's speed drifts. `docs/figures.md` says what each means.
