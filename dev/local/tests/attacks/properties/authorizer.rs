//! The authorizer behind API Gateway's cache of its decisions, for each value of AUTHORIZER_HEADER.
//!
//! Assumed of the gateway, by its documentation: it keeps a decision under the values of the identity sources for the TTL and no longer, it
//! keeps no failed invocation, and nothing without an identity source. Shown of the function: requests that the gateway cannot tell apart get
//! one decision, so that what is kept is at most a TTL late; and a store that cannot be read makes no decision at all.

use std::collections::{BTreeSet, HashMap};

use authorizer::Authorizer;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::api_keys::{ApiKey, IssuedKey};
use shared::clients::{Client, Clients, GrantType};
use shared::env::Env;
use shared::http::credentials::HEADERS;
use shared::label::Label;
use shared::lambda::ready;
use shared::scope::Scopes;
use shared::table::Table;
use shared::users::{Standing, UserId, Users};
use testing::clock::TestClock;
use testing::deployment::{Deployment, ISSUER};
use testing::event::Event;
use testing::forge::Forger;
use testing::rings::shared_ring;
use testing::table::session;
use tokio::runtime::Runtime;

use super::holds;

const SESSION: &str = "01M8HZZZZZZZZZZZZZZZZZZZZZ";
const KEY: &str = "01M8HZZZZZZZZZZZZZZZZZZZZY";
const ROUTES: [&str; 2] = ["GET /links", "POST /links"];

/// How the function is configured, and which header is the gateway's identity source: each of the three, or none.
const MODES: [&str; 4] = ["authorization", "x-api-key", "token", "any"];

/// A request: a credential in the header that is the source, or in any one where there is none, and perhaps others in the other headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sent {
    credential: usize,
    header: usize,
    others: usize,
    route: usize,
}

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// Time passes, in seconds.
    Pass(i64),
    /// A client sends a request.
    Request(Sent),
    /// The session, the key or the client ends.
    End(usize),
    /// The user is disabled, enabled, or unreadable, for which no decision is possible.
    Disable(Value),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let request = (0..3_usize, 0..3_usize, 0..4_usize, 0..ROUTES.len());
    let request = request.prop_map(|(credential, header, others, route)| {
        Step::Request(Sent {
            credential,
            header,
            others,
            route,
        })
    });
    let disabled = [json!({"BOOL": true}), json!({"BOOL": false}), json!({"S": "odd"})];
    let step = prop_oneof![
        3 => (1..90_i64).prop_map(Step::Pass),
        8 => request,
        1 => (0..3_usize).prop_map(Step::End),
        2 => prop::sample::select(disabled.to_vec()).prop_map(Step::Disable),
    ];
    prop::collection::vec(step, 1..40)
}

/// The gateway's cache: what the function decided about the values of the identity sources, and until when that is kept.
struct Gateway {
    ttl: i64,
    kept: HashMap<Vec<String>, (bool, i64)>,
}

/// One user, one client, and a credential of each kind.
struct World {
    time: TestClock,
    table: testing::table::Table,
    users: Users,
    clients: Clients,
    authorizer: Authorizer,
    /// The index of the header that is an identity source, if there is one.
    source: Option<usize>,
    user: UserId,
    /// The user's attribute that cannot be read, while it cannot.
    unreadable: Option<Value>,
    client: String,
    credentials: [String; 3],
    /// When a request was last decided in each way by the function itself.
    decided_at: HashMap<(Sent, bool), i64>,
    gateway: Gateway,
}

