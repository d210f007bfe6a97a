//! What the token endpoint does to the store, and its responses while the store or the keys are unavailable. The tests of the
//! package `local` show the HTTP contract.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod clients;
mod condition;
mod introspection;
mod keys;
mod log_ins;
mod migration;
mod refresh_token;
mod refusals;
mod scopes;
mod secrets;
mod sessions;
mod throttle;

use std::time::Instant;

use serde_json::{Value, json};
use testing::deployment::{Answer, Deployment, call};
use testing::event::log_in;
use testing::fault_proxy::{Fault, FaultProxy};
use testing::rings::shared_ring;
use token::Token;

const PASSWORD: &str = "correct horse battery";
/// The row of FastAPI's tutorials: `swordfish`.
const TUTORIALS: &str = "$2b$12$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga";

/// Starts a deployment whose functions reach the engine through a proxy.
async fn behind_proxy() -> (Deployment, FaultProxy) {
    let deployment = Deployment::start().await;
    let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
    let deployment = deployment.with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint());
    (deployment, proxy)
}

async fn try_log_in(function: &Token, username: &str, password: &str) -> Answer {
    call(function, log_in(username, password)).await
}

async fn stored_hash(deployment: &Deployment, id: &str) -> String {
    let item = deployment.table().item(&format!("user#{id}"), "user").await;
    item["password_hash"]["S"].as_str().unwrap().to_owned()
}

fn is_unavailable(response: &Answer) {
    assert_eq!(
        (response.status, &response.body["error"]),
        (503, &json!("temporarily_unavailable")),
        "{response:?}"
    );
    assert!(response.header("retry-after").parse::<u32>().unwrap() > 0);
}

#[tokio::test]
async fn t_08_a_log_in_makes_three_store_requests_whether_or_not_the_name_exists() {
    let (deployment, proxy) = behind_proxy().await;
    deployment.user("johndoe", PASSWORD).await;
    let function = deployment.function::<Token>().await;
    let deployment = deployment.with("ENABLE_REFRESH_TOKENS", "false");
    let without_sessions = deployment.function::<Token>().await;
    for (username, password, status) in [
        ("johndoe", PASSWORD, 200),
        ("johndoe", "wrong horse battery", 401),
        ("nobody", PASSWORD, 401),
        ("nobody@example.com", PASSWORD, 401),
        ("no name at all", PASSWORD, 401),
    ] {
        for function in [&function, &without_sessions] {
            proxy.reset_counts();
            assert_eq!(
                try_log_in(function, username, password).await.status,
                status,
                "{username}"
            );
            // The marker with the network's counter; the counted attempt; then the session and what is cleared, or the failure as the
            // network's.
            assert_eq!(
                proxy.operations(),
                ["BatchGetItem", "UpdateItem", "UpdateItem"],
                "{username}"
            );
        }
    }
}

#[tokio::test]
async fn the_tutorials_row_logs_in_and_is_renewed_once() {
    let (deployment, proxy) = behind_proxy().await;
    let id = deployment.user_with_hash("johndoe", TUTORIALS).await;
    let before = deployment.table().item(&format!("user#{id}"), "user").await;
    let function = deployment.function::<Token>().await;
    assert_eq!(try_log_in(&function, "johndoe", "Swordfish").await.status, 401);
    assert_eq!(
        stored_hash(&deployment, &id).await,
        TUTORIALS,
        "a wrong password renews nothing"
    );

    proxy.reset_counts();
    assert_eq!(try_log_in(&function, "johndoe", "swordfish").await.status, 200);
    assert_eq!(
        proxy.operations(),
        ["BatchGetItem", "UpdateItem", "UpdateItem", "UpdateItem"]
    );
    let mut after = deployment.table().item(&format!("user#{id}"), "user").await;
    assert!(
        after["password_hash"]["S"]
            .as_str()
            .unwrap()
            .starts_with("$argon2id$v=19$m=7168,t=1,p=1$")
    );
    after
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !name.contains("attempt") && !name.contains('@'));
    for changed in ["password_hash", "sessions"] {
        after[changed] = before[changed].clone();
    }
    assert_eq!(after, before, "nothing else changes, not even updated_at");

    proxy.reset_counts();
    assert_eq!(try_log_in(&function, "johndoe", "swordfish").await.status, 200);
    assert_eq!(proxy.count("UpdateItem"), 2, "the attempt and the session alone");
}

