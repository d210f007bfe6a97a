//! The store's condition of an attempt says what the pure decision says.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::http::client::Network;
use shared::table::Table;
use shared::throttle::{Attempts, Budget, Counter, Decision};
use shared::users::{Attempted, Subject, UserId, Users};
use testing::deployment::Deployment;
use testing::fault_proxy::FaultProxy;

use super::throttle::{DAY, Fixture, HOME};

/// Returns the next of a fixed sequence of choices.
fn pick<T: Copy>(seed: &mut u64, choices: &[T]) -> T {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    choices[usize::try_from(*seed >> 33).unwrap() % choices.len()]
}

/// Returns what an item says of attempts; none is as much as 0.
fn shown(item: &Value) -> BTreeMap<String, Value> {
    let all = item.as_object().unwrap().iter();
    let attempts = all.filter(|(name, value)| name.starts_with("attempt") && value["N"] != "0");
    attempts
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[tokio::test]
async fn the_stores_condition_lets_through_what_the_decision_does() {
    let deployment = Deployment::start().await;
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let table = deployment.table();
    let fixture = Fixture::of(deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint())).await;
    let users = Users::new(Table::connect(&fixture.deployment.env()).await.unwrap());
    let bare = fixture.item().await;
    let now = fixture.time.clock().millis();
    let device = "01KAS8M1E0QZ3V5X7Y9A1B3C5D";
    let counts: [Option<u32>; 12] = [
        None,
        Some(1),
        Some(4),
        Some(5),
        Some(6),
        Some(7),
        Some(8),
        Some(9),
        Some(10),
        Some(23),
        Some(24),
        Some(40),
    ];
    let ages = [
        0, 29_999, 30_000, 59_999, 60_000, 240_000, 479_999, 899_999, 900_000, 86_399_999, 86_400_000,
        90_000_000,
    ];
    let (mut seed, mut seen) = (7, BTreeMap::new());
    for round in 0..300 {
        let (mut attempts, mut item) = (Attempts::default(), bare.clone());
        let mut set = |name: String, number: i64| item[name] = json!({"N": number.to_string()});
        if let Some(count) = pick(&mut seed, &counts) {
            attempts.strangers = Counter {
                attempts: count,
                at: now - pick(&mut seed, &ages),
            };
            set("attempts".to_owned(), i64::from(count));
            set("attempted_at".to_owned(), attempts.strangers.at);
        }
        attempts.in_a_row = pick(&mut seed, &[0, 99, 100]);
        set("attempts_in_a_row".to_owned(), i64::from(attempts.in_a_row));
        let is_device = pick(&mut seed, &[false, false, true]);
        let key = if is_device { device } else { HOME };
        if let Some(count) = pick(&mut seed, &counts) {
            let own = Counter {
                attempts: count,
                at: now - pick(&mut seed, &ages),
            };
            attempts.own.insert(key.to_owned(), own);
            set(format!("attempts@{key}"), i64::from(count));
            set(format!("attempted_at@{key}"), own.at);
        }
        if let Some(days) = pick(&mut seed, &[None, Some(1), Some(29), Some(30), Some(31)]) {
            let at = now - days * DAY * 1000;
            attempts.networks.insert(HOME.to_owned(), at);
            set(format!("logged_in_at@{HOME}"), at);
            set(format!("weight@{HOME}"), 0);
        }
        let before = shown(&item);
        table.put(item).await;
        let budget = Budget::new(
            Network::of(HOME.parse().ok()),
            is_device.then(|| device.to_owned()),
        );
        let over = pick(&mut seed, &[None, None, Some(now + 1000)]);
        let decided = attempts.decide(&budget, now, over);
        proxy.reset_counts();
        let subject = Subject::User(UserId::known(fixture.user.clone()));
        let attempted = users
            .attempt(&subject, &budget, over, now)
            .await
            .unwrap()
            .unwrap();
        let (kind, requests) = match (&decided, &attempted) {
            (Decision::Wait(limit, until), Attempted::Refused(by, refused))
                if (limit, until) == (by, refused) =>
            {
                ("refused", 1)
            }
            (Decision::Count, Attempted::Counted(_)) => ("counted", 1),
            (Decision::Renew(_), Attempted::Counted(_)) => ("renewed", 2),
            (decided, attempted) => {
                panic!("{round}: {attempts:?} {budget:?} {over:?}: {decided:?}, {attempted:?}")
            }
        };
        assert_eq!(
            proxy.operations().len(),
            requests,
            "{round}: {attempts:?} {budget:?} {over:?}: {decided:?}"
        );
        let expected = match decided {
            Decision::Wait(..) => attempts,
            Decision::Count => attempts.counted(&budget, now),
            Decision::Renew(renewed) => renewed,
        };
        let item = fixture.item().await;
        let number = |name: String| {
            item[name]["N"]
                .as_str()
                .map_or(0, |number| number.parse().unwrap())
        };
        let own = expected.own.get(key).copied().unwrap_or_default();
        assert_eq!(
            (
                number("attempts".to_owned()),
                number(format!("attempts@{key}")),
                number("attempts_in_a_row".to_owned())
            ),
            (expected.strangers.attempts, own.attempts, expected.in_a_row),
            "{round}: {kind}"
        );
        if let (Attempted::Counted(attempt), "counted") = (&attempted, kind) {
            users.take_back(&subject, attempt).await.unwrap();
            assert_eq!(shown(&fixture.item().await), before, "{round}: taken back");
        }
        *seen.entry(kind).or_insert(0) += 1;
    }
    assert!(
        seen.len() == 3 && seen.values().all(|times| *times > 15),
        "{seen:?}"
    );
}