impl World {
    async fn new(deployment: &Deployment, time: &TestClock, case: usize, mode: usize, ttl: i64) -> Self {
        let now = time.now();
        let env = Env::new(|name| match name {
            "AUTHORIZER_HEADER" => Some(MODES[mode].to_owned()),
            name => deployment.variables().get(name).cloned(),
        });
        let user = UserId::known(deployment.user_with_hash(&format!("user{case}"), "hash").await);
        let table = deployment.table();
        let sessions = json!({"M": {SESSION: session('A', now, 400)}});
        table.set(user.as_str(), "sessions", sessions).await;
        let users = deployment.users().await;
        let key = IssuedKey::generate(user.as_str(), KEY).unwrap();
        let name = Label::parse("laptop".to_owned()).unwrap();
        let stored = ApiKey::new(name, Scopes::default(), &key, now, Some(now.plus(500)));
        assert!(
            users
                .create_api_key(&user, Standing::Generation(0), KEY, &stored, &[])
                .await
                .unwrap()
        );
        let clients = Clients::new(Table::connect(&deployment.env()).await.unwrap());
        let grants = BTreeSet::from([GrantType::ClientCredentials]);
        let label = Label::parse("A service".to_owned()).unwrap();
        let (client, _) = Client::new(label, false, grants, Scopes::default(), now).unwrap();
        clients.create(&client).await.unwrap();
        let token_of = |subject: &str, change: &dyn Fn(&mut Value)| {
            let forger = Forger::new(shared_ring(), ISSUER, subject, now.unix());
            forger.token(|_, claims| change(claims))
        };
        let of_user = token_of(user.as_str(), &|claims| {
            claims["sid"] = json!(SESSION);
            claims["exp"] = json!(now.unix() + 300);
        });
        let of_client = token_of(&client.id, &|claims| {
            claims["client_id"] = json!(client.id);
            claims["exp"] = json!(now.unix() + 350);
            claims.as_object_mut().unwrap().remove("auth_time");
        });
        let credentials = [of_user, key.as_str().to_owned(), of_client];
        Self {
            time: time.clone(),
            table,
            users,
            clients,
            authorizer: ready(&env, &time.clock()).await.unwrap(),
            source: Some(mode).filter(|mode| *mode < HEADERS.len()),
            user,
            unreadable: None,
            client: client.id,
            credentials,
            decided_at: HashMap::new(),
            gateway: Gateway {
                ttl,
                kept: HashMap::new(),
            },
        }
    }

    /// Returns a request as the gateway's event, and its identity sources: the header and `$context.routeKey`.
    fn event(&self, sent: Sent) -> (Value, Option<Vec<String>>) {
        let (method, path) = ROUTES[sent.route].split_once(' ').unwrap();
        let used = self.source.unwrap_or(sent.header);
        let value_in = |header: usize, credential: &str| match header {
            0 => format!("Bearer {credential}"),
            _ => credential.to_owned(),
        };
        let value = value_in(used, &self.credentials[sent.credential]);
        let mut event = Event::new(method, path).header(HEADERS[used].as_str(), &value);
        for (bit, credential) in [(1, self.credentials[1].as_str()), (2, "wrong")] {
            let other = (used + bit) % HEADERS.len();
            if sent.others & bit != 0 {
                event = event.header(HEADERS[other].as_str(), &value_in(other, credential));
            }
        }
        let sources = self.source.map(|_| vec![value, ROUTES[sent.route].to_owned()]);
        let mut event = event.value().clone();
        event["identitySource"] = json!(sources);
        (event, sources)
    }

    /// Returns whether the function itself allows a request, which is remembered; `None` where the invocation fails.
    async fn evaluate(&mut self, sent: Sent) -> Result<Option<bool>, TestCaseError> {
        let (event, _) = self.event(sent);
        let decided = self.decide(&event).await;
        let Some(allowed) = decided else { return Ok(None) };
        if let Some(odd) = self.unreadable.clone() {
            // What is decided without the attribute does not depend on it. Else our failure became a decision, which would be kept.
            self.disable(json!({"BOOL": false})).await;
            let readable = self.decide(&event).await;
            self.disable(odd).await;
            prop_assert_eq!(decided, readable, "a failure became a decision");
        }
        let now = self.time.now().unix();
        self.decided_at.insert((sent, allowed), now);
        Ok(Some(allowed))
    }

