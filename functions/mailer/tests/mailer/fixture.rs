//! A deployment with mail, users in it, and mails in its outbox.

use std::sync::{Arc, Mutex};

use mailer::{Event, Mailer, Outcome, Rendered, SendError, Transport};
use serde_json::{Value, json};
use shared::http::client::Network;
use shared::mail::{MailTokens, Mailing, Occasion, Outgoing};
use shared::passwords::StoredHash;
use shared::table::Table;
use shared::throttle::NetworkUse;
use shared::users::{Claim, Email, Networks, Profile, User, UserId, Username, Users};
use testing::clock::TestClock;
use testing::deployment::{Deployment, MAIL_FROM};

const START: i64 = 1_800_000_000;

pub(crate) const HASH: &str = "no log-in verifies this";

/// Keeps what it gets, and responds as the test wants it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    sent: Vec<Rendered>,
    /// The results of the next mails; success, where there is none.
    results: Vec<SendError>,
}

impl Recorder {
    /// Lets the next mails fail. Each is kept nevertheless: the response is lost, and not the mail.
    pub(crate) fn fail(&self, errors: &[SendError]) {
        let mut kept = self.0.lock().unwrap();
        kept.results = errors.iter().rev().cloned().collect();
    }

    /// Returns what was sent since the last call.
    pub(crate) fn take(&self) -> Vec<Rendered> {
        std::mem::take(&mut self.0.lock().unwrap().sent)
    }
}

impl Transport for Recorder {
    async fn send(&self, mail: &Rendered) -> Result<(), SendError> {
        // Each is a point at which the function can be killed: before and after the mail is sent.
        tokio::task::yield_now().await;
        let result = {
            let mut kept = self.0.lock().unwrap();
            kept.sent.push(mail.clone());
            kept.results.pop()
        };
        tokio::task::yield_now().await;
        result.map_or(Ok(()), Err)
    }
}

pub(crate) struct Fixture {
    pub(crate) deployment: Deployment,
    pub(crate) time: TestClock,
    pub(crate) users: Users,
    pub(crate) tokens: MailTokens,
    pub(crate) sent: Recorder,
    pub(crate) mailer: Mailer<Recorder>,
    mailing: Mailing,
    networks: Networks,
}

/// Returns a deployment with mail and a key of it.
pub(crate) async fn deployment(time: &TestClock) -> Deployment {
    let deployment = Deployment::without_keys().await.at(time);
    let key = deployment.folder().join("mail-key");
    std::fs::write(&key, [7; 32]).unwrap();
    deployment
        .with("MAIL_FROM", MAIL_FROM)
        .with("MAIL_KEY_FILE", key.to_str().unwrap())
        .with("ADDRESS_MAILS", "100000")
        .with("NETWORK_MAILS", "100000")
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        let time = TestClock::at(START);
        let mut deployment = deployment(&time).await;
        for (name, value) in variables {
            deployment = deployment.with(name, value);
        }
        let (table, mailing) = {
            let env = deployment.env();
            (
                Table::connect(&env).await.unwrap(),
                Mailing::read(&env).unwrap().unwrap(),
            )
        };
        let sent = Recorder::default();
        let mailer = {
            let env = deployment.env();
            let clock = time.clock();
            let starting = Mailer::with_transport(&env, &clock, sent.clone());
            starting.await.unwrap()
        };
        mailer.read_key().await.unwrap();
        Self {
            users: Users::new(table.clone()),
            tokens: MailTokens::new(table.clone()),
            networks: Networks::new(table, NetworkUse::Mail, 100_000),
            deployment,
            time,
            sent,
            mailer,
            mailing,
        }
    }

    /// Registers a user; an address that is held is proved or not, and beside it one can be claimed.
    pub(crate) async fn user(
        &self,
        username: &str,
        held: Option<(&str, bool)>,
        claimed: Option<&str>,
    ) -> UserId {
        let profile = Profile {
            username: (!username.is_empty()).then(|| Username::parse(username).unwrap()),
            email: held.map(|(email, _)| Email::parse(email).unwrap()),
            ..Profile::default()
        };
        let claim = claimed.map(|email| Claim {
            email: Email::parse(email).unwrap(),
            expires_at: self.time.now().plus(3600),
        });
        let user = User {
            email_verified: held.is_some_and(|(_, verified)| verified),
            claim,
            ..User::new(profile, self.time.now()).unwrap()
        };
        let hash = StoredHash::from_store(HASH.to_owned());
        self.users.register(&user, &hash, None, &[]).await.unwrap();
        user.id
    }

    /// Puts a mail into the outbox and returns its id.
    pub(crate) async fn put(&self, to: &str, occasion: Occasion) -> String {
        let outgoing = self.outgoing(to, occasion);
        self.ask(&outgoing).await;
        outgoing.mail.id
    }

    pub(crate) fn outgoing(&self, to: &str, occasion: Occasion) -> Outgoing {
        self.mailing.mail(to, occasion, self.time.now()).unwrap()
    }

    pub(crate) async fn ask(&self, outgoing: &Outgoing) {
        let now = self.time.now().unix() * 1000;
        let network = Network::of(None);
        let asking = self.users.ask_for_mail(outgoing, &self.networks, &network, now);
        asking.await.unwrap();
    }

    /// Puts a mail into the outbox and returns what is sent of it.
    pub(crate) async fn deliver(&self, to: &str, occasion: Occasion) -> Vec<Rendered> {
        let id = self.put(to, occasion).await;
        self.sent.take();
        assert_eq!(self.handle(&[&id]).await, Outcome::default());
        assert!(!self.is_waiting(&id).await, "it stays in the outbox");
        self.sent.take()
    }

    pub(crate) async fn handle(&self, ids: &[&str]) -> Outcome {
        self.mailer.handle(&event(ids)).await
    }

    /// Reports whether a mail is in the outbox.
    pub(crate) async fn is_waiting(&self, id: &str) -> bool {
        let item = self.deployment.table().item(&format!("mail#{id}"), "mail").await;
        !item.is_null()
    }

    /// Returns how many tokens the table has.
    pub(crate) async fn token_count(&self) -> usize {
        let keys = self.deployment.table().partition_keys().await;
        keys.iter().filter(|key| key.starts_with("mail-token#")).count()
    }
}

/// Returns the event of the records of mails that were put into the outbox; the sequence number is 1 for the first.
pub(crate) fn event(ids: &[&str]) -> Event {
    serde_json::from_value(event_text(ids)).unwrap()
}

/// Returns the same as Lambda sends it.
pub(crate) fn event_text(ids: &[&str]) -> Value {
    let records = ids.iter().enumerate().map(|(index, id)| {
        json!({
            "eventID": "1", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
            "eventName": "INSERT",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_800_000_000, "SizeBytes": 20, "StreamViewType": "KEYS_ONLY",
                "Keys": {"pk": {"S": format!("mail#{id}")}, "sk": {"S": "mail"}},
                "SequenceNumber": (index + 1).to_string(),
            },
            "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/t/stream/s",
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

/// Returns the token of a link.
pub(crate) fn token(link: &str) -> &str {
    link.split_once("?token=").unwrap().1
}
