//! A stack that is deployed already, in the place of an own service for each test (`.ci/deployed` and `docs/emulator.md`).

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::{Client, Url};
use shared::env::process_variable;
use testing::table::Table;
use tokio::sync::{Mutex, MutexGuard};

/// Held by the one test that uses the table now: all tests share it.
static TURN: Mutex<()> = Mutex::const_new(());

/// The stack that the environment names.
pub(crate) struct Deployed {
    pub(crate) url: String,
    pub(crate) issuer: String,
    pub(crate) table: Table,
    /// The document of the private keys.
    pub(crate) keys: String,
    pub(crate) client: Client,
    pub(crate) turn: MutexGuard<'static, ()>,
}

impl Deployed {
    /// Reports whether the tests run against a deployed stack.
    pub(crate) fn is_named() -> bool {
        process_variable("LATCHKEY_URL").is_some_and(|url| !url.is_empty())
    }

    /// Returns the stack without the users of earlier tests. The table is on an emulator: nothing else accepts the signature of
    /// [`Table`].
    pub(crate) async fn emptied() -> Self {
        let turn = TURN.try_lock();
        assert!(
            turn.is_ok(),
            "tests on a deployed stack run one after the other: --test-threads=1"
        );
        let url = variable("LATCHKEY_URL");
        let table = Table::at(&variable("AWS_ENDPOINT_URL_DYNAMODB"), &variable("TABLE_NAME"));
        table.clear_but_keys().await;
        Self {
            client: client(&url),
            url,
            issuer: variable("ISSUER"),
            table,
            keys: std::fs::read_to_string(variable("SIGNING_KEYS_FILE")).unwrap(),
            turn: turn.unwrap(),
        }
    }
}

fn variable(name: &str) -> String {
    let value = process_variable(name);
    assert!(value.is_some(), "a test on a deployed stack needs {name}");
    value.unwrap()
}

/// Creates a client. Every `*.localhost` is loopback (RFC 6761), and not every resolver knows it.
fn client(url: &str) -> Client {
    let url = Url::parse(url).unwrap();
    let host = url.host_str().unwrap();
    let builder = Client::builder();
    if host.ends_with(".localhost") {
        // The URL's port is the one that counts.
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        return builder.no_proxy().resolve(host, loopback).build().unwrap();
    }
    builder.build().unwrap()
}
