//! Mixed requests over a store that fails in one request of ten: what was acknowledged is there afterwards.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use me::Me;
use register::Register;
use sam_template::Template;
use serde_json::{Value, json};
use sessions::Sessions;
use shared::clock::Clock;
use shared::function::HttpFunction;
use testing::clock::TestClock;
use testing::deployment::{Answer, Deployment, call};
use testing::event::{Event, log_in, me, register};
use testing::fault_proxy::{Fault, FaultProxy};
use token::Token;

const SEED: u64 = 13;
/// How many users there are at most, each of whom makes one request after the other.
const SLOTS: usize = 60;
/// How many of them make a request at once.
const AT_ONCE: usize = 12;
/// Fewer than two a user, so that names are contended for.
const NAMES: usize = 90;

/// A session as its client knows it.
struct Session {
    access: String,
    refresh: String,
    since: i64,
    /// A request failed that may have moved it on or ended it.
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

/// The service, and what all clients together were told.
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

    /// Lets a client make its next request, and a few more where that is what clients do.
    async fn step(&self, slot: &mut Slot) {
        let Slot { random, account } = slot;
        let Some(known) = account else {
            *account = self.registered(random).await;
            return;
        };
        if known.session.is_none() {
            if !self.logged_in(known).await {
                *account = None;
            }
            return;
        }
        match random.u32(0..100) {
            0..25 => self.reads(known).await,
            25..50 => self.refreshes(known, random).await,
            50..65 => self.changes(known, random).await,
            65..75 => self.changes_password(known, random).await,
            75..80 => self.ends_others(known).await,
            80..87 => self.logs_out(known, random).await,
            87..92 => known.session = None,
            92..96 => {
                let answer = self.log_in(&known.names[0], "a wrong password").await;
                assert!(matches!(answer.status, 401 | 429 | 503), "{answer:?}");
            }
            _ => {
                if self.deletes(known).await {
                    *account = None;
                }
            }
        }
    }

    async fn registered(&self, random: &mut fastrand::Rng) -> Option<Account> {
        let name = format!("user{}", random.usize(0..NAMES));
        let password = format!("correct horse {}", random.u32(..));
        let body = json!({"username": name, "password": password});
        let answer = self.send(&self.register, register(&body)).await;
        assert!(matches!(answer.status, 201 | 409 | 429 | 503), "{answer:?}");
        (answer.status == 201).then(|| Account {
            id: answer.body["id"].as_str().unwrap().to_owned(),
            names: vec![name],
            full_names: vec![None],
            passwords: vec![password],
            may_be_gone: false,
            session: None,
        })
    }

    /// Logs in by one of the names and passwords that the account may have; `false` where it turns out to be deleted.
    async fn logged_in(&self, account: &mut Account) -> bool {
        let mut is_decided = true;
        for name in &account.names {
            for password in &account.passwords {
                let answer = self.log_in(name, password).await;
                if answer.status == 200 {
                    let text = |member: &str| answer.body[member].as_str().unwrap().to_owned();
                    let access = text("access_token");
                    // The name may be another user's by now, but not with this password.
                    assert_eq!(testing::forge::claims(&access)["sub"], account.id);
                    account.session = Some(Session {
                        access,
                        refresh: text("refresh_token"),
                        since: self.time.now().unix(),
                        is_uncertain: false,
                    });
                    return true;
                }
                assert!(matches!(answer.status, 401 | 429 | 503), "{answer:?}");
                is_decided &= answer.status == 401;
            }
        }
        if is_decided {
            assert!(
                account.may_be_gone,
                "no acknowledged password of {:?} is right",
                account.names
            );
        }
        !is_decided
    }

    /// Takes a 401 of a request with an access token: the session has expired, is too old for the request, or may have ended.
    fn is_out(&self, account: &mut Account, answer: &Answer) -> bool {
        if answer.status != 401 {
            return false;
        }
        let session = account.session.take().unwrap();
        let age = self.time.now().unix() - session.since;
        let is_old = age
            >= if answer.body["error"] == "insufficient_user_authentication" {
                300
            } else {
                1_800
            };
        assert!(
            is_old || session.is_uncertain || account.may_be_gone,
            "a session of {age} s was lost: {answer:?}"
        );
        true
    }

