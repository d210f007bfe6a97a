//! A simulation of rotations: verifiers that keep what they fetched for up to two hours, functions with old copies, rotations that
//! fail at random calls and are repeated at random times, signers that can't reach their secret for days.
//!
//! The rotation, both caches and the stores are the real ones. The time, the network's failures and the verifiers are simulated:
//! a verifier keeps the ids that it fetched, and like API Gateway it does not fetch again sooner for an unknown id. Our own verifier,
//! which also knows from when each key signs, is asked for each token as it is signed.

mod sessions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fastrand::Rng;
use shared::clock::{Clock, Timestamp};
use shared::keys::{Cached, Lead, Published, PublishedStore, Ring, RingStore, SESSION_KEY_ID_BYTES};
use testing::secrets_manager::Failure;

use super::STEPS;
use super::fixture::Fixture;
use sessions::SESSION_LIFE;

pub(crate) const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long API Gateway keeps keys, which is also the maximum of the verifiers here.
pub(crate) const VERIFIER_KEEPS: i64 = 2 * HOUR;
pub(crate) const VERIFIERS: usize = 3000;
const TOKEN_LIFE: u32 = 1800;
/// The token life of a signer that was redeployed, longer than the rotation knows.
const LONGER_LIFE: u32 = 5400;

/// The times of a run.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub lead: u32,
    pub rotation: u32,
}

/// A day between rotations, and a lead hardly longer than the ages of all copies of the published keys together: two hours at the
/// verifier, a 24th of the lead in a cache before it, a 72nd at the function, and a step of the simulation.
pub(crate) const SHARP: Times = Times {
    lead: 8400,
    rotation: 86_400,
};

/// A function that issues tokens.
struct Signer {
    ring: Cached<RingStore>,
    life: u32,
    /// When it can reach its secret again.
    unavailable_until: i64,
}

/// A verifier: it fetches every `keeps` seconds.
struct Verifier {
    keeps: i64,
    phase: i64,
    /// The index of the function whose copy it gets.
    discovery: usize,
    /// The age of the response that a cache before it gives, in seconds.
    cached: i64,
}

/// The responses of a discovery function, each by the time since which it is given.
type Responses = BTreeMap<i64, BTreeSet<String>>;

pub(crate) struct World {
    pub fixture: Fixture,
    times: Times,
    rng: Rng,
    signers: Vec<Signer>,
    discoveries: Vec<(Cached<PublishedStore>, Responses)>,
    verifiers: Vec<Verifier>,
    /// When the last token of each key expires.
    tokens: BTreeMap<String, i64>,
    /// When each session key entered the ring in use, and when the last session of its tokens ends.
    session_keys: BTreeMap<[u8; SESSION_KEY_ID_BYTES], (Timestamp, Timestamp)>,
    next_rotation: i64,
    signed_by: BTreeSet<String>,
    pub counts: Counts,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub steps: u64,
    pub checks: u64,
    pub tokens: u64,
    pub without_key: u64,
    pub rotations: u64,
    pub failed_attempts: u64,
    pub signed_by: usize,
    pub sealed_by: usize,
}

impl World {
    pub(crate) async fn new(seed: u64, times: Times) -> Self {
        let (lead, rotation) = (times.lead.to_string(), times.rotation.to_string());
        let fixture = Fixture::with_variables(&[
            ("KEY_KIND", "EdDSA"),
            ("KEY_LEAD_SECONDS", &lead),
            ("KEY_ROTATION_SECONDS", &rotation),
            ("SESSION_SECONDS", &SESSION_LIFE.to_string()),
        ])
        .await;
        let mut rng = Rng::with_seed(seed);
        let copy = Lead { seconds: times.lead };
        let mut signers = Vec::new();
        for index in 0..4 {
            let ring = RingStore::connect(&fixture.env()).await.unwrap();
            signers.push(Signer {
                ring: Cached::new(ring, fixture.clock(), copy.copy_seconds()),
                life: if index == 3 { LONGER_LIFE } else { TOKEN_LIFE },
                unavailable_until: 0,
            });
        }
        let store = fixture.store().await;
        let discovery = |clock: Clock| {
            let keys = Cached::new(store.clone(), clock, copy.copy_seconds());
            (keys, Responses::new())
        };
        let discoveries = (0..2).map(|_| discovery(fixture.clock())).collect();
        let verifiers = (0..VERIFIERS)
            .map(|_| {
                let keeps = rng.i64(MINUTE..=VERIFIER_KEEPS);
                Verifier {
                    keeps,
                    phase: rng.i64(0..keeps),
                    discovery: rng.usize(0..2),
                    cached: rng.i64(0..=i64::from(copy.cache_seconds())),
                }
            })
            .collect();
        fixture.rotate().await;
        let next_rotation = fixture.now().unix() + i64::from(times.rotation);
        let mut world = Self {
            fixture,
            times,
            rng,
            signers,
            discoveries,
            verifiers,
            tokens: BTreeMap::new(),
            session_keys: BTreeMap::new(),
            next_rotation,
            signed_by: BTreeSet::new(),
            counts: Counts::default(),
        };
        // The first seals at once, as if it had been there for the lead.
        let lead = i64::from(times.lead);
        world.note_session_keys(Timestamp::from_unix(world.now() - lead));
        world
    }

