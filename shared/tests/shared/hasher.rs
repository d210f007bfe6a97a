//! How long a verification takes and how many wait. No test compares two times: each shows an order, or that something is not early.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use shared::env::Env;
use shared::error::Error;
use shared::passwords::{HashCost, Hasher, LogInBudget, MAX_WAITING, Password, StoredHash, Verdict};

use super::imported::{PASSWORD, imported};

const CHEAP: HashCost = HashCost {
    memory_kib: 7_168,
    iterations: 1,
    parallelism: 1,
};
/// Takes a second or so.
const DEAR: HashCost = HashCost {
    memory_kib: 131_072,
    iterations: 16,
    parallelism: 1,
};

fn attempt(text: &str) -> Arc<Password> {
    Arc::new(Password::attempt(text.to_owned()).unwrap())
}

/// Verifies a password as soon as it has its turn.
pub(crate) async fn verify_by(
    hasher: &Hasher,
    password: Arc<Password>,
    stored: Option<StoredHash>,
) -> Result<Verdict, Error> {
    let turn = hasher.turn(Instant::now()).await?;
    hasher.verify(turn, password, stored).await
}

async fn hash(cost: HashCost) -> StoredHash {
    Hasher::new(cost).hash(attempt(PASSWORD)).await.unwrap()
}

/// Returns stored hashes of `PASSWORD` of each kind, except for those that no password has, and of all formats.
async fn rows() -> Vec<(String, Option<StoredHash>)> {
    let stronger = HashCost {
        iterations: 2,
        ..CHEAP
    };
    let weaker = HashCost {
        memory_kib: 1_024,
        ..CHEAP
    };
    let mut rows = vec![
        ("no user".to_owned(), None),
        ("today's".to_owned(), Some(hash(CHEAP).await)),
        ("weaker".to_owned(), Some(hash(weaker).await)),
        ("stronger".to_owned(), Some(hash(stronger).await)),
        (
            "unreadable".to_owned(),
            Some(StoredHash::from_store("!".to_owned())),
        ),
    ];
    let of_each_format: BTreeMap<_, _> = imported()
        .into_iter()
        .map(|hash| (hash.format, Some(hash.stored)))
        .collect();
    rows.extend(of_each_format);
    rows
}

#[tokio::test]
async fn n_08_a_wrong_verdict_takes_the_budget_whatever_is_stored() {
    const BUDGET: Duration = Duration::from_millis(100);
    let hasher = Hasher::new(CHEAP).with_budget(LogInBudget::Fixed(BUDGET));
    for (row, stored) in rows().await {
        // A password that NFKC changes may have been hashed in either form, and has the budget twice, whatever is stored.
        for (wrong, budget) in [
            ("wrong horse battery", BUDGET),
            ("wrong hor\u{17f}e battery", BUDGET * 2),
        ] {
            let started = Instant::now();
            let verdict = verify_by(&hasher, attempt(wrong), stored.clone()).await.unwrap();
            assert!(!matches!(verdict, Verdict::Right { .. }), "{row}: {verdict:?}");
            assert!(started.elapsed() >= budget, "{row}, {wrong}");
        }
    }
}

#[tokio::test]
async fn a_right_password_does_not_wait_for_the_budget() {
    let hasher = Hasher::new(CHEAP).with_budget(LogInBudget::Fixed(Duration::from_secs(5)));
    let stored = Some(hash(CHEAP).await);
    tokio::select! {
        verdict = verify_by(&hasher, attempt("wrong horse battery"), stored.clone()) => panic!("{verdict:?} came first"),
        verdict = verify_by(&hasher, attempt(PASSWORD), stored) => {
            assert_eq!(verdict.unwrap(), Verdict::Right { renew: false });
        }
    }
}

#[test]
fn the_budget_is_measured_unless_it_is_set() {
    let read = |value: Option<&str>| {
        let value = value.map(str::to_owned);
        LogInBudget::read(&Env::new(move |_| value.clone())).unwrap()
    };
    let hash = Duration::from_millis(20);
    assert_eq!(read(None), LogInBudget::Measured);
    assert_eq!(read(None).where_a_hash_took(hash), Duration::from_millis(80));
    assert_eq!(read(Some("0")), LogInBudget::Measured);
    assert_eq!(
        read(Some("150")).where_a_hash_took(hash),
        Duration::from_millis(150)
    );
}

#[tokio::test]
async fn n_08_a_hash_by_todays_parameters_always_runs() {
    // Argon2 accepts no less than 8 KiB: where it is really called by today's parameters, it fails.
    let impossible = HashCost {
        memory_kib: 1,
        ..CHEAP
    };
    for (row, stored) in rows().await {
        let hasher = Hasher::new(impossible);
        assert!(
            verify_by(&hasher, attempt(PASSWORD), stored).await.is_err(),
            "{row}"
        );
    }
}

#[tokio::test]
async fn more_hashes_than_may_wait_are_refused_at_once() {
    let hasher = Hasher::new(CHEAP);
    let cores = std::thread::available_parallelism().unwrap().get();
    let sent = cores + MAX_WAITING + 20;
    let results = join_all((0..sent).map(|_| hasher.hash(attempt(PASSWORD)))).await;
    let refused = results
        .iter()
        .filter(|result| matches!(result, Err(Error::Unavailable(_))))
        .count();
    let hashed = results.iter().filter(|result| result.is_ok()).count();
    assert!(refused >= 20, "{refused} of {sent}");
    assert_eq!(hashed + refused, sent);
    assert!(
        hasher.hash(attempt(PASSWORD)).await.is_ok(),
        "there is room again"
    );
}

#[tokio::test]
async fn a_hash_that_gets_no_turn_in_time_is_refused() {
    let hasher = Hasher::new(DEAR);
    let results = join_all((0..MAX_WAITING).map(|_| hasher.hash(attempt(PASSWORD)))).await;
    assert!(results[0].is_ok());
    assert!(matches!(results[MAX_WAITING - 1], Err(Error::Unavailable(_))));
}

#[tokio::test(flavor = "current_thread")]
async fn hashing_does_not_block_the_runtime() {
    let hasher = Hasher::new(HashCost {
        iterations: 24,
        ..CHEAP
    });
    let mut hashing = std::pin::pin!(hasher.hash(attempt("password")));
    let mut turns = 0_u32;
    // On a blocked runtime the other branch would get no turn before the hash is done.
    let hash = loop {
        tokio::select! {
            biased;
            hash = &mut hashing => break hash,
            () = tokio::task::yield_now() => turns += 1,
        }
    };
    assert!(hash.is_ok());
    assert!(turns > 1, "{turns} turns");
}
