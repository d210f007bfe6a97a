//! Mixed requests over a store that fails in one request of ten: what was acknowledged is there afterwards.

mod check;
mod client;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use me::Me;
use register::Register;
use sam_template::Template;
use serde_json::Value;
use sessions::Sessions;
use shared::clock::Clock;
use shared::function::HttpFunction;
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, call};
use testing::event::{Event, log_in};
use testing::fault_proxy::{Fault, FaultProxy};
use token::Token;

const SEED: u64 = 13;
/// How many users there are at most, each of whom makes one request after the other.
const SLOTS: usize = 60;
/// How many of them make a request at once.
const AT_ONCE: usize = 12;
/// Enough to see whether memory grows.
const LONG: usize = 10_000;
/// Fewer than two a user, so that names are contended for.
const NAMES: usize = 90;

/// A session as its client knows it.
struct Session {
    access: String,
    refresh: String,
    since: i64,
    /// A request failed that may have refreshed or ended the session.
    is_uncertain: bool,
}

/// What a client knows of its account: the acknowledged values, and those of writes since whose outcome it does not know.
struct Account {
    id: String,
    names: Vec<String>,
    full_names: Vec<Option<String>>,
    passwords: Vec<String>,
    /// A deletion failed, which may have happened.
    may_be_gone: bool,
    session: Option<Session>,
}

#[derive(Default)]
struct Slot {
    random: fastrand::Rng,
    account: Option<Account>,
}

/// The service, and the responses that all clients received.
struct World {
    register: Register,
    token: Token,
    me: Me,
    sessions: Sessions,
    proxy: FaultProxy,
    time: TestClock,
    requests: Cell<usize>,
    /// How many responses had a status.
    statuses: RefCell<HashMap<u16, usize>>,
    longest: Cell<Duration>,
    successors: RefCell<HashMap<String, String>>,
    deleted: RefCell<Vec<String>>,
    /// Refresh and access tokens of sessions whose end was acknowledged.
    ended: RefCell<Vec<(String, String)>>,
    deployment: Deployment,
}

/// Returns the value of a field of `/proc/self/status`, in KiB.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}

/// Returns a fault for one request of ten.
fn fault(random: &mut fastrand::Rng) -> Fault {
    match random.u32(0..1_000) {
        0..20 => Fault::Status500,
        20..35 => Fault::Throttle,
        35..50 => Fault::HangUpBefore,
        50..70 => Fault::HangUpAfterWrite,
        70..80 => Fault::CutAnswer,
        80..96 => Fault::Delay(Duration::from_millis(random.u64(10..300))),
        // Longer than an attempt waits.
        96..98 => Fault::Delay(Duration::from_millis(1_300)),
        98..100 => Fault::Hang,
        _ => Fault::Pass,
    }
}

/// Returns what a transaction meets in place of a fault that any request may meet.
fn in_transaction(fault: Fault) -> Fault {
    match fault {
        Fault::Status500 => Fault::TransactionConflict,
        Fault::Throttle => Fault::TransactionInProgress,
        fault => fault,
    }
}

/// Reports whether a response leaves open what happened: the store was unavailable.
fn is_open(answer: &Answer) -> bool {
    answer.status == 503
}

