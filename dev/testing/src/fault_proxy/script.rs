//! The faults to come and the requests so far.

use std::collections::{HashMap, VecDeque};

use hyper::body::Bytes;

use super::Fault;

/// The requests of one operation, or (`None`) all of them.
type Requests = Option<String>;

#[derive(Debug, Default)]
pub(super) struct Script {
    once: HashMap<Requests, VecDeque<Fault>>,
    always: HashMap<Requests, Fault>,
    /// The operation of each request with its body, oldest first.
    pub(super) seen: Vec<(String, Bytes)>,
    /// The header `Authorization` of each request, oldest first.
    pub(super) signatures: Vec<String>,
}

impl Script {
    pub(super) fn add(&mut self, operation: Option<&str>, faults: impl IntoIterator<Item = Fault>) {
        self.once
            .entry(operation.map(str::to_owned))
            .or_default()
            .extend(faults);
    }

    pub(super) fn always(&mut self, operation: Option<&str>, fault: Fault) {
        self.always.insert(operation.map(str::to_owned), fault);
    }

    pub(super) fn pass(&mut self) {
        self.once.clear();
        self.always.clear();
    }

    /// Records a request of `operation` and returns its fault.
    pub(super) fn next(&mut self, operation: &str, body: &Bytes) -> Fault {
        self.seen.push((operation.to_owned(), body.clone()));
        let one = Some(operation.to_owned());
        let mut scripted = |requests| self.once.get_mut(requests).and_then(VecDeque::pop_front);
        scripted(&one)
            .or_else(|| scripted(&None))
            .or_else(|| self.always.get(&one).or_else(|| self.always.get(&None)).cloned())
            .unwrap_or(Fault::Pass)
    }
}
