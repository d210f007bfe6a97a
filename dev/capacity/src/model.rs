//! The requests that are modelled, and how long each runs.

use sam_template::Template;

use crate::assumptions::{Assumptions, Number};
use crate::stack::{Stack, limit, memory_mb, stack};

/// One kind of request, served by one invocation. Items are given by their bytes.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The route's key, such as `POST /token`.
    pub(crate) key: &'static str,
    /// Which request of the route, where there are several.
    pub(crate) case: &'static str,
    pub(crate) memory_mb: f64,
    /// Requests a second, and the burst.
    pub(crate) limit: (f64, f64),
    /// Milliseconds on a full core.
    pub(crate) cpu_ms: f64,
    /// Items that one request reads, strongly consistent.
    pub(crate) reads: Vec<f64>,
    /// Items that are written, one after the other.
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

impl Operation {
    /// How the tables name it.
    pub(crate) fn label(&self) -> String {
        format!("`{}`{}", self.key, self.case)
    }
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
        let operation = |key, cpu: &Number, response: &Number| {
            Ok::<_, String>(Operation {
                key,
                case: "",
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
        let [user, username, email, counter] = [
            &bytes.user,
            &bytes.username_marker,
            &bytes.email_marker,
            &bytes.network_counter,
        ]
        .map(|item| item.value);
        let mut register = operation("POST /register", &time.hashing, &bytes.register_response)?;
        register.transaction = vec![user, username, email, counter];
        let used = given.user_item(given.traffic.sessions.value);
        let mut log_in = operation("POST /token", &time.hashing, &bytes.log_in_response)?;
        log_in.case = ", log-in";
        // One write counts the attempt and one begins the session; each is charged by the item between them, which is the larger one.
        let attempted = used + bytes.attempt.value;
        log_in.reads = vec![username, counter];
        log_in.writes = vec![attempted; 2];
        log_in.cold_secrets = 1.0;
        let mut refresh = operation("POST /token", &time.refreshing, &bytes.log_in_response)?;
        refresh.case = ", refresh";
        refresh.writes = vec![used];
        refresh.cold_secrets = 1.0;
        let mut me = operation("GET /users/me", &time.reading, &bytes.me_response)?;
        me.reads = vec![used];
        me.cold_reads = vec![bytes.published.value];
        let mut jwks = operation("GET /.well-known/jwks.json", &time.reading, &bytes.jwks_response)?;
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
        let requests = operation.reads.len().min(1) + operation.writes.len();
        let requests = requests as f64 * time.store_request.value;
        let transactions = operation.transaction.len().min(1) as f64 * time.store_transaction.value;
        operation.cpu_ms * slower + requests + transactions
    }

    /// Milliseconds that a cold start adds and that Lambda bills: all but the creation of the environment.
    pub(crate) fn billed_cold_ms(&self, operation: &Operation) -> f64 {
        let time = &self.given.time;
        let reads = operation.cold_reads.len() as f64 * time.store_request.value;
        let secret = operation.cold_secrets * (time.handshake.value + time.secret.value);
        time.start.value + time.handshake.value + reads + secret
    }

    /// Read units of reading these items. An item that is not there takes one, too.
    pub(crate) fn read_units(&self, items: &[f64]) -> f64 {
        units(items, self.given.bytes.read_unit.value)
    }

    /// Write units of plain writes of these items.
    pub(crate) fn plain_write_units(&self, items: &[f64]) -> f64 {
        units(items, self.given.bytes.write_unit.value)
    }

    /// Write units of an operation. A transaction prepares and commits each item, so it takes twice as many as a plain write.
    pub(crate) fn write_units(&self, operation: &Operation) -> f64 {
        self.plain_write_units(&operation.writes) + 2.0 * self.plain_write_units(&operation.transaction)
    }
}

/// Each item takes a unit for each `size` begun.
fn units(items: &[f64], size: f64) -> f64 {
    // An empty sum would be -0.
    let units = items.iter().map(|bytes| (bytes / size).ceil().max(1.0));
    units.fold(0.0, |sum, units| sum + units)
}

/// This project's model under round figures, so that no renewed measurement breaks a sum made by hand. A log-in takes 85 ms on half a core,
/// 5 ms of a read and 10 ms of two writes, a refresh 5 ms and 5 ms; a cold start adds 100 ms, of which 75 are billed.
#[cfg(test)]
pub(crate) fn round_figures() -> Model {
    let mut model = Model::of_this_project().unwrap();
    let time = &mut model.given.time;
    (time.full_core.value, time.cold_share.value) = (2048.0, 0.01);
    (time.store_request.value, time.store_transaction.value) = (5.0, 15.0);
    (time.environment.value, time.start.value) = (25.0, 35.0);
    (time.handshake.value, time.secret.value) = (15.0, 10.0);
    for (operation, cpu_ms) in [
        (&mut model.register, 45.0),
        (&mut model.log_in, 42.5),
        (&mut model.refresh, 2.5),
    ] {
        (operation.cpu_ms, operation.memory_mb) = (cpu_ms, 1024.0);
    }
    (model.log_in.reads, model.log_in.writes) = (vec![60.0; 2], vec![1_025.0; 2]);
    (model.refresh.writes, model.me.reads) = (vec![1_025.0], vec![1_025.0]);
    (model.me.cpu_ms, model.me.memory_mb) = (5.0, 2048.0);
    (model.log_in.limit, model.me.limit) = ((20.0, 40.0), (100.0, 200.0));
    model
}

#[test]
fn work_takes_longer_on_less_memory_and_waiting_does_not() {
    let model = round_figures();
    // A read of two items and two writes of 5 ms each, and 42.5 ms on a sixteenth of a core, a half, a whole one and two.
    let at = |memory| model.warm_ms(&model.log_in, memory);
    assert_eq!(
        [128.0, 1024.0, 2048.0, 4096.0].map(at),
        [695.0, 100.0, 57.5, 57.5]
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
fn an_item_takes_a_unit_for_each_4_kb_read_and_kb_written_twice_in_a_transaction() {
    let mut model = round_figures();
    assert_eq!(
        [0.0, 4096.0, 4097.0].map(|bytes| model.read_units(&[bytes])),
        [1.0, 1.0, 2.0]
    );
    let mut units = |writes: &[f64], transaction: &[f64]| {
        (model.log_in.writes, model.log_in.transaction) = (writes.to_vec(), transaction.to_vec());
        model.write_units(&model.log_in)
    };
    assert_eq!(units(&[], &[345.0, 60.0, 69.0]), 6.0);
    assert_eq!(units(&[], &[1025.0, 60.0]), 6.0);
    assert_eq!(units(&[1024.0, 1025.0], &[]), 3.0);
}
