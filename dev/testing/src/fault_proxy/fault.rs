//! The faults of a store.

use std::time::Duration;

/// What the proxy does to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// None: the request is passed on, and its response is passed back.
    Pass,
    /// The request is passed on after this time.
    Delay(Duration),
    /// The store fails: 500 `InternalServerError`. The engine does not see the request.
    Status500,
    /// The store is overloaded: 400 `ProvisionedThroughputExceededException`. The engine does not see the
    /// request.
    Throttle,
    /// Another transaction holds an item: `TransactionCanceledException` with `TransactionConflict` as the reason of the
    /// first item and `None` for the others, or `TransactionConflictException` for an operation that is no transaction.
    /// The engine does not see the request.
    TransactionConflict,
    /// The transaction with this idempotency token is still being carried out: 400 `TransactionInProgressException`. The
    /// engine does not see the request.
    TransactionInProgress,
    /// The connection is closed before the engine sees the request.
    HangUpBefore,
    /// The engine carries the request out, and the connection is closed before the response.
    HangUpAfterWrite,
    /// The engine carries the request out, and the response lacks its last byte, so that it does not parse.
    CutAnswer,
    /// The engine does not see the request, and the connection stays open without a response.
    Hang,
}