#[tokio::test]
async fn a_bcrypt_row_stays_when_the_password_is_longer_than_bcrypt_reads() {
    let deployment = Deployment::start().await;
    let long = "x".repeat(80);
    let stored = bcrypt::hash(&long, 4).unwrap();
    let id = deployment.user_with_hash("johndoe", &stored).await;
    let function = deployment.function::<Token>().await;
    assert_eq!(try_log_in(&function, "johndoe", &long).await.status, 200);
    assert_eq!(stored_hash(&deployment, &id).await, stored);
}

#[tokio::test]
async fn rows_of_other_systems_log_in_as_typed_and_are_renewed() {
    let deployment = Deployment::start().await;
    let function = deployment.function::<Token>().await;
    // From shared/tests/shared/hashes.
    for (name, password, stored) in [
        (
            "aspnet",
            "my password",
            "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
        ),
        (
            "django",
            "correct horse battery",
            "pbkdf2_sha256$1000$m9y9NMga3aqduYcF8yVXdq$6XsC2QudQJrm+9uALl/w7fLWLYEh9L4D8pa0b1jB6XY=",
        ),
        (
            "wordpress",
            "correct horse battery",
            "$P$Bh0Dd7Z9nPieIhD5tv9O88njukdGvL.",
        ),
    ] {
        let id = deployment.user_with_hash(name, stored).await;
        assert_eq!(
            try_log_in(&function, name, "wrong horse battery").await.status,
            401
        );
        assert_eq!(stored_hash(&deployment, &id).await, stored);
        assert_eq!(try_log_in(&function, name, password).await.status, 200, "{name}");
        assert!(stored_hash(&deployment, &id).await.starts_with("$argon2id$"));
        assert_eq!(try_log_in(&function, name, password).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_hash_that_cannot_be_renewed_now_does_not_fail_the_log_in() {
    let (deployment, proxy) = behind_proxy().await;
    let id = deployment
        .user_with_hash("johndoe", &bcrypt::hash("swordfish", 4).unwrap())
        .await;
    let function = deployment.function::<Token>().await;
    // The attempt's write passes; the renewal fails as often as the SDK tries; the session's write passes.
    let tries = std::iter::repeat_n(Fault::Status500, 4);
    proxy.script_for("UpdateItem", std::iter::once(Fault::Pass).chain(tries));
    assert_eq!(try_log_in(&function, "johndoe", "swordfish").await.status, 200);
    assert!(stored_hash(&deployment, &id).await.starts_with("$2b$"));
    proxy.pass();
    assert_eq!(try_log_in(&function, "johndoe", "swordfish").await.status, 200);
    assert!(stored_hash(&deployment, &id).await.starts_with("$argon2id$"));
}

#[tokio::test]
async fn a_renewal_that_lost_a_race_leaves_the_newer_hash() {
    let deployment = Deployment::start().await;
    let id = deployment.user("johndoe", PASSWORD).await;
    let newer = stored_hash(&deployment, &id).await;
    let hash = |text: &str| shared::passwords::StoredHash::from_store(text.to_owned());
    let user = shared::users::UserId::known(id.clone());
    deployment
        .users()
        .await
        .renew_hash(&user, &hash("an older one"), &hash("its renewal"))
        .await
        .unwrap();
    assert_eq!(stored_hash(&deployment, &id).await, newer);
    let gone = shared::users::UserId::known("gone".to_owned());
    deployment
        .users()
        .await
        .renew_hash(&gone, &hash("an older one"), &hash("its renewal"))
        .await
        .unwrap();
    assert_eq!(
        deployment.table().item("user#gone", "user").await,
        Value::Null,
        "no user is made"
    );
}

#[tokio::test]
async fn a_hash_that_cannot_be_read_or_is_not_there_is_a_wrong_password() {
    let deployment = Deployment::start().await;
    deployment.user_with_hash("johndoe", "!").await;
    let imported = deployment.user_with_hash("imported", "!").await;
    deployment
        .table()
        .set(&imported, "password_hash", json!({"NULL": true}))
        .await;
    let function = deployment.function::<Token>().await;
    let unknown = try_log_in(&function, "nobody", PASSWORD).await;
    for name in ["johndoe", "imported"] {
        let rejected = try_log_in(&function, name, PASSWORD).await;
        assert_eq!(
            (rejected.status, &rejected.body),
            (unknown.status, &unknown.body),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_is_retried() {
    let (deployment, proxy) = behind_proxy().await;
    deployment.user("johndoe", PASSWORD).await;
    let function = deployment.function::<Token>().await;
    for fault in [
        Fault::Status500,
        Fault::Throttle,
        Fault::HangUpBefore,
        Fault::HangUpAfterWrite,
        Fault::Hang,
    ] {
        proxy.script([fault]);
        assert_eq!(try_log_in(&function, "johndoe", PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn an_unavailable_store_is_a_503_within_the_functions_time() {
    let (deployment, proxy) = behind_proxy().await;
    deployment.user("johndoe", PASSWORD).await;
    let function = deployment.function::<Token>().await;
    for fault in [
        Fault::Status500,
        Fault::Throttle,
        Fault::HangUpBefore,
        Fault::Hang,
    ] {
        proxy.always(fault);
        let started = Instant::now();
        is_unavailable(&try_log_in(&function, "johndoe", PASSWORD).await);
        assert!(started.elapsed().as_secs() < 10);
    }
    proxy.pass();
    assert_eq!(try_log_in(&function, "johndoe", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn the_store_is_not_needed_for_a_password_that_no_hash_can_match() {
    let (deployment, proxy) = behind_proxy().await;
    let function = deployment.function::<Token>().await;
    proxy.always(Fault::Status500);
    assert_eq!(
        try_log_in(&function, "johndoe", &"x".repeat(1025)).await.status,
        401
    );
}

#[tokio::test]
async fn without_keys_a_log_in_is_a_503_and_the_next_request_tries_again() {
    let deployment = Deployment::without_keys().await;
    deployment.user("johndoe", PASSWORD).await;
    let function = deployment.function::<Token>().await;
    // Without them no name can be hashed, and whether it is a user's must not show.
    for (name, password) in [
        ("johndoe", PASSWORD),
        ("johndoe", "wrong horse battery"),
        ("nobody", PASSWORD),
    ] {
        is_unavailable(&try_log_in(&function, name, password).await);
    }
    for not_yet in ["", "{\"keys\":[]}"] {
        std::fs::write(deployment.keys_file(), not_yet).unwrap();
        is_unavailable(&try_log_in(&function, "johndoe", PASSWORD).await);
    }
    deployment.use_keys(shared_ring()).await;
    assert_eq!(try_log_in(&function, "johndoe", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn keys_that_do_not_parse_stop_the_start_with_a_message_that_names_them() {
    let deployment = Deployment::without_keys().await;
    std::fs::write(deployment.keys_file(), r#"{"keys":[{"kind":"RS256","pem":"secret","made_at":"2026-01-01T00:00:00Z","signs_from":"2026-01-01T00:00:00Z","signs_until":"2100-01-01T00:00:00Z","drop_at":"2100-01-01T00:00:00Z"}]}"#).unwrap();
    let message = deployment.start_error::<Token>().await;
    assert_eq!(message, "SIGNING_KEYS_FILE key 1 is not PEM");
}

#[tokio::test]
async fn an_idle_time_within_the_window_stops_the_start() {
    let deployment = Deployment::start().await.with("SESSION_IDLE_SECONDS", "60");
    let deployment = deployment.with("REFRESH_REPLAY_SECONDS", "60");
    let message = deployment.start_error::<Token>().await;
    assert_eq!(
        message,
        "SESSION_IDLE_SECONDS must be more than REFRESH_REPLAY_SECONDS"
    );
}

#[tokio::test]
async fn a_missing_variable_stops_the_start_with_a_message_that_names_it() {
    for name in ["TABLE_NAME", "ISSUER"] {
        let deployment = Deployment::start().await.with(name, "");
        let message = deployment.start_error::<Token>().await;
        assert_eq!(message, format!("{name} must be set"));
    }
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_a_500_without_its_content() {
    let deployment = Deployment::start().await;
    let id = deployment.user("johndoe", PASSWORD).await;
    deployment
        .table()
        .set(&id, "disabled", json!({"S": "once upon a time"}))
        .await;
    let function = deployment.function::<Token>().await;
    let response = try_log_in(&function, "johndoe", PASSWORD).await;
    assert_eq!(
        (response.status, &response.body["detail"]),
        (500, &json!("Internal server error"))
    );
}
