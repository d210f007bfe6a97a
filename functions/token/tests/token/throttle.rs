//! Guesses are counted before their passwords are hashed, and make the next ones wait.

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, call};
use testing::event::Event;
use token::Token;

use crate::PASSWORD;

pub(crate) const HOME: &str = "192.0.2.1";
pub(crate) const ELSEWHERE: &str = "198.51.100.7";
pub(crate) const WRONG: &str = "wrong horse battery";
pub(crate) const DAY: i64 = 86_400;

pub(crate) struct Fixture {
    pub(crate) deployment: Deployment,
    pub(crate) time: TestClock,
    pub(crate) function: Token,
    pub(crate) user: String,
}

impl Fixture {
    async fn new() -> Self {
        Self::of(Deployment::start().await).await
    }

    pub(crate) async fn of(deployment: Deployment) -> Self {
        let time = TestClock::at(1_800_000_000);
        let deployment = deployment.at(&time);
        Self {
            user: deployment.user("johndoe", PASSWORD).await,
            function: deployment.function::<Token>().await,
            deployment,
            time,
        }
    }

    pub(crate) async fn try_from(&self, network: &str, username: &str, password: &str) -> Answer {
        self.try_with(network, username, password, "").await
    }

    async fn try_with(&self, network: &str, username: &str, password: &str, device_token: &str) -> Answer {
        let form = format!("username={username}&password={password}&device_token={device_token}");
        call(
            &self.function,
            Event::new("POST", "/token").form(&form).from_address(network),
        )
        .await
    }

    async fn fails(&self, network: &str, times: usize) {
        for _ in 0..times {
            assert_eq!(self.try_from(network, "johndoe", WRONG).await.status, 401);
        }
    }

    pub(crate) async fn status(&self, network: &str, password: &str) -> u16 {
        self.try_from(network, "johndoe", password).await.status
    }

    pub(crate) async fn item(&self) -> Value {
        self.deployment
            .table()
            .item(&format!("user#{}", self.user), "user")
            .await
    }
}

