//! The time from the start of a release binary to its first response, over the same of `hello`, which reads nothing. `me` reads
//! keys and user, `token` the secret, the marker and the user (and hashes), `well-known` the keys.

use std::time::Duration;

use testing::runtime_api::Environment;

use crate::best_hash::BestHash;
use crate::fixture::{Fixture, Variables, binaries, succeeds};
use crate::pairs::Pairs;

/// How long API Gateway's authorizer waits for the discovery.
const DISCOVERY: Duration = Duration::from_millis(1500);

pub(crate) async fn measure(fixture: &Fixture) {
    for (name, http, tls) in [
        ("me", Some(2.0), Some(3.0)),
        ("well-known", Some(2.0), Some(3.0)),
        ("token", None, Some(4.0)),
    ] {
        for (transport, variables, aim) in [("HTTP", &fixture.http, http), ("TLS", &fixture.https, tls)] {
            let mut pairs = Pairs::default();
            for _ in 0..55 {
                let ours = start(fixture, name, variables).await;
                assert!(name != "well-known" || ours < DISCOVERY, "{name}: {ours:?}");
                // A fresh process: its memory is fresh, as that of a cold start.
                let hash = match name {
                    "token" => BestHash::start(fixture.cost()).hash(),
                    _ => Duration::ZERO,
                };
                pairs.push(
                    ours.saturating_sub(hash),
                    start(fixture, "hello", variables).await,
                );
            }
            let less = if name == "token" { " less its hash" } else { "" };
            pairs.print(
                &format!("cold start of {name}{less} / of hello, over {transport}"),
                aim,
            );
        }
    }
}

async fn start(fixture: &Fixture, name: &str, variables: &Variables) -> Duration {
    let event = fixture.event(name, 0);
    let mut environment = Environment::start(&[], &binaries().join(name), variables).await;
    let time = succeeds(&mut environment, &event).await;
    environment.stop().await;
    time
}
