//! The discrete-event simulation of `POST /token`: a request meets the limits in the order in which it would on AWS.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::arrivals::Arrivals;
use crate::assumptions::{PARTITION_READS, READ, READS};
use crate::duration;
use crate::environments::{Environment, Environments};
use crate::limit::{Bucket, Limit};
use crate::outcome::{Outcome, Refusal};
use crate::quotas::Quotas;
use crate::scenario::{Scenario, Users};
use crate::time::{Nanoseconds, milliseconds};

/// Runs a scenario under quotas. The same scenario and quotas give the same outcome on every machine.
#[must_use]
pub fn run(scenario: &Scenario, quotas: &Quotas) -> Outcome {
    let mut random = ChaCha8Rng::seed_from_u64(scenario.seed);
    let mut arrivals = Arrivals::new(scenario.phases.clone());
    let mut model = Model::new(scenario, quotas);
    while let Some(now) = arrivals.next(&mut random) {
        model.finish_until(now, &mut random);
        model.log_in(now, &mut random);
    }
    model.finish_until(scenario.length(), &mut random);
    model.outcome
}

struct Model {
    users: Users,
    warm_up: Nanoseconds,
    now: Nanoseconds,
    route: Option<Bucket>,
    gateway: Option<Bucket>,
    requests: Option<Bucket>,
    concurrency: usize,
    scaling: Option<Bucket>,
    partitions: Vec<Bucket>,
    environments: Environments,
    busy: BinaryHeap<Reverse<(Nanoseconds, Environment)>>,
    outcome: Outcome,
}

impl Model {
    fn new(scenario: &Scenario, quotas: &Quotas) -> Self {
        let partition = Bucket::new(Limit::of_rate(PARTITION_READS.value));
        Self {
            users: scenario.users,
            warm_up: scenario.warm_up,
            now: 0,
            route: quotas.route.map(Bucket::new),
            gateway: quotas.gateway.map(Bucket::new),
            requests: quotas.requests().map(Bucket::new),
            concurrency: quotas.concurrency.map_or(usize::MAX, |quota| quota as usize),
            scaling: quotas.scaling.map(Bucket::new),
            partitions: vec![partition; quotas.partitions().unwrap_or(0)],
            environments: Environments::default(),
            busy: BinaryHeap::new(),
            outcome: Outcome::new(scenario.length() - scenario.warm_up),
        }
    }

    /// Lets invocations end up to a time.
    fn finish_until(&mut self, time: Nanoseconds, random: &mut ChaCha8Rng) {
        while let Some(Reverse((end, environment))) = self.busy.peek().copied() {
            if end > time {
                break;
            }
            self.pass_time(end);
            self.busy.pop();
            self.environments.give_back(environment, end, random);
        }
        self.pass_time(time);
    }

    fn pass_time(&mut self, time: Nanoseconds) {
        let counted_from = self.now.max(self.warm_up);
        self.outcome
            .concurrency
            .add(self.busy.len(), time.saturating_sub(counted_from));
        self.now = time;
    }

    fn log_in(&mut self, now: Nanoseconds, random: &mut ChaCha8Rng) {
        let counted = now.checked_sub(self.warm_up);
        if let Some(at) = counted {
            self.outcome.arrivals.add(at, 1);
        }
        if let Err(refusal) = self.invoke(now, counted, random)
            && counted.is_some()
        {
            self.outcome.refuse(refusal);
        }
    }

    fn invoke(
        &mut self,
        now: Nanoseconds,
        counted: Option<Nanoseconds>,
        random: &mut ChaCha8Rng,
    ) -> Result<(), Refusal> {
        pass(&mut self.route, now, Refusal::Route)?;
        pass(&mut self.gateway, now, Refusal::Gateway)?;
        pass(&mut self.requests, now, Refusal::Requests)?;
        if self.busy.len() >= self.concurrency {
            return Err(Refusal::Concurrency);
        }
        let (environment, start) = match self.environments.take(now) {
            Some(environment) => (environment, now),
            None => {
                pass(&mut self.scaling, now, Refusal::Scaling)?;
                if let Some(at) = counted {
                    self.outcome.made.add(at, 1);
                }
                (
                    Environment { born: now },
                    now + milliseconds(duration::cold_start()),
                )
            }
        };
        let served = self.read(now, counted, random);
        // The function answers 503 as soon as a read fails: it makes no hash then.
        let time = match served {
            Ok(()) => duration::warm_log_in(),
            Err(_) => READ.value,
        };
        self.busy.push(Reverse((start + milliseconds(time), environment)));
        served
    }

    /// The reads are counted when the request comes, though they are made one after the other and after a cold start:
    /// fractions of a second, which no count of a second shows.
    fn read(
        &mut self,
        now: Nanoseconds,
        counted: Option<Nanoseconds>,
        random: &mut ChaCha8Rng,
    ) -> Result<(), Refusal> {
        for read in 0..READS.value as usize {
            if let Some(at) = counted {
                self.outcome.reads.add(at, 1);
            }
            let key = match self.users {
                Users::Many => random.next_u32() as usize,
                Users::One => read,
            };
            let count = self.partitions.len().max(1);
            if let Some(partition) = self.partitions.get_mut(key % count)
                && !partition.take(now)
            {
                return Err(Refusal::Partition);
            }
        }
        Ok(())
    }
}

fn pass(bucket: &mut Option<Bucket>, now: Nanoseconds, refusal: Refusal) -> Result<(), Refusal> {
    if bucket.as_mut().is_none_or(|bucket| bucket.take(now)) {
        Ok(())
    } else {
        Err(refusal)
    }
}