    fn now(&self) -> i64 {
        self.fixture.now().unix()
    }

    /// Attempts a rotation, with repeated steps and failures; the schedule or the retry sets the time of the next one.
    async fn rotate(&mut self) {
        let token = self.fixture.secrets.begin_rotation();
        for step in STEPS {
            if self.rng.u8(0..4) == 0 {
                let mut script = vec![None; self.rng.usize(0..4)];
                let failure = if self.rng.bool() {
                    Failure::Before
                } else {
                    Failure::After
                };
                script.push(Some(failure));
                self.fixture.secrets.script(script);
            }
            let mut done = self.fixture.step(step, &token).await.is_ok();
            self.fixture.secrets.script([]);
            if done && self.rng.u8(0..4) == 0 {
                done = self.fixture.step(step, &token).await.is_ok();
            }
            if !done {
                self.counts.failed_attempts += 1;
                self.next_rotation = self.now() + self.rng.i64(MINUTE..i64::from(self.times.rotation) / 4);
                return;
            }
        }
        self.counts.rotations += 1;
        // Often an operator rotates by hand, long before it is due.
        let wait = if self.rng.u8(0..2) == 0 {
            self.rng.i64(MINUTE..3 * HOUR)
        } else {
            i64::from(self.times.rotation)
        };
        self.next_rotation = self.now() + wait;
    }

    async fn sign(&mut self) {
        let now = self.fixture.now();
        let index = self.rng.usize(0..self.signers.len());
        if self.rng.u16(0..400) == 0 {
            self.signers[index].unavailable_until =
                now.unix() + self.rng.i64(HOUR..3 * i64::from(self.times.rotation));
        }
        let signer = &self.signers[index];
        self.fixture
            .secrets
            .set_away(now.unix() < signer.unavailable_until);
        let ring = signer.ring.get().await;
        self.fixture.secrets.set_away(false);
        let life = signer.life;
        if now.unix() >= signer.unavailable_until {
            self.seal(index, ring.as_ref().unwrap()).await;
        }
        let key = ring
            .as_ref()
            .ok()
            .and_then(|ring: &Arc<Ring>| ring.signer(now, life + self.times.lead));
        match key {
            Some(key) => {
                self.own_verifiers_accept(key.kid(), now).await;
                let end = self.tokens.entry(key.kid().to_owned()).or_default();
                *end = (*end).max(now.plus(life).unix());
                self.counts.tokens += 1;
                self.signed_by.insert(key.kid().to_owned());
                self.counts.signed_by = self.signed_by.len();
            }
            None => self.counts.without_key += 1,
        }
    }

    /// Checks that a function which verifies by the table finds the time of a fresh token's key come, in its own copy or by reading
    /// it again for this token.
    async fn own_verifiers_accept(&self, kid: &str, iat: Timestamp) {
        for (keys, _) in &self.discoveries {
            let begun = |published: &Published| published.has_begun(kid, iat).then_some(());
            let found = keys.find(begun).await.unwrap();
            assert!(found.is_some(), "at {iat} the time of {kid} has not come");
        }
    }

    async fn publish(&mut self) {
        let now = self.fixture.now();
        for (keys, responses) in &mut self.discoveries {
            let set = keys.get().await.unwrap().jwk_set(now);
            let kids: BTreeSet<String> = set
                .keys
                .into_iter()
                .map(|jwk| jwk.common.key_id.unwrap())
                .collect();
            if responses.values().next_back() != Some(&kids) {
                responses.insert(now.unix(), kids);
            }
        }
    }

