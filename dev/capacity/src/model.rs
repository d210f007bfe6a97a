//! The requests that are modelled, and how long each runs.

use sam_template::Template;

use crate::assumptions::{Assumptions, Number};
use crate::stack::{Stack, limit, memory_mb, stack};

/// One kind of request, served by one invocation. Items are given by their bytes.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The route's key, such as `POST /token`.
    pub(crate) key: &'static str,
    /// What the tables call it.
    pub(crate) name: &'static str,
    pub(crate) memory_mb: f64,
    /// Requests a second, and the burst.
    pub(crate) limit: (f64, f64),
    /// Milliseconds on a full core.
    pub(crate) cpu_ms: f64,
    /// Items that are read, one after the other and strongly consistent.
    pub(crate) reads: Vec<f64>,
    /// Items that plain writes write, one after the other.
    pub(crate) writes: Vec<f64>,
    /// Items that one transaction writes; none for no transaction.
    pub(crate) transaction: Vec<f64>,
    /// Items that a cold start reads.
    pub(crate) cold_reads: Vec<f64>,
    /// How often a cold start reads the secret.
    pub(crate) cold_secrets: f64,
    /// Bytes of the response.
    pub(crate) response: f64,
}

/// Everything that the tables are computed from.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) given: Assumptions,
    pub(crate) stack: Stack,
    pub(crate) register: Operation,
    pub(crate) log_in: Operation,
    pub(crate) refresh: Operation,
    pub(crate) me: Operation,
    pub(crate) jwks: Operation,
}

impl Model {
    pub(crate) fn of_this_project() -> Result<Self, String> {
        let template = Template::of_this_project().map_err(|error| format!("template.yaml: {error}"))?;
        let given = Assumptions::of_this_project()?;
        let operation = |key, name, cpu: &Number, response: &Number| {
            Ok::<_, String>(Operation {
                key,
                name,
                memory_mb: memory_mb(&template, key)?,
                limit: limit(&template, key)?,
                cpu_ms: cpu.value,
                reads: vec![],
                writes: vec![],
                transaction: vec![],
                cold_reads: vec![],
                cold_secrets: 0.0,
                response: response.value,
            })
        };
        let (time, bytes) = (&given.time, &given.bytes);
        let [user, username, email] =
            [&bytes.user, &bytes.username_marker, &bytes.email_marker].map(|item| item.value);
        let with_sessions = user + given.traffic.sessions.value * bytes.session.value;
        let mut register = operation(
            "POST /register",
            "`POST /register`",
            &time.hashing,
            &bytes.register_response,
        )?;
        register.transaction = vec![user, username, email];
        let mut log_in = operation(
            "POST /token",
            "`POST /token`, a log-in",
            &time.hashing,
            &bytes.log_in_response,
        )?;
        log_in.reads = vec![username, with_sessions];
        log_in.writes = vec![with_sessions];
        log_in.cold_secrets = 1.0;
        let mut refresh = operation(
            "POST /token",
            "`POST /token`, a refresh",
            &time.refreshing,
            &bytes.log_in_response,
        )?;
        refresh.writes = vec![with_sessions];
        refresh.cold_secrets = 1.0;
        let mut me = operation(
            "GET /users/me",
            "`GET /users/me`",
            &time.reading,
            &bytes.me_response,
        )?;
        me.reads = vec![with_sessions];
        me.cold_reads = vec![bytes.published.value];
        let jwks = "GET /.well-known/jwks.json";
        let mut jwks = operation(
            jwks,
            "`GET /.well-known/jwks.json`",
            &time.reading,
            &bytes.jwks_response,
        )?;
        jwks.cold_reads = vec![bytes.published.value];
        let stack = stack(&template)?;
        Ok(Self {
            given,
            stack,
            register,
            log_in,
            refresh,
            me,
            jwks,
        })
    }

    pub(crate) fn operations(&self) -> [&Operation; 5] {
        [&self.register, &self.log_in, &self.refresh, &self.me, &self.jwks]
    }

    /// Milliseconds of a warm invocation. The work takes longer by as much as the memory is below that of a full core; the waiting
    /// does not. More memory than that changes nothing: the functions run on one thread.
    pub(crate) fn warm_ms(&self, operation: &Operation, memory_mb: f64) -> f64 {
        let time = &self.given.time;
        let slower = (time.full_core.value / memory_mb).max(1.0);
        let reads = operation.reads.len() as f64 * time.store_read.value;
        let writes = operation.writes.len() as f64 * time.store_write.value;
        let transactions = operation.transaction.len().min(1) as f64 * time.store_transaction.value;
        operation.cpu_ms * slower + reads + writes + transactions
    }

