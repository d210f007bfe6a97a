//! The time of a wrong log-in, for each kind of row beside an unknown name, through the handler. Each request has a name of its own, so
//! that none waits for its failures.

use std::collections::HashMap;
use std::hint::spin_loop;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use testing::deployment::{Deployment, call};
use testing::event::log_in;
use token::Token;

use crate::fixture::{PASSWORD, client};
use crate::ranks::Comparison;
use crate::record::Record;

/// What must not be seen, and what is planted to see that it would be.
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
/// Small, since only differences count: a pair of the deployed cost takes five times as long.
const TODAY: (&str, &str) = ("8192", "1");

type Item = HashMap<String, AttributeValue>;

pub(crate) async fn measure(pairs: u32, record: &mut Record) {
    let deployment = Deployment::start()
        .await
        .with("NETWORK_FAILED_LOG_INS", "100000")
        .with("ARGON2_MEMORY_KIB", TODAY.0)
        .with("ARGON2_ITERATIONS", TODAY.1);
    let function: Token = deployment.function().await;
    let rows = Rows::prepare(&deployment, &function).await;
    let mut bench = Bench {
        client: client(&deployment),
        function,
        status: 401,
        names: 0,
        pairs,
    };
    let planted = bench.compare(None, MILLISECOND).await;
    planted.print("unknown name, a millisecond planted / unknown name");
    assert!(
        planted.differs() && !planted.is_within(MILLISECOND),
        "a planted millisecond is not seen"
    );
    for (kind, row) in &rows.cheap {
        let comparison = bench.compare(Some(row), Duration::ZERO).await;
        comparison.print(&format!("wrong log-in, {kind} / unknown name"));
        if !comparison.is_within(MILLISECOND) {
            record.fail("not shown to be within a millisecond");
        }
    }
    let budget = rows.bcrypt_budget.as_millis().to_string();
    let with_budget = deployment.with("LOGIN_BUDGET_MS", &budget);
    bench.function = with_budget.function().await;
    let comparison = bench.compare(Some(&rows.bcrypt), Duration::ZERO).await;
    comparison.print(&format!(
        "wrong log-in, bcrypt of cost 10, budget {budget} ms / unknown name"
    ));
    if !comparison.is_within(MILLISECOND) {
        record.fail("not shown to be within a millisecond");
    }
    // From the second failure on, all of the network's attempts are refused, after two requests.
    let refused = with_budget
        .with("NETWORK_FAILED_LOG_INS", "1")
        .with("LOGIN_BUDGET_MS", "0");
    bench.function = refused.function().await;
    // The window of the failures before may have ended.
    call(&bench.function, log_in("nobody", "wrong horse battery")).await;
    bench.status = 429;
    let comparison = bench.compare(Some(&rows.busy), Duration::ZERO).await;
    comparison.print("refused log-in, 20 sessions and 8 networks / unknown name");
    if !comparison.is_within(MILLISECOND) {
        record.fail("not shown to be within a millisecond");
    }
}

/// One row of each kind, to be copied under other names.
struct Rows {
    cheap: Vec<(&'static str, Item)>,
    /// One with all the sessions and networks that a user may have.
    busy: Item,
    bcrypt: Item,
    bcrypt_budget: Duration,
}

impl Rows {
    async fn prepare(deployment: &Deployment, function: &Token) -> Self {
        let client = client(deployment);
        let row = async |name: &str, hash: Option<&str>| {
            let id = match hash {
                Some(hash) => deployment.user_with_hash(name, hash).await,
                None => deployment.user(name, PASSWORD).await,
            };
            if name == "busy" {
                for turn in 0..20 {
                    let event = log_in(name, PASSWORD).from_address(&format!("192.0.2.{}", turn % 8));
                    assert_eq!(call(function, event).await.status, 200);
                }
            }
            let found = client
                .get_item()
                .table_name("UsersTable")
                .key("pk", text(&format!("user#{id}")))
                .key("sk", text("user"))
                .send()
                .await;
            found.unwrap().item.unwrap()
        };
        let todays = row("todays", None).await;
        let busy = row("busy", None).await;
        let todays_hash = todays["password_hash"].as_s().unwrap();
        // The hash of another password is as wrong, so that another cost needs no hash of its own.
        let at = |cost: &str| todays_hash.replace("m=8192,t=1,p=1", cost);
        let weaker = row("weaker", Some(&at("m=7168,t=1,p=1"))).await;
        let stronger = row("stronger", Some(&at("m=9830,t=1,p=1"))).await;
        let unreadable = row("unreadable", Some("!")).await;
        let with = |name: &str, value| {
            let mut row = todays.clone();
            row.insert(name.to_owned(), value);
            row
        };
        let disabled = with("disabled", AttributeValue::Bool(true));
        let website = text(&format!("https://example.com/{}", "x".repeat(2_000)));
        let website = with("website", website);
        let started = Instant::now();
        let bcrypt = bcrypt::hash(PASSWORD, 10).unwrap();
        let bcrypt_budget = Duration::from_millis(30) + started.elapsed().mul_f64(1.6);
        Self {
            cheap: vec![
                ("a hash of today's cost", todays.clone()),
                ("0.87 times the cost", weaker),
                ("1.2 times the cost", stronger),
                ("a hash that cannot be read", unreadable),
                ("a disabled user", disabled),
                ("a long website", website),
                ("20 sessions and 8 networks", busy.clone()),
            ],
            busy,
            bcrypt: row("bcrypt", Some(&bcrypt)).await,
            bcrypt_budget,
        }
    }
}

struct Bench {
    client: Client,
    function: Token,
    /// What every attempt gets.
    status: u16,
    names: u32,
    pairs: u32,
}

impl Bench {
    /// Compares wrong log-ins of copies of a row, or of unknown names, that take longer by `planted`, with those of unknown names.
    async fn compare(&mut self, row: Option<&Item>, planted: Duration) -> Comparison {
        let mut comparison = Comparison::default();
        // The first two fill caches and connections.
        for turn in 0..self.pairs + 2 {
            let name = self.new_name();
            if let Some(row) = row {
                self.put(&name, row).await;
            }
            let unknown = self.new_name();
            let (ours, bare);
            if turn % 2 == 0 {
                ours = self.time(&name, planted).await;
                bare = self.time(&unknown, Duration::ZERO).await;
            } else {
                bare = self.time(&unknown, Duration::ZERO).await;
                ours = self.time(&name, planted).await;
            }
            if turn >= 2 {
                comparison.push(ours, bare);
            }
        }
        comparison
    }

    fn new_name(&mut self) -> String {
        self.names += 1;
        format!("user{:06}", self.names)
    }

    async fn put(&self, name: &str, row: &Item) {
        let mut user = row.clone();
        user.insert("pk".to_owned(), text(&format!("user#{name}")));
        user.insert("id".to_owned(), text(name));
        user.insert("username".to_owned(), text(name));
        let marker = [
            ("pk", text(&format!("username#{name}"))),
            ("sk", text("name")),
            ("user_id", text(name)),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        for item in [user, marker.into()] {
            let put = self.client.put_item().table_name("UsersTable");
            put.set_item(Some(item)).send().await.unwrap();
        }
    }

    async fn time(&self, name: &str, planted: Duration) -> Duration {
        let event = log_in(name, "wrong horse battery");
        let started = Instant::now();
        while started.elapsed() < planted {
            spin_loop();
        }
        let response = call(&self.function, event).await;
        let time = started.elapsed();
        assert_eq!(response.status, self.status, "{response:?}");
        time
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
