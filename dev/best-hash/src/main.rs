//! Argon2id alone, built for speed (the profile `best`): what `cargo bench -p benches` compares a log-in with. For each line of standard
//! input, memory in KiB and passes, it hashes once and prints the nanoseconds. The first hash is in fresh memory, later ones in kept.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the benchmark reads the output, and ends where it stops"
)]

use std::hint::black_box;
use std::time::Instant;

use argon2::{Algorithm, Argon2, Block, Params, Version};

fn main() {
    let mut memory = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (kib, passes) = line.split_once(' ').unwrap();
        let params = Params::new(kib.parse().unwrap(), passes.parse().unwrap(), 1, Some(32)).unwrap();
        let mut hash = [0; 32];
        let started = Instant::now();
        memory.resize(params.block_count(), Block::default());
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                black_box(b"correct horse battery"),
                b"sixteen bytes it",
                &mut hash,
                &mut memory,
            )
            .unwrap();
        black_box(hash);
        println!("{}", started.elapsed().as_nanos());
    }
}
