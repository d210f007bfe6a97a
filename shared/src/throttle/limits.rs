//! Every limit of throttling but the two that an operator sets, `NETWORK_FAILED_LOG_INS` and `NETWORK_REGISTRATIONS`.

/// How long the next attempt waits after so many failures, in milliseconds: none before the 5th, then from half a minute on, the double
/// each time, to a cap of 15 minutes (NIST SP 800-63B-4 section 3.2.2 gives 30 seconds to an hour as an example).
pub(crate) const WAITS: [(u32, i64); 6] = [
    (5, 30_000),
    (6, 60_000),
    (7, 120_000),
    (8, 240_000),
    (9, 480_000),
    (10, CAP_MILLIS),
];

/// The longest wait.
pub(crate) const CAP_MILLIS: i64 = 15 * 60 * 1000;

/// After so many failures in a row, of all networks and devices, each further failure of any budget waits the longest (NIST SP 800-63B-4
/// section 3.2.2: at most 100).
pub(crate) const MAX_IN_A_ROW: u32 = 100;

/// Failures are forgotten this long after the last attempt.
pub(crate) const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// For how long a network from which a user logged in is remembered, and how old the token of a device may be.
pub(crate) const REMEMBERED_MILLIS: i64 = 30 * DAY_MILLIS;

/// How many networks of a user are remembered.
pub(crate) const MAX_REMEMBERED: usize = 8;

/// How many of strangers' attempts an item lists by their networks. Beyond, they become [`KEPT_STRANGERS`] of no network, which wait
/// as long, so that an attack does not make the item large.
pub(crate) const MAX_STRANGERS: u32 = 24;

/// How many attempts are left of [`MAX_STRANGERS`].
pub(crate) const KEPT_STRANGERS: u32 = 12;

/// How many networks and devices, at most, one success clears of failures that are forgotten by time: an expression of DynamoDB has at most 4 KB.
/// The next success clears more.
pub(crate) const MOST_FORGOTTEN: usize = 50;

/// The window of the counters of a network.
pub(crate) const WINDOW_MILLIS: i64 = 10 * 60 * 1000;

/// The longest time for which a function refuses without a look at the store: a success elsewhere may have ended the wait.
pub(crate) const MEMORY_MILLIS: i64 = 60_000;

/// How many refusals a function remembers.
pub(crate) const MEMORY_ENTRIES: usize = 4096;
