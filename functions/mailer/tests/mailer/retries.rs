//! What is tried again, and what a second try does.

use mailer::{Outcome, SendError};
use serde_json::json;
use shared::http::client::Network;
use shared::mail::Occasion;
use shared::passwords::StoredHash;
use shared::users::{Presented, Wanted};

use crate::fixture::{Fixture, event, token};

const ADDRESS: &str = "owner@example.com";

fn lost() -> SendError {
    SendError::Unavailable("the response is lost".to_owned())
}

#[tokio::test]
async fn a_mail_that_is_sent_twice_has_one_token() {
    let fixture = Fixture::new().await;
    fixture.user("johndoe", Some((ADDRESS, true)), None).await;
    let id = fixture.put(ADDRESS, Occasion::ResetAsked).await;
    fixture.sent.fail(&[lost()]);
    assert_ne!(fixture.handle(&[&id]).await, Outcome::default());
    fixture.time.pass(60);
    assert_eq!(fixture.handle(&[&id]).await, Outcome::default());
    let sent = fixture.sent.take();
    assert_eq!((sent.len(), &sent[0]), (2, &sent[1]));
    assert_eq!(fixture.token_count().await, 1);
    let bound = fixture
        .tokens
        .find(token(&sent[0].links[0]), fixture.time.now())
        .await;
    // From when it was asked for, and not from the second try.
    assert_eq!(
        bound.unwrap().unwrap().expires_at,
        fixture.time.now().plus(29 * 60)
    );
    // Its record, once more.
    assert_eq!(fixture.handle(&[&id]).await, Outcome::default());
    assert!(fixture.sent.take().is_empty(), "it is not in the outbox any more");
}

#[tokio::test]
async fn a_spent_token_is_not_revived_by_a_second_try() {
    let fixture = Fixture::new().await;
    let user = fixture.user("johndoe", Some((ADDRESS, true)), None).await;
    let id = fixture.put(ADDRESS, Occasion::ResetAsked).await;
    fixture.sent.fail(&[lost()]);
    fixture.handle(&[&id]).await;
    let sent = fixture.sent.take();
    let text = token(&sent[0].links[0]);
    let now = fixture.time.now();
    let bound = fixture.tokens.find(text, now).await.unwrap().unwrap();
    let account = fixture
        .users
        .find(user.as_str(), Wanted::None)
        .await
        .unwrap()
        .unwrap();
    let presented = Presented { token: &bound, text };
    let hash = StoredHash::from_store("another".to_owned());
    let network = Network::of(None);
    let recovering = fixture
        .users
        .recover(presented, &account, &hash, &network, &[], now);
    assert!(recovering.await.unwrap().is_some());
    assert_eq!(fixture.handle(&[&id]).await, Outcome::default());
    assert_eq!(fixture.sent.take()[0].links, sent[0].links);
    assert_eq!(fixture.tokens.find(text, now).await.unwrap(), None);
    assert_eq!(fixture.token_count().await, 1);
}

#[tokio::test]
async fn a_failure_is_reported_with_its_record_and_stops_the_batch() {
    let fixture = Fixture::new().await;
    fixture.user("johndoe", Some((ADDRESS, true)), None).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(fixture.put(ADDRESS, Occasion::ResetAsked).await);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    // The second mail fails.
    assert_eq!(fixture.handle(&ids[..1]).await, Outcome::default());
    fixture.sent.fail(&[lost()]);
    let outcome = fixture.handle(&ids).await;
    assert_eq!(
        json!(outcome),
        json!({"batchItemFailures": [{"itemIdentifier": "2"}]})
    );
    assert_eq!(fixture.sent.take().len(), 2, "the third waits for the second");
    assert_eq!(
        json!(fixture.handle(&ids[1..]).await),
        json!({"batchItemFailures": []})
    );
    let sent: Vec<String> = fixture.sent.take().into_iter().map(|mail| mail.id).collect();
    assert_eq!(sent, ids[1..]);
}

#[tokio::test]
async fn a_rejected_mail_is_given_up_and_those_behind_it_are_sent() {
    let fixture = Fixture::new().await;
    fixture.user("johndoe", Some((ADDRESS, true)), None).await;
    let first = fixture.put(ADDRESS, Occasion::ResetAsked).await;
    let second = fixture.put(ADDRESS, Occasion::ResetAsked).await;
    fixture
        .sent
        .fail(&[SendError::Rejected("MessageRejected".to_owned())]);
    assert_eq!(fixture.handle(&[&first, &second]).await, Outcome::default());
    assert_eq!(fixture.sent.take().len(), 2);
    assert!(!fixture.is_waiting(&first).await && !fixture.is_waiting(&second).await);
}

#[tokio::test]
async fn a_mail_whose_links_have_expired_is_not_sent() {
    let fixture = Fixture::new().await;
    fixture.user("johndoe", Some((ADDRESS, true)), None).await;
    for (seconds, is_sent) in [(30 * 60 - 1, true), (30 * 60, false)] {
        let id = fixture.put(ADDRESS, Occasion::ResetAsked).await;
        fixture.time.pass(seconds);
        assert_eq!(fixture.handle(&[&id]).await, Outcome::default());
        assert_eq!(!fixture.sent.take().is_empty(), is_sent, "after {seconds} s");
        assert!(!fixture.is_waiting(&id).await);
    }
}

#[tokio::test]
async fn records_of_other_items_and_changes_are_not_of_mails() {
    let fixture = Fixture::new().await;
    fixture.user("johndoe", Some((ADDRESS, true)), None).await;
    let id = fixture.put(ADDRESS, Occasion::ResetAsked).await;
    for (name, pk, sk) in [
        ("REMOVE", format!("mail#{id}"), "mail"),
        ("MODIFY", format!("mail#{id}"), "mail"),
        ("INSERT", format!("user#{id}"), "mail"),
        ("INSERT", format!("mail#{id}"), "user"),
    ] {
        let keys = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        let record = json!({"eventName": name, "dynamodb": {"Keys": keys, "SequenceNumber": "1"}});
        let event = serde_json::from_value(json!({"Records": [record]})).unwrap();
        assert_eq!(fixture.mailer.handle(&event).await, Outcome::default());
        assert!(fixture.sent.take().is_empty(), "{name} {pk} {sk}");
    }
    assert_eq!(fixture.mailer.handle(&event(&[&id])).await, Outcome::default());
    assert_eq!(fixture.sent.take().len(), 1);
}