impl World {
    async fn start() -> Self {
        let time = TestClock::at(Clock::system().now().unix());
        let deployment = Deployment::start().await.at(&time);
        let proxy = FaultProxy::start(deployment.endpoint()).await.unwrap();
        let deployment = deployment
            .with("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint())
            .with("NETWORK_FAILED_LOG_INS", "100000")
            .with("NETWORK_REGISTRATIONS", "100000");
        Self {
            register: deployment.function().await,
            token: deployment.function().await,
            me: deployment.function().await,
            sessions: deployment.function().await,
            proxy,
            time,
            requests: Cell::default(),
            statuses: RefCell::default(),
            longest: Cell::default(),
            successors: RefCell::default(),
            deleted: RefCell::default(),
            ended: RefCell::default(),
            deployment,
        }
    }

    async fn send<F: HttpFunction>(&self, function: &F, event: Event) -> Answer {
        let count = self.requests.get();
        self.requests.set(count + 1);
        // Another network each time, as far as an IPv4 address goes.
        let address = format!("10.{}.{}.{}", count / 62_500, count / 250 % 250, count % 250);
        let started = Instant::now();
        let answer = Box::pin(call(function, event.from_address(&address))).await;
        self.longest.set(self.longest.get().max(started.elapsed()));
        *self.statuses.borrow_mut().entry(answer.status).or_default() += 1;
        assert_ne!(answer.status, 500, "{answer:?}");
        answer
    }

    async fn log_in(&self, name: &str, password: &str) -> Answer {
        self.send(&self.token, log_in(name, password)).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        let form = format!("grant_type=refresh_token&refresh_token={token}");
        let answer = self
            .send(&self.token, Event::new("POST", "/token").form(&form))
            .await;
        if answer.status == 200 {
            let next = answer.body["refresh_token"].as_str().unwrap();
            // Until it is old enough to be replaced, a token is repeated.
            if next != token {
                let mut successors = self.successors.borrow_mut();
                let first = successors
                    .entry(token.to_owned())
                    .or_insert_with(|| next.to_owned());
                assert_eq!(first, next, "a token has two successors");
            }
        }
        answer
    }

    async fn me(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let event = Event::new(method, path).bearer(token);
        let event = if body.is_null() { event } else { event.json(body) };
        self.send(&self.me, event).await
    }
}

async fn run(requests: usize) {
    let world = World::start().await;
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut slots: Vec<Slot> = (0..SLOTS)
        .map(|_| Slot {
            random: random.fork(),
            account: None,
        })
        .collect();
    let mut early = None;
    let mut store_requests = 0;
    while world.requests.get() < requests {
        world.proxy.pass();
        let faults: Vec<Fault> = (0..2_000).map(|_| fault(&mut random)).collect();
        world.proxy.script(faults);
        let faults: Vec<Fault> = (0..500).map(|_| in_transaction(fault(&mut random))).collect();
        world.proxy.script_for("TransactWriteItems", faults);
        stream::iter(slots.iter_mut())
            .for_each_concurrent(AT_ONCE, |slot| world.step(slot))
            .await;
        store_requests += world.proxy.operations().len();
        // What it has recorded would grow with the requests.
        world.proxy.reset_counts();
        world.time.pass(random.i64(0..40));
        if early.is_none() && world.requests.get() >= requests / 5 {
            early = Some(resident_kib());
        }
    }
    let (early, late) = (early.unwrap(), resident_kib());
    world.check(&mut slots).await;
    let live = slots.iter().filter(|slot| slot.account.is_some()).count();
    println!(
        "{} requests, {store_requests} of the store; {:?}; longest {:?}; {live} users, {} deleted, {} sessions ended, {} successors; \
         {early} KiB after a fifth, {late} KiB at the end",
        world.requests.get(),
        world.statuses.borrow(),
        world.longest.get(),
        world.deleted.borrow().len(),
        world.ended.borrow().len(),
        world.successors.borrow().len(),
    );
    let template = Template::of_this_project().unwrap();
    let limit = template
        .functions()
        .iter()
        .map(|function| function.timeout)
        .min()
        .unwrap();
    assert!(
        world.longest.get() < limit,
        "a request took {:?}",
        world.longest.get()
    );
    // Fewer requests show how a process warms up, and what the tests beside this one need.
    if requests >= LONG {
        assert!(late < early * 3 / 2, "memory grows: {early} KiB, then {late} KiB");
    }
    assert!(live > SLOTS / 2 && !world.deleted.borrow().is_empty() && !world.ended.borrow().is_empty());
    assert!(!world.successors.borrow().is_empty());
}

#[tokio::test]
async fn what_is_acknowledged_while_the_store_fails_is_there_afterwards() {
    run(600).await;
}

#[tokio::test]
#[ignore = "takes minutes; .ci/full runs it"]
async fn the_same_with_10_000_requests() {
    run(LONG).await;
}
