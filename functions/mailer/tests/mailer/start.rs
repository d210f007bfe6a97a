//! What the function needs to start, and where its key is.

use mailer::{Mailer, Outcome};
use shared::mail::Occasion;
use testing::clock::TestClock;
use testing::secrets_manager::{SECRET, SecretsManager};

use crate::fixture::{Fixture, deployment};

#[tokio::test]
async fn the_mailer_does_not_start_without_sender_and_key() {
    let time = TestClock::at(1_800_000_000);
    for (name, value, message) in [
        ("MAIL_FROM", "", "MAIL_FROM must be set"),
        ("MAIL_FROM", "no address", "MAIL_FROM must be an e-mail address"),
        (
            "MAIL_KEY_FILE",
            "",
            "MAIL_KEY_SECRET or MAIL_KEY_FILE must be set, and not both",
        ),
        (
            "MAIL_KEY_SECRET",
            "x",
            "MAIL_KEY_SECRET or MAIL_KEY_FILE must be set, and not both",
        ),
        (
            "SERVICE_NAME",
            "a\r\nBcc: b",
            "SERVICE_NAME must not contain control characters",
        ),
    ] {
        let deployment = deployment(&time).await.with(name, value);
        assert_eq!(
            deployment.start_error::<Mailer>().await,
            message,
            "{name}={value}"
        );
    }
    let deployment = deployment(&time).await;
    std::fs::write(deployment.folder().join("mail-key"), [7; 31]).unwrap();
    assert_eq!(
        deployment.start_error::<Mailer>().await,
        "MAIL_KEY_FILE has fewer than 32 bytes"
    );
}

#[tokio::test]
async fn the_key_is_the_text_of_the_secret_and_read_once() {
    let secrets = SecretsManager::start().await.unwrap();
    let key = "k".repeat(64);
    secrets.put(&key);
    let endpoint = secrets.endpoint();
    let fixture = Fixture::with(&[
        ("MAIL_KEY_FILE", ""),
        ("MAIL_KEY_SECRET", SECRET),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint),
    ])
    .await;
    fixture.user("johndoe", Some(("a@example.com", true)), None).await;
    let asked = fixture.outgoing("a@example.com", Occasion::ResetAsked);
    fixture.ask(&asked).await;
    // A later value must not change a link that was sent.
    secrets.put("another");
    assert_eq!(fixture.handle(&[&asked.mail.id]).await, Outcome::default());
    let sent = fixture.sent.take();
    let bound = fixture
        .tokens
        .find(crate::fixture::token(&sent[0].links[0]), fixture.time.now())
        .await;
    let key = shared::mail::MailKey::new(key.as_bytes()).unwrap();
    let expected = key.derive(&asked.mail.nonce, &bound.unwrap().unwrap());
    assert!(sent[0].links[0].ends_with(expected.as_str()));
    assert_eq!(secrets.count("GetSecretValue"), 1);
}