pub(crate) fn wait(refused: &Answer) -> i64 {
    assert_eq!(
        (refused.status, &refused.body["error"]),
        (429, &json!("slow_down")),
        "{refused:?}"
    );
    refused.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn t_21_failures_make_the_next_attempts_wait_and_then_longer() {
    let fixture = Fixture::new().await;
    let mut refusals = Vec::new();
    for name in ["johndoe", "nobody", "nobody@example.com", "no%20name%20at%20all"] {
        let mut refused = Vec::new();
        for _ in 0..5 {
            assert_eq!(fixture.try_from(HOME, name, WRONG).await.status, 401, "{name}");
        }
        for seconds in [30, 60, 120, 240, 480, 900, 900, 900] {
            let answer = fixture.try_from(HOME, name, PASSWORD).await;
            assert_eq!(wait(&answer), seconds, "{name}");
            fixture.time.pass(seconds - 1);
            assert_eq!(
                wait(&fixture.try_from(HOME, name, WRONG).await),
                1,
                "{name}: no longer for being refused"
            );
            fixture.time.pass(1);
            assert_eq!(fixture.try_from(HOME, name, WRONG).await.status, 401, "{name}");
            refused.push((answer.body, answer.headers));
        }
        refusals.push(refused);
    }
    assert!(
        refusals.iter().all(|refused| *refused == refusals[0]),
        "{refusals:?}"
    );
}

#[tokio::test]
async fn n_05_of_a_thousand_parallel_guesses_five_are_hashed() {
    let fixture = Fixture::new().await;
    for name in ["johndoe", "nobody"] {
        let guesses = (0..1000).map(|_| fixture.try_from(HOME, name, WRONG));
        // As many at once as one client of DynamoDB serves here within its time.
        let answers = stream::iter(guesses).buffer_unordered(100);
        let statuses: Vec<u16> = answers.map(|answer| answer.status).collect().await;
        let count = |status| statuses.iter().filter(|other| **other == status).count();
        assert_eq!((count(401), count(429)), (5, 995), "{name}");
    }
}

#[tokio::test]
async fn a_stranger_cannot_lock_the_owner_out() {
    let fixture = Fixture::new().await;
    let first = fixture.try_from(HOME, "johndoe", PASSWORD).await;
    let device = first.body["refresh_token"].as_str().unwrap();
    fixture.fails(ELSEWHERE, 5).await;
    assert_eq!(fixture.status(ELSEWHERE, PASSWORD).await, 429);
    assert_eq!(
        fixture.status("203.0.113.9", PASSWORD).await,
        429,
        "all strangers share"
    );
    assert_eq!(fixture.status(HOME, PASSWORD).await, 200, "a remembered network");
    let with_device = fixture.try_with("203.0.113.9", "johndoe", PASSWORD, device).await;
    assert_eq!(with_device.status, 200, "a known device");
    assert_eq!(
        fixture.status("203.0.113.9", PASSWORD).await,
        200,
        "whose network is remembered"
    );
    assert_eq!(
        wait(&fixture.try_from("203.0.113.10", "johndoe", PASSWORD).await),
        30,
        "a success is no attempt to wait by"
    );
    for no_proof in ["", "eyJ", &device[1..]] {
        let answer = fixture
            .try_with("203.0.113.10", "johndoe", PASSWORD, no_proof)
            .await;
        assert_eq!(answer.status, 429, "{no_proof}");
    }
    fixture.time.pass(31 * DAY);
    fixture.fails(ELSEWHERE, 5).await;
    assert_eq!(fixture.status(HOME, PASSWORD).await, 429, "not after 31 days");
    let old = fixture
        .try_with("203.0.113.11", "johndoe", PASSWORD, device)
        .await;
    assert_eq!(old.status, 429, "nor the device");
}

#[tokio::test]
async fn a_device_and_a_remembered_network_are_delayed_only_by_their_own_failures() {
    let fixture = Fixture::new().await;
    let first = fixture.try_from(HOME, "johndoe", PASSWORD).await;
    let device = first.body["refresh_token"].as_str().unwrap();
    for _ in 0..5 {
        assert_eq!(
            fixture.try_with(ELSEWHERE, "johndoe", WRONG, device).await.status,
            401
        );
    }
    assert_eq!(
        wait(&fixture.try_with(ELSEWHERE, "johndoe", PASSWORD, device).await),
        30
    );
    fixture.fails(HOME, 5).await;
    assert_eq!(wait(&fixture.try_from(HOME, "johndoe", PASSWORD).await), 30);
    assert_eq!(
        fixture.status(ELSEWHERE, PASSWORD).await,
        200,
        "neither is a stranger's failure"
    );
}

#[tokio::test]
async fn another_users_refresh_token_proves_no_device() {
    let fixture = Fixture::new().await;
    fixture.deployment.user("mallory", PASSWORD).await;
    let own = fixture.try_from(ELSEWHERE, "mallory", PASSWORD).await;
    fixture.fails(ELSEWHERE, 5).await;
    let token = own.body["refresh_token"].as_str().unwrap();
    assert_eq!(
        fixture
            .try_with(ELSEWHERE, "johndoe", PASSWORD, token)
            .await
            .status,
        429
    );
}

#[tokio::test]
async fn a_success_clears_the_failures_of_its_own_network_and_no_others() {
    let fixture = Fixture::new().await;
    fixture.fails(ELSEWHERE, 2).await;
    fixture.fails(HOME, 2).await;
    assert_eq!(fixture.status(HOME, PASSWORD).await, 200);
    let item = fixture.item().await;
    assert_eq!(item["attempts"]["N"], "2");
    assert_eq!(item[format!("attempts@{ELSEWHERE}")]["N"], "2");
    assert!(item.get(format!("attempts@{HOME}")).is_none());
    fixture.fails(ELSEWHERE, 3).await;
    assert_eq!(fixture.status(ELSEWHERE, PASSWORD).await, 429);
    for _ in 0..3 {
        fixture.fails(HOME, 4).await;
        assert_eq!(fixture.status(HOME, PASSWORD).await, 200);
    }
    assert_eq!(
        fixture.status(ELSEWHERE, PASSWORD).await,
        429,
        "the owner renews no stranger's budget"
    );
}

#[tokio::test]
async fn failures_are_forgotten_a_day_after_the_last_attempt() {
    let fixture = Fixture::new().await;
    fixture.fails(HOME, 5).await;
    fixture.time.pass(DAY - 1);
    fixture.fails(HOME, 1).await;
    assert_eq!(wait(&fixture.try_from(HOME, "johndoe", WRONG).await), 60);
    fixture.time.pass(DAY);
    fixture.fails(HOME, 5).await;
    assert_eq!(wait(&fixture.try_from(HOME, "johndoe", WRONG).await), 30);
}

#[tokio::test]
async fn eight_networks_are_remembered_and_an_attack_from_many_leaves_the_item_small() {
    let fixture = Fixture::new().await;
    for host in 0..10 {
        fixture.time.pass(1);
        assert_eq!(fixture.status(&format!("192.0.2.{host}"), PASSWORD).await, 200);
    }
    let remembered = |item: &Value| {
        let names = item.as_object().unwrap().keys();
        names.filter(|name| name.starts_with("logged_in_at@")).count()
    };
    assert_eq!(remembered(&fixture.item().await), 8);
    for host in 0..60 {
        fixture.time.pass(901);
        assert_eq!(fixture.status(&format!("198.51.100.{host}"), WRONG).await, 401);
    }
    let item = fixture.item().await;
    let own = item
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| name.starts_with("attempts@"))
        .count();
    assert!(own <= 24, "{own}");
    assert_eq!(remembered(&item), 8);
    assert_eq!(fixture.status("198.51.100.61", PASSWORD).await, 429);
}

