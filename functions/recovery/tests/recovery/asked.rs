//! Mails that are asked for.

use serde_json::json;
use testing::deployment::call;

use crate::{ADDRESS, Fixture, post};

const PATHS: [&str; 2] = ["/request-verify-token", "/forgot-password"];

#[tokio::test]
async fn a_mail_is_asked_for_by_one_transaction_whether_or_not_it_has_a_user() {
    let fixture = Fixture::new().await;
    fixture.johndoe().await;
    for path in PATHS {
        let mut answers = Vec::new();
        for address in [ADDRESS, "nobody@example.com"] {
            fixture.proxy.reset_counts();
            let mut answer = fixture.post(path, json!({"email": address})).await;
            assert_eq!((answer.status, &answer.body), (202, &json!(null)), "{path}");
            assert_eq!(
                fixture.proxy.operations(),
                ["TransactWriteItems"],
                "{path} {address}"
            );
            answer.headers.remove("date");
            answers.push((answer.status, answer.headers, answer.body));
        }
        assert_eq!(answers[0], answers[1], "{path}");
    }
    let keys = fixture.deployment.table().partition_keys().await;
    let mails = keys.iter().filter(|key| key.starts_with("mail#")).count();
    assert_eq!(mails, 4, "{keys:?}");
}

#[tokio::test]
async fn an_address_and_a_network_have_their_limits_whether_or_not_it_has_a_user() {
    let fixture = Fixture::with(&[("ADDRESS_MAILS", "2"), ("NETWORK_MAILS", "5")]).await;
    fixture.johndoe().await;
    let from = |network: &str, address: &str| {
        let body = json!({"email": address});
        post("/forgot-password", &body).from_address(network)
    };
    for address in [ADDRESS, "nobody@example.com"] {
        for (network, status) in [
            ("192.0.2.1", 202),
            ("192.0.2.2", 202),
            ("192.0.2.3", 429),
            ("192.0.2.3", 429),
        ] {
            let answer = call(&fixture.recovery, from(network, address)).await;
            assert_eq!(answer.status, status, "{address} {network}: {answer:?}");
            if status == 429 {
                assert_eq!(answer.header("retry-after"), "600");
            }
        }
    }
    // Another spelling is the same address.
    let answer = call(&fixture.recovery, from("192.0.2.4", "JohnDoe@EXAMPLE.com")).await;
    assert_eq!(answer.status, 429);
    for index in 0..6 {
        let address = format!("user{index}@example.com");
        let answer = call(&fixture.recovery, from("198.51.100.1", &address)).await;
        assert_eq!(answer.status, if index < 5 { 202 } else { 429 }, "{index}");
    }
    fixture.time.pass(600);
    let answer = call(&fixture.recovery, from("198.51.100.1", ADDRESS)).await;
    assert_eq!(answer.status, 202, "the window has ended");
}

#[tokio::test]
async fn who_asks_for_mails_of_one_kind_keeps_no_one_from_another() {
    let fixture = Fixture::with(&[("ADDRESS_MAILS", "1")]).await;
    let asked = json!({"email": ADDRESS});
    for status in [202, 429] {
        assert_eq!(
            fixture.post("/request-verify-token", asked.clone()).await.status,
            status
        );
    }
    assert_eq!(fixture.post("/forgot-password", asked).await.status, 202);
}

#[tokio::test]
async fn a_refusal_that_is_remembered_costs_no_request() {
    let fixture = Fixture::with(&[("ADDRESS_MAILS", "1")]).await;
    let asked = json!({"email": ADDRESS});
    assert_eq!(fixture.post("/forgot-password", asked.clone()).await.status, 202);
    assert_eq!(fixture.post("/forgot-password", asked.clone()).await.status, 429);
    fixture.proxy.reset_counts();
    assert_eq!(fixture.post("/forgot-password", asked).await.status, 429);
    assert_eq!(fixture.proxy.operations(), [""; 0]);
}

#[tokio::test]
async fn what_is_no_address_is_rejected_by_name() {
    let fixture = Fixture::new().await;
    for (body, field, code) in [
        (json!({}), "email", "required"),
        (json!({"email": "johndoe"}), "email", "invalid"),
        (json!({"email": 1}), "email", "type"),
        (json!({"email": ADDRESS, "mail": ADDRESS}), "mail", "unknown"),
    ] {
        let answer = fixture.post("/forgot-password", body.clone()).await;
        assert_eq!(
            (answer.status, crate::code_of(&answer, field)),
            (422, Some(code)),
            "{body}"
        );
    }
}