    async fn reads(&self, account: &mut Account) {
        let access = account.session.as_ref().unwrap().access.clone();
        let answer = self.send(&self.me, me(&access)).await;
        if !self.is_out(account, &answer) && !is_open(&answer) {
            account.is_shown(&answer.body);
        }
    }

    /// Refreshes twice at once, as two tabs do, and again while the store is unavailable.
    async fn refreshes(&self, account: &mut Account, random: &mut fastrand::Rng) {
        let session = account.session.as_mut().unwrap();
        let token = session.refresh.clone();
        let mut answer = if random.bool() {
            futures_util::join!(self.refresh(&token), self.refresh(&token)).0
        } else {
            self.refresh(&token).await
        };
        for _ in 0..4 {
            if !is_open(&answer) {
                break;
            }
            answer = self.refresh(&token).await;
        }
        match answer.status {
            200 => {
                session.access = answer.body["access_token"].as_str().unwrap().to_owned();
                session.refresh = answer.body["refresh_token"].as_str().unwrap().to_owned();
                session.is_uncertain = false;
            }
            503 | 429 => session.is_uncertain = true,
            status => {
                assert_eq!(status, 400, "{answer:?}");
                assert!(
                    session.is_uncertain || account.may_be_gone,
                    "a healthy client was logged out"
                );
                account.session = None;
            }
        }
    }

    async fn changes(&self, account: &mut Account, random: &mut fastrand::Rng) {
        let access = account.session.as_ref().unwrap().access.clone();
        let is_name = random.bool();
        let text = format!("user{}", random.usize(0..NAMES));
        let body = if is_name {
            json!({"username": text})
        } else {
            json!({"full_name": text})
        };
        let answer = self.me("PATCH", "/users/me", &access, &body).await;
        if self.is_out(account, &answer) {
            return;
        }
        match answer.status {
            200 if is_name => account.names = vec![text],
            200 => account.full_names = vec![Some(text)],
            409 if is_name => {}
            status => {
                assert!(matches!(status, 503 | 429), "{answer:?}");
                if is_name {
                    account.names.push(text);
                } else {
                    account.full_names.push(Some(text));
                }
            }
        }
        if answer.status == 200 {
            account.is_shown(&answer.body);
        }
    }

    async fn changes_password(&self, account: &mut Account, random: &mut fastrand::Rng) {
        let access = account.session.as_ref().unwrap().access.clone();
        let new = format!("battery horse {}", random.u32(..));
        let body = json!({"current_password": account.passwords[0], "new_password": new});
        let answer = self.me("PUT", "/users/me/password", &access, &body).await;
        if self.is_out(account, &answer) {
            return;
        }
        match answer.status {
            204 => account.passwords = vec![new],
            // The present one is another of those that it may be.
            422 if account.passwords.len() > 1 => account.passwords.rotate_left(1),
            status => {
                assert!(matches!(status, 503 | 429), "{answer:?}");
                account.passwords.push(new);
            }
        }
    }

    async fn ends_others(&self, account: &mut Account) {
        let access = account.session.as_ref().unwrap().access.clone();
        let event = Event::new("DELETE", "/sessions").bearer(&access);
        let answer = self.send(&self.sessions, event).await;
        if !self.is_out(account, &answer) {
            assert!(matches!(answer.status, 204 | 503), "{answer:?}");
        }
    }

