//! How log-ins begin sessions, one of which another write may overtake.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::error::Error;
use shared::keys::{Ring, SessionKey};
use shared::scope::Scopes;
use shared::sessions::{Policy, RefreshToken, Rotation};
use shared::users::UserId;
use testing::deployment::call;
use testing::event::log_in;
use testing::fault_proxy::Fault;
use testing::forge::claims;
use testing::rings::shared_ring;

use super::PASSWORD;
use super::sessions::{AFTER_THE_WINDOW, Fixture, START, is_rejected, log_in_now, refresh, refresh_token};

#[tokio::test]
async fn a_log_in_whose_response_was_lost_begins_one_session() {
    let fixture = Fixture::new().await.with("MAX_SESSIONS", "1");
    let function = fixture.function().await;
    let before = log_in_now(&function).await;
    // The attempt's write passes.
    let lost = [Fault::Pass, Fault::HangUpAfterWrite];
    fixture.proxy.script_for("UpdateItem", lost);
    fixture.proxy.reset_counts();
    let token = log_in_now(&function).await;
    assert_eq!(fixture.proxy.count("UpdateItem"), 3, "one, and its retry");
    assert_eq!(fixture.sessions().await.len(), 1);
    assert_eq!(refresh_token(&refresh(&function, &token).await), token);
    is_rejected(&refresh(&function, &before).await);
}

#[tokio::test]
async fn n_14_each_log_in_begins_a_session_and_ends_the_one_used_longest_ago() {
    let fixture = Fixture::new().await.with("MAX_SESSIONS", "3");
    let function = fixture.function().await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(log_in_now(&function).await);
        fixture.time.pass(AFTER_THE_WINDOW);
    }
    // The first is used again, so that the second is the one used longest ago.
    tokens[0] = refresh_token(&refresh(&function, &tokens[0]).await);
    tokens.push(log_in_now(&function).await);
    let mut statuses = Vec::new();
    for token in &tokens {
        statuses.push(refresh(&function, token).await.status);
    }
    assert_eq!(statuses, [200, 400, 200, 200]);
    for _ in 0..3 {
        // As many as a user may have under way at once.
        let answers = join_all((0..5).map(|_| call(&function, log_in("johndoe", PASSWORD)))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    }
    assert_eq!(fixture.sessions().await.len(), 3, "also in parallel");
    // Expired ones leave at the next log-in.
    fixture.time.pass(8 * 86_400);
    log_in_now(&function).await;
    assert_eq!(fixture.sessions().await.len(), 1);
}

#[tokio::test]
async fn a_user_from_before_there_were_sessions_logs_in_also_twice_at_once() {
    let fixture = Fixture::new().await;
    let mut item = fixture.item().await;
    for later in ["sessions", "credential_generation"] {
        item.as_object_mut().unwrap().remove(later);
    }
    fixture.deployment.table().put(item).await;
    let function = fixture.function().await;
    let answers = join_all((0..2).map(|_| call(&function, log_in("johndoe", PASSWORD)))).await;
    for token in answers.iter().map(refresh_token) {
        assert_eq!(refresh_token(&refresh(&function, &token).await), token);
    }
    assert_eq!(fixture.sessions().await.len(), 2);
}

#[tokio::test]
async fn a_log_in_that_is_written_twice_ends_no_session_that_began_in_between() {
    let fixture = Fixture::new().await;
    let users = fixture.deployment.users().await;
    let policy = Policy::read(&fixture.deployment.env()).unwrap().unwrap();
    let ring = Ring::parse(shared_ring()).unwrap();
    let key = ring.session_key(fixture.time.now()).unwrap();
    let ids = ["A", "B", "C", "A"].map(|last| format!("01KAS8M1E0QZ3V5X7Y9A1B3C5{last}"));
    let session = policy.begin(
        first_of(&fixture, &ids[0], key),
        None,
        None,
        Scopes::default(),
        None,
    );
    let mut reads = Vec::new();
    for id in &ids {
        reads.push(fixture.deployment.counted(&fixture.user).await);
        let (read, attempt) = &reads[reads.len() - 1];
        users
            .begin_session(read, attempt, id, &session, 2, &[])
            .await
            .unwrap();
    }
    let (read, attempt) = &reads[2];
    users
        .begin_session(read, attempt, &ids[2], &session, 2, &[])
        .await
        .unwrap();
    assert_eq!(fixture.sessions().await.len(), 2);
}

#[tokio::test]
async fn s_03_a_password_that_changed_or_a_user_disabled_since_ends_a_log_in_under_way() {
    let fixture = Fixture::new().await;
    let users = fixture.deployment.users().await;
    let policy = Policy::read(&fixture.deployment.env()).unwrap().unwrap();
    let ring = Ring::parse(shared_ring()).unwrap();
    let key = ring.session_key(fixture.time.now()).unwrap();
    let under_way = async || fixture.deployment.counted(&fixture.user).await;
    let id = "01KAS8M1E0QZ3V5X7Y9A1B3C5D";
    let session = policy.begin(first_of(&fixture, id, key), None, None, Scopes::default(), None);
    let table = fixture.deployment.table();

    let (read, attempt) = under_way().await;
    table
        .set(&fixture.user, "credential_generation", json!({"N": "1"}))
        .await;
    let begun = users.begin_session(&read, &attempt, id, &session, 20, &[]).await;
    assert!(matches!(begun, Err(Error::WrongCredentials)), "{begun:?}");

    let (read, attempt) = under_way().await;
    users
        .set_disabled(&read.id, true, fixture.time.now())
        .await
        .unwrap();
    let begun = users.begin_session(&read, &attempt, id, &session, 20, &[]).await;
    assert!(matches!(begun, Err(Error::InactiveAtLogIn)), "{begun:?}");

    table.delete(&format!("user#{}", fixture.user), "user").await;
    let begun = users.begin_session(&read, &attempt, id, &session, 20, &[]).await;
    assert!(matches!(begun, Err(Error::WrongCredentials)), "{begun:?}");
    assert_eq!(fixture.item().await, Value::Null, "no write makes a deleted user");
}

fn first_of(fixture: &Fixture, session: &str, key: &SessionKey) -> Rotation {
    let token = RefreshToken::first(&fixture.user, session, fixture.time.now(), key).unwrap();
    Rotation {
        token: token.digest(),
        previous: None,
        salt: None,
        key: *key.id(),
        generation: 0,
        rotated_at: START * 1000,
    }
}

#[tokio::test]
async fn a_token_without_a_session_is_of_the_credentials_that_its_log_in_read() {
    let fixture = Fixture::new().await.with("ENABLE_REFRESH_TOKENS", "false");
    let function = fixture.function().await;
    let generation = async || {
        let answer = call(&function, log_in("johndoe", PASSWORD)).await;
        let jti = claims(answer.body["access_token"].as_str().unwrap())["jti"].clone();
        let (_, generation) = jti.as_str().unwrap().split_once('-').unwrap();
        generation.to_owned()
    };
    assert_eq!(generation().await, "0");
    let users = fixture.deployment.users().await;
    let id = UserId::known(fixture.user.clone());
    for disabled in [true, false] {
        users
            .set_disabled(&id, disabled, fixture.time.now())
            .await
            .unwrap();
    }
    assert_eq!(generation().await, "1");
}