    /// Milliseconds that a cold start adds and that Lambda bills: all but the creation of the environment.
    pub(crate) fn billed_cold_ms(&self, operation: &Operation) -> f64 {
        let time = &self.given.time;
        let reads = operation.cold_reads.len() as f64 * time.store_read.value;
        let secret = operation.cold_secrets * (time.handshake.value + time.secret.value);
        time.start.value + time.handshake.value + reads + secret
    }

    /// Read units of reading these items. An item that is not there takes one, too.
    pub(crate) fn read_units(&self, items: &[f64]) -> f64 {
        units(items, self.given.bytes.read_unit.value)
    }

    /// Write units of plain writes. An update takes those of the whole item, whatever it changes.
    pub(crate) fn write_units(&self, items: &[f64]) -> f64 {
        units(items, self.given.bytes.write_unit.value)
    }

    /// Write units of an operation. A transaction prepares and commits each item, so it takes twice as many as a plain write.
    pub(crate) fn written_units(&self, operation: &Operation) -> f64 {
        self.write_units(&operation.writes) + 2.0 * self.write_units(&operation.transaction)
    }
}

/// Each item takes a unit for each `size` begun.
fn units(items: &[f64], size: f64) -> f64 {
    // An empty sum would be -0.
    let units = items.iter().map(|bytes| (bytes / size).ceil().max(1.0));
    units.fold(0.0, |sum, units| sum + units)
}

/// This project's model under round figures, so that no renewed measurement breaks a sum made by hand. A log-in takes 80 ms on half a core,
/// 10 ms of reads and 10 ms of a write; a cold start adds 100 ms, of which 75 are billed.
#[cfg(test)]
pub(crate) fn round_figures() -> Model {
    let mut model = Model::of_this_project().unwrap();
    let time = &mut model.given.time;
    (time.full_core.value, time.cold_share.value) = (2048.0, 0.01);
    (time.store_read.value, time.store_transaction.value) = (5.0, 15.0);
    time.store_write.value = 10.0;
    (time.environment.value, time.start.value) = (25.0, 35.0);
    (time.handshake.value, time.secret.value) = (15.0, 10.0);
    (model.register.cpu_ms, model.register.memory_mb) = (45.0, 1024.0);
    (model.log_in.cpu_ms, model.log_in.memory_mb) = (40.0, 1024.0);
    // Two write units.
    model.log_in.writes = vec![1_025.0];
    (model.me.cpu_ms, model.me.memory_mb) = (5.0, 2048.0);
    (model.log_in.limit, model.me.limit) = ((20.0, 40.0), (100.0, 200.0));
    model
}

#[test]
fn work_takes_longer_on_less_memory_and_waiting_does_not() {
    let model = round_figures();
    // Two reads of 5 ms, a write of 10 ms, and 40 ms on a sixteenth of a core, a half, a whole one and two.
    let at = |memory| model.warm_ms(&model.log_in, memory);
    assert_eq!(
        [128.0, 1024.0, 2048.0, 4096.0].map(at),
        [660.0, 100.0, 60.0, 60.0]
    );
    assert_eq!(model.warm_ms(&model.register, 2048.0), 60.0);
}

#[test]
fn a_cold_start_is_the_sum_of_its_parts() {
    let model = round_figures();
    let billed = model
        .operations()
        .map(|operation| model.billed_cold_ms(operation));
    assert_eq!(billed, [50.0, 75.0, 75.0, 55.0, 55.0]);
}

#[test]
fn an_item_takes_a_unit_for_each_4_kb_read_or_kb_written_and_two_in_a_transaction() {
    let mut model = round_figures();
    assert_eq!(
        [0.0, 4096.0, 4097.0].map(|bytes| model.read_units(&[bytes])),
        [1.0, 1.0, 2.0]
    );
    for items in [vec![311.0, 60.0, 69.0], vec![1025.0, 60.0]] {
        (model.register.writes, model.register.transaction) = (items.clone(), vec![]);
        assert_eq!(model.written_units(&model.register), 3.0);
        (model.register.writes, model.register.transaction) = (vec![], items);
        assert_eq!(model.written_units(&model.register), 6.0);
    }
}
