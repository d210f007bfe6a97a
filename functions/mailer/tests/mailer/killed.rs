//! The function is killed at each of its steps, as Lambda kills one that runs out of time or whose machine fails.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use mailer::Outcome;
use shared::mail::Occasion;

use crate::fixture::Fixture;

const MAILS: usize = 1000;

/// Runs a future until it has waited this often, and drops it then. Returns whether it came to its end before.
async fn killed_after(waits: usize, future: impl Future) -> bool {
    let mut left = waits;
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if left == 0 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn each_of_1000_mails_is_sent_though_the_mailer_is_killed_at_each_step() {
    let fixture = Fixture::new().await;
    // One has proved its address, one claims it: two links and more steps.
    fixture.user("a", Some(("a@example.com", true)), None).await;
    fixture.user("b", Some(("b@example.com", false)), None).await;
    fixture.user("c", None, Some("b@example.com")).await;
    let mut ids = Vec::new();
    for index in 0..MAILS {
        let to = ["a@example.com", "b@example.com"][index % 2];
        ids.push(fixture.put(to, Occasion::ResetAsked).await);
    }
    // How often a delivery waits is found out: a mail after which it was not killed begins anew.
    let (mut waits, mut killed) = (0, 0);
    for id in &ids {
        if killed_after(waits, fixture.handle(&[id])).await {
            waits = 0;
        } else {
            killed += 1;
            waits += 1;
        }
    }
    let before = fixture.sent.take();
    // Lambda calls again for what has no response.
    for batch in ids.chunks(10) {
        let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
        assert_eq!(fixture.handle(&batch).await, Outcome::default());
    }
    let after = fixture.sent.take();
    let mut sent: BTreeMap<&str, Vec<&[String]>> = BTreeMap::new();
    for mail in before.iter().chain(&after) {
        sent.entry(&mail.id).or_default().push(&mail.links);
    }
    assert_eq!(sent.len(), MAILS, "each is sent");
    assert!(
        sent.values()
            .all(|links| links.iter().all(|other| *other == links[0]))
    );
    let twice = sent.values().filter(|links| links.len() > 1).count();
    assert!(killed > MAILS / 2, "it was killed {killed} times");
    assert!(twice > 0, "none was killed between its sending and its removal");
    for id in &ids {
        assert!(!fixture.is_waiting(id).await, "{id} stays in the outbox");
    }
    assert_eq!(
        fixture.token_count().await,
        MAILS / 2 * 3,
        "one token for each link"
    );
}