    async fn logs_out(&self, account: &mut Account, random: &mut fastrand::Rng) {
        let session = account.session.take().unwrap();
        let answer = if random.bool() {
            let form = format!("token={}", session.refresh);
            self.send(&self.token, Event::new("POST", "/revoke").form(&form))
                .await
        } else {
            let sid = testing::forge::claims(&session.access)["sid"].clone();
            let event = Event::with_id("DELETE", "/sessions/{id}", sid.as_str().unwrap());
            self.send(&self.sessions, event.bearer(&session.access)).await
        };
        if matches!(answer.status, 200 | 204) {
            self.ended.borrow_mut().push((session.refresh, session.access));
        } else {
            account.session = Some(session);
            if !self.is_out(account, &answer) {
                assert!(matches!(answer.status, 503 | 429), "{answer:?}");
                account.session = None;
            }
        }
    }

    /// Returns whether the account is known to be gone.
    async fn deletes(&self, account: &mut Account) -> bool {
        let access = account.session.as_ref().unwrap().access.clone();
        let answer = self.me("DELETE", "/users/me", &access, &Value::Null).await;
        if self.is_out(account, &answer) {
            return false;
        }
        if answer.status == 204 {
            self.deleted.borrow_mut().push(account.id.clone());
            return true;
        }
        assert!(is_open(&answer), "{answer:?}");
        account.may_be_gone = true;
        false
    }

    /// Checks, on a store that no longer fails, all that was acknowledged.
    async fn check(&self, slots: &mut [Slot]) {
        self.proxy.pass();
        self.time.pass(3_600);
        let table = self.deployment.table();
        let (mut markers, mut names) = (Vec::new(), Vec::new());
        for key in table.partition_keys().await {
            if key.starts_with("username#") {
                markers.push(key);
            } else if key.starts_with("user#") {
                let user = table.item(&key, "user").await;
                names.push(format!("username#{}", user["username"]["S"].as_str().unwrap()));
            }
        }
        names.sort();
        assert_eq!(
            names.iter().collect::<BTreeSet<_>>().len(),
            names.len(),
            "a name has two owners"
        );
        assert_eq!(
            markers, names,
            "names without their markers, or markers without their users"
        );
        for id in self.deleted.borrow().iter() {
            assert!(
                table.item(&format!("user#{id}"), "user").await.is_null(),
                "{id} was deleted"
            );
        }
        for (refresh, access) in self.ended.borrow().iter() {
            assert_eq!(
                self.refresh(refresh).await.status,
                400,
                "an ended session was refreshed"
            );
            assert_eq!(self.send(&self.me, me(access)).await.status, 401);
        }
        for account in slots.iter_mut().filter_map(|slot| slot.account.as_mut()) {
            if account.may_be_gone {
                continue;
            }
            let user = table.item(&format!("user#{}", account.id), "user").await;
            assert!(!user.is_null(), "the user {} is lost", account.id);
            if let Some(session) = account.session.as_ref().filter(|session| !session.is_uncertain) {
                let answer = self.refresh(&session.refresh).await;
                assert_eq!(answer.status, 200, "a session is lost: {answer:?}");
            }
            assert!(self.logged_in(account).await);
            self.reads(account).await;
        }
    }
}

impl Account {
    fn is_shown(&self, user: &Value) {
        assert_eq!(user["id"], self.id);
        assert!(
            self.names.iter().any(|name| user["username"] == **name),
            "{user}: {:?} was acknowledged",
            self.names
        );
        assert!(
            self.full_names
                .iter()
                .any(|name| user["full_name"] == json!(name)),
            "{user}: {:?} was acknowledged",
            self.full_names
        );
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
    assert!(late < early * 3 / 2, "memory grows: {early} KiB, then {late} KiB");
    assert!(live > SLOTS / 2 && !world.deleted.borrow().is_empty() && !world.ended.borrow().is_empty());
    assert!(!world.successors.borrow().is_empty());
}

#[tokio::test]
async fn what_is_acknowledged_while_the_store_fails_is_there_afterwards() {
    run(600).await;
}

#[tokio::test]
#[ignore = "takes minutes; .ci/full runs it"]
async fn what_is_acknowledged_in_10_000_requests_while_the_store_fails_is_there_afterwards() {
    run(10_000).await;
}