#[tokio::test]
async fn hundreds_of_devices_with_old_failures_leave_with_the_successes() {
    let fixture = Fixture::new().await;
    let table = fixture.deployment.table();
    for device in 0..300 {
        let key = format!("01KAS8M1E0QZ3V5X7Y9A1B3{device:03}");
        let old = (fixture.time.now().unix() - 2 * DAY) * 1000;
        for (name, number) in [("attempts", 1), ("attempted_at", old)] {
            let value = json!({"N": number.to_string()});
            table.set(&fixture.user, &format!("{name}@{key}"), value).await;
        }
    }
    for _ in 0..6 {
        assert_eq!(fixture.status(HOME, PASSWORD).await, 200);
    }
    let item = fixture.item().await;
    let left = item
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| name.starts_with("attempt"));
    let left: Vec<&String> = left.filter(|name| name.contains('@')).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_network_that_failed_too_often_is_refused_for_all_names_but_where_it_is_known() {
    let fixture = Fixture::of(Deployment::start().await.with("NETWORK_FAILED_LOG_INS", "20")).await;
    assert_eq!(fixture.status(HOME, PASSWORD).await, 200);
    for index in 0..20 {
        let name = format!("nobody-{index}");
        assert_eq!(fixture.try_from(HOME, &name, WRONG).await.status, 401);
    }
    assert_eq!(wait(&fixture.try_from(HOME, "another", WRONG).await), 600);
    fixture.deployment.user("janedoe", PASSWORD).await;
    assert_eq!(wait(&fixture.try_from(HOME, "janedoe", PASSWORD).await), 600);
    assert_eq!(fixture.status(HOME, PASSWORD).await, 200, "whose network it is");
    assert_eq!(fixture.try_from(ELSEWHERE, "janedoe", PASSWORD).await.status, 200);
    fixture.time.pass(600);
    assert_eq!(fixture.try_from(HOME, "another", WRONG).await.status, 401);
}

#[tokio::test]
async fn the_right_password_with_a_scope_or_of_a_disabled_user_is_no_failure() {
    let fixture = Fixture::new().await;
    let form = format!("username=johndoe&password={PASSWORD}&scope=openid");
    for _ in 0..7 {
        let event = Event::new("POST", "/token").form(&form).from_address(HOME);
        assert_eq!(
            call(&fixture.function, event).await.body["error"],
            "invalid_scope"
        );
    }
    fixture
        .deployment
        .table()
        .set(&fixture.user, "disabled", json!({"BOOL": true}))
        .await;
    for _ in 0..7 {
        assert_eq!(
            fixture.try_from(ELSEWHERE, "johndoe", PASSWORD).await.body["detail"],
            "Inactive user"
        );
    }
}