    async fn decide(&self, event: &Value) -> Option<bool> {
        let decision = self.authorizer.handle(event, "").await.ok()?;
        Some(decision.is_authorized)
    }

    async fn disable(&mut self, value: Value) {
        self.table
            .set(self.user.as_str(), "disabled", value.clone())
            .await;
        self.unreadable = Some(value).filter(|value| value["BOOL"].is_null());
    }

    /// Returns whether the gateway allows a request; `None` is its 500.
    async fn request(&mut self, sent: Sent) -> Result<Option<bool>, TestCaseError> {
        let now = self.time.now().unix();
        let (_, sources) = self.event(sent);
        let Some(sources) = sources else {
            return self.evaluate(sent).await;
        };
        if let Some((allowed, until)) = self.gateway.kept.get(&sources)
            && now < *until
        {
            return Ok(Some(*allowed));
        }
        // What the function decides now about each request that has the same sources will be compared with what is kept.
        for others in 0..4 {
            self.evaluate(Sent { others, ..sent }).await?;
        }
        let Some(allowed) = self.evaluate(sent).await? else {
            return Ok(None);
        };
        let until = now + self.gateway.ttl;
        self.gateway.kept.insert(sources, (allowed, until));
        Ok(Some(allowed))
    }

    async fn step(&mut self, step: Step, seen: &mut Seen) -> Result<(), TestCaseError> {
        match step {
            Step::Pass(seconds) => self.time.pass(seconds),
            Step::End(0) => {
                let ended = self.users.end_session(&self.user, SESSION, self.time.now());
                ended.await.unwrap();
            }
            Step::End(1) => {
                self.users.end_api_key(&self.user, KEY).await.unwrap();
            }
            Step::End(_) => {
                self.clients.delete(&self.client).await.unwrap();
            }
            Step::Disable(value) => self.disable(value).await,
            Step::Request(sent) => {
                // The header is drawn for the mode without a source alone.
                let header = self.source.unwrap_or(sent.header);
                let sent = Sent { header, ..sent };
                let allowed = self.request(sent).await?;
                let fresh = self.evaluate(sent).await?;
                let Some(allowed) = allowed else {
                    seen.failures += 1;
                    return Ok(());
                };
                seen.allowed[self.source.unwrap_or(HEADERS.len())] += u32::from(allowed);
                seen.late += u32::from(allowed && fresh != Some(true));
                let last = self.decided_at.get(&(sent, allowed)).copied();
                let age = self.time.now().unix() - last.unwrap_or(i64::MIN / 2);
                let bound = self.source.map_or(1, |_| self.gateway.ttl);
                prop_assert!(age < bound, "{allowed} is {age} s late");
            }
        }
        Ok(())
    }
}

/// What the cases met.
#[derive(Debug, Default)]
struct Seen {
    failures: u32,
    late: u32,
    /// By mode.
    allowed: [u32; MODES.len()],
}

#[test]
fn a_02_nothing_is_allowed_later_than_the_ttl_after_the_function_would_refuse_it() {
    let runtime = Runtime::new().unwrap();
    let time = TestClock::at(1_800_000_000);
    let deployment = runtime.block_on(Deployment::start()).at(&time);
    let seen = std::cell::RefCell::new((0, Seen::default()));
    holds((steps(), 0..MODES.len(), 1..200_i64), |(steps, mode, ttl)| {
        let (case, seen) = &mut *seen.borrow_mut();
        *case += 1;
        runtime.block_on(async {
            let mut world = World::new(&deployment, &time, *case, mode, ttl).await;
            for step in steps {
                world.step(step, seen).await?;
            }
            Ok(())
        })
    });
    let (_, seen) = seen.into_inner();
    println!("{seen:?}");
    let is_met = seen.failures > 0 && seen.late > 0 && !seen.allowed.contains(&0);
    assert!(is_met, "{seen:?}");
}
