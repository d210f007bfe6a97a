//! What a refusal costs the store, what the function remembers of it, and what the queue of hashes refuses.

use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use testing::deployment::{Deployment, call};
use testing::event::Event;
use testing::fault_proxy::FaultProxy;

use super::throttle::{DAY, ELSEWHERE, Fixture, HOME, WRONG, wait};
use crate::PASSWORD;

#[tokio::test]
async fn a_refusal_that_is_remembered_says_the_same_as_the_first() {
    let fixture = Fixture::of(Deployment::start().await.with("NETWORK_FAILED_LOG_INS", "20")).await;
    for name in ["johndoe", "nobody"] {
        for _ in 0..7 {
            fixture.time.pass(120);
            assert_eq!(fixture.try_from(ELSEWHERE, name, WRONG).await.status, 401);
        }
        for waits in [120, 120] {
            assert_eq!(
                wait(&fixture.try_from(ELSEWHERE, name, WRONG).await),
                waits,
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_refused_attempt_makes_two_requests_and_none_while_it_is_remembered() {
    let deployment = Deployment::start().await;
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let fixture = Fixture::of(deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint())).await;
    for name in ["johndoe", "nobody"] {
        for _ in 0..9 {
            fixture.time.pass(240);
            assert_eq!(fixture.try_from(HOME, name, WRONG).await.status, 401);
        }
        for _ in 0..2 {
            proxy.reset_counts();
            let started = Instant::now();
            assert_eq!(fixture.try_from(HOME, name, WRONG).await.status, 429);
            assert!(
                started.elapsed() >= Duration::from_millis(30),
                "the time of the store's requests does not show"
            );
            assert_eq!(proxy.operations(), ["BatchGetItem", "UpdateItem"], "{name}");
            proxy.reset_counts();
            assert_eq!(fixture.try_from(HOME, name, WRONG).await.status, 429);
            assert!(proxy.operations().is_empty(), "{name}");
            fixture.time.pass(60);
        }
        fixture.time.pass(DAY);
    }
}

#[tokio::test]
async fn a_refresh_token_that_was_rejected_costs_the_store_nothing_for_a_minute() {
    let deployment = Deployment::start().await;
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let fixture = Fixture::of(deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint())).await;
    let answer = fixture.try_from(HOME, "johndoe", PASSWORD).await;
    let token = answer.body["refresh_token"].as_str().unwrap();
    let none = json!({"M": {}});
    fixture
        .deployment
        .table()
        .set(&fixture.user, "sessions", none)
        .await;
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    for requests in [1, 0, 0] {
        proxy.reset_counts();
        let answer = call(&fixture.function, Event::new("POST", "/token").form(&form)).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (400, &json!("invalid_grant"))
        );
        assert_eq!(proxy.operations().len(), requests);
    }
}

#[tokio::test]
async fn a_flood_that_fills_the_queue_of_hashes_counts_against_no_one() {
    // Dear hashes, so that few requests at once are too many for the queue and not for the store.
    let deployment = Deployment::start().await.with("NETWORK_FAILED_LOG_INS", "100000");
    let deployment = deployment
        .with("ARGON2_MEMORY_KIB", "65536")
        .with("ARGON2_ITERATIONS", "4");
    let fixture = Fixture::of(deployment).await;
    assert_eq!(fixture.status(HOME, PASSWORD).await, 200);
    let log = tempfile::tempfile().unwrap();
    let writer = Arc::new(log.try_clone().unwrap());
    // For all threads: of one thread alone, the lines that another thread wrote first would be lost. No other test fills the queue.
    let subscriber = tracing_subscriber::fmt().with_writer(writer).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (mut owners, mut full, mut round) = (Vec::new(), 0, 0);
    while owners.iter().filter(|status| **status == 503).count() < 6 {
        round += 1;
        assert!(round < 10, "{owners:?}");
        let name = |index| match index {
            57..60 => "johndoe".to_owned(),
            _ => format!("nobody-{round}-{index}"),
        };
        let attempts = (0..60).map(async |index| fixture.try_from(HOME, &name(index), PASSWORD).await.status);
        let statuses = join_all(attempts).await;
        full += statuses.iter().filter(|status| **status == 503).count();
        owners.extend_from_slice(&statuses[57..60]);
    }
    assert!(
        owners.iter().all(|status| matches!(status, 200 | 503)),
        "{owners:?}"
    );
    let item = fixture.item().await;
    assert!(
        item.get(format!("attempts@{HOME}")).is_none(),
        "what was not hashed is not counted: {item}"
    );
    let mut lines = String::new();
    (&log).rewind().unwrap();
    (&log).read_to_string(&mut lines).unwrap();
    let refused = lines.lines().filter(|line| line.contains("limit=Queue"));
    assert_eq!(refused.count(), full);
}
