//! Web pages, which the engine refuses.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use dynamodb::Engine;

use crate::template;

/// Sends a request as it stands, and returns the whole response in lower case; empty where none comes.
fn raw(port: u16, request: &str) -> String {
    let mut response = Vec::new();
    // Another test's engine may have stopped since its port was found.
    let Ok(mut client) = TcpStream::connect(("127.0.0.1", port)) else {
        return String::new();
    };
    client.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let _sent = client.write_all(request.as_bytes());
    let _closed_or_silent = client.read_to_end(&mut response);
    String::from_utf8(response).unwrap().to_lowercase()
}

#[test]
fn a_web_page_is_refused_by_its_origin_or_its_host() {
    let engine = Engine::in_memory(&template()).unwrap();
    let scan = "content-type: application/x-amz-json-1.0\r\nx-amz-target: DynamoDB_20120810.Scan\r\nx-amz-date: 20300101T000000Z\r\n\
        authorization: AWS4-HMAC-SHA256 Credential=a/20300101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=b\r\n";
    let body = r#"{"TableName":"UsersTable"}"#;
    let request = |method: &str, target: &str, headers: &str| {
        let request = format!(
            "{method} {target} HTTP/1.1\r\n{headers}{scan}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        raw(engine.port(), &request)
    };
    let own = format!("host: 127.0.0.1:{}\r\n", engine.port());
    for host in [
        own.as_str(),
        "host: localhost:1\r\n",
        "Host: LOCALHOST\r\n",
        "host: 127.8.9.10\r\n",
        "host: [::1]:8000\r\n",
    ] {
        let response = request("POST", "/", host);
        assert!(
            response.starts_with("http/1.1 200 ") && response.contains("\"count\":0"),
            "{host}: {response}"
        );
        assert!(!response.contains("access-control"), "{host}: {response}");
    }
    let refused = [
        ("/", format!("{own}origin: https://evil.example\r\n")),
        ("/", format!("{own}origin: null\r\n")),
        (
            "/",
            format!("{own}origin: http://127.0.0.1:{}\r\n", engine.port()),
        ),
        ("/", "host: evil.example:8000\r\n".to_owned()),
        ("/", "host: localhost.evil.example\r\n".to_owned()),
        ("/", "host: 127.0.0.1.evil.example\r\n".to_owned()),
        ("/", "host: 128.0.0.1\r\n".to_owned()),
        ("/", "host:\r\n".to_owned()),
        ("/", String::new()),
        ("/", format!("{own}host: evil.example\r\n")),
        ("/", format!("{own}{own}")),
        ("http://evil.example/", own.clone()),
    ];
    for (target, headers) in refused {
        for method in ["POST", "GET", "OPTIONS"] {
            let response = request(method, target, &headers);
            assert!(
                response.starts_with("http/1.1 403 "),
                "{method} {target} {headers}: {response}"
            );
            assert!(
                !response.contains("access-control"),
                "{method} {target} {headers}: {response}"
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_port_of_the_engine_serves_a_web_page() {
    let engine = Engine::in_memory(&template()).unwrap();
    // Once it responds, all its ports are there.
    raw(
        engine.port(),
        "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    );
    let sockets: Vec<String> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|target| {
            Some(
                target
                    .to_str()?
                    .strip_prefix("socket:[")?
                    .trim_end_matches(']')
                    .to_owned(),
            )
        })
        .collect();
    // State 0A is LISTEN; the address is hexadecimal, and the tenth column is the socket's number.
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let ports: Vec<u16> = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|columns| columns[3] == "0A" && sockets.iter().any(|socket| socket == columns[9]))
        .map(|columns| u16::from_str_radix(&columns[1][9..], 16).unwrap())
        .collect();
    assert!(ports.len() > 1, "the engine's own port was not found");
    for port in ports {
        let response = raw(
            port,
            "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: https://evil.example\r\nconnection: close\r\n\r\n",
        );
        assert!(
            response.is_empty() || response.starts_with("http/1.1 403 "),
            "{port}: {response}"
        );
    }
}
