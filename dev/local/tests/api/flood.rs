//! A flood of log-ins: what has no place in the queue of hashes is refused, and other routes respond meanwhile.

use std::cell::Cell;

use futures_util::future::join;
use futures_util::{StreamExt, stream};
use shared::passwords::MAX_WAITING;

use crate::running::{PASSWORD, Response, Running};

/// How many rounds of log-ins there are.
const ROUNDS: usize = 3;

#[tokio::test]
async fn a_flood_of_log_ins_is_refused_in_part_and_users_me_responds_meanwhile() {
    // The deployed cost, so that the flood lasts; and a network that is not refused for its failures.
    let service = Running::start_with(&[
        ("ARGON2_MEMORY_KIB", "19456"),
        ("ARGON2_ITERATIONS", "2"),
        ("NETWORK_FAILED_LOG_INS", "100000"),
    ])
    .await;
    let token = format!("Bearer {}", service.token("johndoe").await);
    let cores = std::thread::available_parallelism().unwrap().get();
    // More than may wait for a hash.
    let at_a_time = MAX_WAITING + cores + 10;
    let is_over = Cell::new(false);
    let flood = async {
        let log_ins = (0..at_a_time * ROUNDS)
            .map(async |number| service.log_in(&format!("nobody{number}"), PASSWORD).await);
        let responses: Vec<Response> = stream::iter(log_ins).buffer_unordered(at_a_time).collect().await;
        is_over.set(true);
        responses
    };
    let reads = async {
        let mut meanwhile = 0;
        while !is_over.get() {
            let response = service.me(&token).await;
            // A machine with other work may not get to the store in time.
            assert!(matches!(response.status, 200 | 503), "{response:?}");
            meanwhile += usize::from(response.status == 200);
        }
        meanwhile
    };
    let (responses, meanwhile) = join(flood, reads).await;
    let count = |status| {
        responses
            .iter()
            .filter(|response| response.status == status)
            .count()
    };
    for response in responses.iter().filter(|response| response.status == 503) {
        response.is_oauth(503, "temporarily_unavailable");
        assert_eq!(response.header("retry-after"), "1");
    }
    let (wrong, refused) = (count(401), count(503) + count(429));
    assert_eq!(wrong + refused, responses.len(), "{responses:?}");
    assert!(wrong > 0 && count(503) > 0, "{wrong} hashed, {refused} refused");
    // They are sent one after the other: had each waited for the hashes before it, there would be no more than rounds of log-ins.
    assert!(meanwhile > ROUNDS, "{meanwhile} requests for the user meanwhile");
    // There is room again.
    assert_eq!(service.log_in("johndoe", PASSWORD).await.status, 200);
}
