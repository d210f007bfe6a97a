//! Instructions of the release binaries, counted by Valgrind: no other load of the machine changes them.

use serde_json::Value;
use testing::event;
use testing::runtime_api::Environment;

use crate::fixture::{Fixture, Variables, binaries};
use crate::record::Record;

pub(crate) async fn measure(fixture: &Fixture, record: &mut Record) {
    let unknown = event::log_in("nobody", "correct horse battery").value().clone();
    let hash = per_log_in(fixture, &unknown, 401).await;
    if !record.row("instructions of a hash in token", hash, Some(140.0)) {
        record.fail("the release profile does not optimise the hash for speed");
    }
    let log_in = per_log_in(fixture, &fixture.event("token", 0), 200).await;
    record.row("instructions of a log-in", log_in, None);
    for (name, transport, variables) in [
        ("me", "HTTP", &fixture.http),
        ("me", "TLS", &fixture.https),
        ("well-known", "TLS", &fixture.https),
    ] {
        let what = format!("instructions of a cold start of {name} over {transport}");
        let counted = count(name, variables, &fixture.event(name, 0), 200, 1).await;
        record.row(&what, counted, None);
    }
}

/// Counts a log-in without the start, which the first one pays.
async fn per_log_in(fixture: &Fixture, event: &Value, status: u16) -> u64 {
    let three = count("token", &fixture.http, event, status, 3).await;
    (three - count("token", &fixture.http, event, status, 1).await) / 2
}

/// Returns the least of five counts: Valgrind is so slow that a TLS handshake may time out and begin again.
async fn count(name: &str, variables: &Variables, event: &Value, status: u16, times: u32) -> u64 {
    let mut counts: Vec<u64> = Vec::new();
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("counts");
        let out = format!("--callgrind-out-file={}", file.display());
        let command = ["valgrind", "--tool=callgrind", &out];
        let mut environment = Environment::start(&command, &binaries().join(name), variables).await;
        let mut served = true;
        for _ in 0..times {
            served &= environment.respond(event).await.0["statusCode"] == status;
        }
        environment.stop().await;
        let text = std::fs::read_to_string(&file).unwrap();
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        counts.extend(
            total
                .filter(|_| served)
                .map(|total| total.parse::<u64>().unwrap()),
        );
    }
    counts.into_iter().min().unwrap()
}