    /// Returns the ids that a verifier knows now.
    fn known(&self, verifier: &Verifier) -> Option<&BTreeSet<String>> {
        let now = self.now();
        let fetched = now - (now - verifier.phase).rem_euclid(verifier.keeps);
        let given = fetched - verifier.cached;
        let responses = &self.discoveries[verifier.discovery].1;
        // Before the first response there was nothing to keep: such a verifier fetches now.
        let known = responses
            .range(..=given)
            .next_back()
            .or_else(|| responses.iter().next());
        known.map(|(_, kids)| kids)
    }

    /// Checks that every verifier asked accepts every token that has not expired.
    fn check(&mut self, verifiers: usize) {
        let now = self.now();
        self.tokens.retain(|_, end| now < *end);
        let mut checks = 0;
        for _ in 0..verifiers {
            let verifier = &self.verifiers[self.rng.usize(0..VERIFIERS)];
            let known = self.known(verifier).unwrap();
            for kid in self.tokens.keys() {
                assert!(known.contains(kid), "{}", self.rejection(verifier, kid));
                checks += 1;
            }
        }
        self.counts.checks += checks;
    }

    fn rejection(&self, verifier: &Verifier, kid: &str) -> String {
        let ring = self.fixture.ring();
        let found = ring.keys.iter().find(|ring_key| ring_key.key.kid() == kid);
        let dates = found.map(|ring_key| ring_key.dates);
        let (now, keeps) = (self.now(), verifier.keeps);
        format!("at {now} a verifier that keeps keys for {keeps} s does not know {kid}: {dates:?}")
    }

    /// Reports whether something happens to a key around now, so that small steps are worth their time.
    fn is_busy(&self) -> bool {
        let now = self.now();
        let near = |time: Timestamp| (-10 * MINUTE..3 * HOUR).contains(&(now - time.unix()));
        let ring = Ring::parse(&self.fixture.secrets.current().unwrap()).unwrap();
        ring.keys
            .iter()
            .any(|ring_key| near(ring_key.dates.signs_from) || near(ring_key.dates.drop_at))
    }

    pub(crate) async fn run(&mut self, days: i64) {
        let end = self.now() + days * DAY;
        while self.now() < end {
            let busy = self.is_busy();
            let step = if busy {
                2 * MINUTE
            } else {
                self.rng.i64(MINUTE..HOUR)
            };
            self.fixture.pass(u32::try_from(step).unwrap());
            if self.now() >= self.next_rotation {
                self.rotate().await;
                self.note_session_keys(self.fixture.now());
            }
            self.publish().await;
            for _ in 0..2 {
                self.sign().await;
            }
            self.check(if busy { 100 } else { 10 });
            self.counts.steps += 1;
        }
    }
}

/// What an emergency costs.
#[derive(Debug)]
pub(crate) struct Cost {
    /// The most verifiers that reject fresh tokens at once.
    pub rejecting: usize,
    /// How long any verifier does, in minutes.
    pub rejecting_minutes: i64,
    /// How long any verifier accepts tokens of the dropped key, in minutes.
    pub accepting_minutes: i64,
}

impl World {
    fn signing_kid(&self) -> String {
        let ring = self.fixture.ring();
        ring.signer(self.fixture.now(), 0).unwrap().kid().to_owned()
    }

    /// Drops the key that signs and asks all verifiers every two minutes.
    pub(crate) async fn emergency(&mut self) -> Cost {
        let bad = self.signing_kid();
        self.fixture.compromised(&bad).await.unwrap();
        let begun = self.now();
        let mut cost = Cost {
            rejecting: 0,
            rejecting_minutes: 0,
            accepting_minutes: 0,
        };
        while self.now() < begun + 4 * HOUR {
            self.fixture.pass(120);
            self.publish().await;
            let minutes = (self.now() - begun) / MINUTE;
            let new = self.signing_kid();
            let known: Vec<_> = self
                .verifiers
                .iter()
                .map(|verifier| self.known(verifier).unwrap())
                .collect();
            let rejecting = known.iter().filter(|known| !known.contains(&new)).count();
            if rejecting > 0 {
                cost.rejecting = cost.rejecting.max(rejecting);
                cost.rejecting_minutes = minutes;
            }
            if known.iter().any(|known| known.contains(&bad)) {
                cost.accepting_minutes = minutes;
            }
        }
        cost
    }
}
