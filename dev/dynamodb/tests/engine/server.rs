//! The engine as a server: its port, and clients that misbehave.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use dynamodb::{Engine, EngineError};
use reqwest::StatusCode;

use crate::{put, template};

#[tokio::test]
async fn a_stopped_engine_frees_its_port_even_with_clients_connected() {
    // Another program of this machine may be given a port that is free for a moment, so one attempt of some must succeed.
    for attempt in 1.. {
        let engine = Engine::in_memory(&template()).unwrap();
        let port = engine.port();
        // This client keeps its connection open after the response.
        let client = reqwest::Client::new();
        client.get(engine.endpoint()).send().await.unwrap();
        engine.stop().await;
        let again = Engine::in_memory_on(&template(), port).and_then(|again| {
            assert_eq!(again.endpoint(), format!("http://127.0.0.1:{port}"));
            drop(again);
            Engine::in_memory_on(&template(), port)
        });
        match again {
            Ok(_) => return,
            Err(error) => assert!(attempt < 5, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_stopped_engine_leaves_no_connection_open() {
    let engine = Engine::in_memory(&template()).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", engine.port())).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    // The first byte of the response shows that the connection is served; it would stay open for more requests.
    client.read_exact(&mut [0]).unwrap();
    engine.stop().await;
    client.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn the_error_of_a_port_in_use_names_the_port() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Engine::in_memory_on(&template(), port).unwrap_err();
    assert!(
        matches!(error, EngineError::PortTaken { port: named } if named == port),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        format!("port {port} is taken by another program")
    );
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_the_engine_to_the_others() {
    let engine = Engine::in_memory(&template()).unwrap();
    for _ in 0..20 {
        let mut client = TcpStream::connect(("127.0.0.1", engine.port())).unwrap();
        client
            .write_all(
                b"POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
            )
            .unwrap();
        drop(client);
    }
    assert_eq!(put(&engine, "a").await.0, StatusCode::OK);
}

#[tokio::test]
async fn no_request_leaves_the_engine_broken_for_the_others() {
    let engine = Engine::in_memory(&template()).unwrap();
    // HTTP/2 in clear text, and heads that another server behind this port may reject.
    let mut heads = vec![b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()];
    for length in [8_000, 65_000, 417_000] {
        let mut head = b"GET /zz HTTP/1.1\nHost:localhost\n".to_vec();
        head.extend(b"date:\n".repeat(90));
        head.extend(b"authorization:");
        head.extend(b"a".repeat(length));
        head.extend(b"\n\n");
        heads.push(head);
    }
    for head in heads {
        let mut stream = TcpStream::connect(("127.0.0.1", engine.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        // It may close the connection before all is written.
        let _refused = stream.write_all(&head);
        let _closed = stream.read(&mut [0; 1024]);
        put(&engine, "a").await;
    }
}
