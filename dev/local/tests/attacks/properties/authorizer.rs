//! The authorizer behind API Gateway's cache of its decisions.

use std::collections::{BTreeSet, HashMap};

use authorizer::Authorizer;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::api_keys::{ApiKey, ApiKeyName, IssuedKey};
use shared::clients::{Client, Clients, GrantType};
use shared::label::Label;
use shared::scope::Scopes;
use shared::table::Table;
use shared::users::{UserId, Users};
use testing::clock::TestClock;
use testing::deployment::{Deployment, ISSUER};
use testing::event::Event;
use testing::forge::Forger;
use testing::rings::shared_ring;
use tokio::runtime::Runtime;

use super::holds;

const SESSION: &str = "01M8HZZZZZZZZZZZZZZZZZZZZZ";
const KEY: &str = "01M8HZZZZZZZZZZZZZZZZZZZZY";
const ROUTES: [&str; 2] = ["GET /links", "POST /links"];

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// Time passes, in seconds.
    Pass(i64),
    /// A client sends a request to a route, with a credential in the header that counts and perhaps others in others.
    Request {
        credential: usize,
        others: usize,
        route: usize,
    },
    /// The session, the key or the client ends.
    End(usize),
    /// The user is disabled, enabled, or unreadable, for which no decision is possible.
    Disable(Value),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let request = (0..3_usize, 0..4_usize, 0..ROUTES.len());
    let disabled = [json!({"BOOL": true}), json!({"BOOL": false}), json!({"S": "odd"})];
    let step = prop_oneof![
        3 => (1..90_i64).prop_map(Step::Pass),
        8 => request.prop_map(|(credential, others, route)| Step::Request { credential, others, route }),
        1 => (0..3_usize).prop_map(Step::End),
        2 => prop::sample::select(disabled.to_vec()).prop_map(Step::Disable),
    ];
    prop::collection::vec(step, 1..40)
}

/// The gateway's cache, by its documentation: what it keeps under the values of the identity sources for so long, and no failure.
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
    user: UserId,
    client: String,
    credentials: [String; 3],
    /// When a request was last decided in each way by the function itself.
    decided_at: HashMap<(usize, usize, bool), i64>,
    gateway: Gateway,
}

impl World {
    async fn new(deployment: &Deployment, time: &TestClock, case: usize, ttl: i64) -> Self {
        let now = time.now();
        let user = UserId::known(deployment.user_with_hash(&format!("user{case}"), "hash").await);
        let session = json!({"M": {
            "token": {"B": format!("{}=", "A".repeat(43))}, "key": {"B": "AAAAAAAAAAA="}, "generation": {"N": "0"},
            "created_at": {"S": now.to_string()}, "rotated_at": {"N": (now.unix() * 1000).to_string()},
            "expires_at": {"N": (now.unix() + 400).to_string()},
        }});
        let table = deployment.table();
        let sessions = json!({"M": {SESSION: session}});
        table.set(user.as_str(), "sessions", sessions).await;
        let users = deployment.users().await;
        let key = IssuedKey::generate(user.as_str(), KEY).unwrap();
        let name = ApiKeyName::parse("laptop".to_owned()).unwrap();
        let stored = ApiKey::new(name, Scopes::default(), &key, now, Some(now.plus(500)));
        assert!(users.create_api_key(&user, None, KEY, &stored).await.unwrap());
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
            authorizer: deployment.function().await,
            user,
            client: client.id,
            credentials: credentials.map(|credential| format!("Bearer {credential}")),
            decided_at: HashMap::new(),
            gateway: Gateway {
                ttl,
                kept: HashMap::new(),
            },
        }
    }

    /// Returns a request as the gateway's event, and its identity sources: `$request.header.Authorization` and `$context.routeKey`.
    fn event(&self, credential: usize, others: usize, route: usize) -> (Value, Vec<String>) {
        let (method, path) = ROUTES[route].split_once(' ').unwrap();
        let mut event = Event::new(method, path).header("authorization", &self.credentials[credential]);
        let key = self.credentials[1].trim_start_matches("Bearer ");
        for (bit, name, value) in [(1, "x-api-key", key), (2, "token", "wrong")] {
            if others & bit != 0 {
                event = event.header(name, value);
            }
        }
        let sources = vec![self.credentials[credential].clone(), ROUTES[route].to_owned()];
        let mut event = event.value().clone();
        event["identitySource"] = json!(sources);
        (event, sources)
    }

    /// Returns whether the function itself allows a request, which is remembered; `None` where the invocation fails.
    async fn evaluate(&mut self, credential: usize, others: usize, route: usize) -> Option<bool> {
        let (event, _) = self.event(credential, others, route);
        let allowed = self.authorizer.handle(&event, "").await.ok()?.is_authorized;
        let now = self.time.now().unix();
        self.decided_at.insert((credential, others, allowed), now);
        Some(allowed)
    }

    /// Returns whether the gateway allows a request; `None` is its 500.
    async fn request(&mut self, credential: usize, others: usize, route: usize) -> Option<bool> {
        let now = self.time.now().unix();
        let (_, sources) = self.event(credential, others, route);
        if let Some((allowed, until)) = self.gateway.kept.get(&sources)
            && now < *until
        {
            return Some(*allowed);
        }
        // What the function decides now about a request that has the same sources will be compared with what is kept.
        for other in 0..4 {
            self.evaluate(credential, other, route).await;
        }
        let allowed = self.evaluate(credential, others, route).await?;
        let until = now + self.gateway.ttl;
        self.gateway.kept.insert(sources, (allowed, until));
        Some(allowed)
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
            Step::Disable(value) => self.table.set(self.user.as_str(), "disabled", value).await,
            Step::Request {
                credential,
                others,
                route,
            } => {
                let allowed = self.request(credential, others, route).await;
                let fresh = self.evaluate(credential, others, route).await;
                let Some(allowed) = allowed else {
                    seen.failures += 1;
                    prop_assert!(fresh.is_none(), "a failure was kept");
                    return Ok(());
                };
                seen.late += u32::from(allowed && fresh != Some(true));
                let last = self.decided_at.get(&(credential, others, allowed)).copied();
                let age = self.time.now().unix() - last.unwrap_or(i64::MIN / 2);
                prop_assert!(age < self.gateway.ttl, "{allowed} is {age} s late");
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
}

#[test]
fn a_02_nothing_is_allowed_later_than_the_ttl_after_the_function_would_refuse_it() {
    let runtime = Runtime::new().unwrap();
    let time = TestClock::at(1_800_000_000);
    let deployment = runtime.block_on(Deployment::start()).at(&time);
    let seen = std::cell::RefCell::new((0, Seen::default()));
    holds((steps(), 1..200_i64), |(steps, ttl)| {
        let (case, seen) = &mut *seen.borrow_mut();
        *case += 1;
        runtime.block_on(async {
            let mut world = World::new(&deployment, &time, *case, ttl).await;
            for step in steps {
                world.step(step, seen).await?;
            }
            Ok(())
        })
    });
    let (_, seen) = seen.into_inner();
    println!("{seen:?}");
    assert!(seen.failures > 0 && seen.late > 0, "{seen:?}");
}
