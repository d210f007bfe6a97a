//! Prints each ratio that the project watches. Only the start of `well-known` has a limit.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints what it measured, and stops where it cannot go on"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use jsonwebtoken::{EncodingKey, Header};
use sam_template::Template;
use serde_json::Value;
use testing::deployment::{Deployment, ISSUER, call};
use testing::event;
use testing::forge::Forger;
use testing::rings::shared_ring;
use testing::runtime_api::run;
use testing::secrets_manager::{SECRET, SecretsManager};

const PASSWORD: &str = "correct horse battery";

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        log_in().await;
        read().await;
    });
    let template = Template::of_this_project().unwrap();
    let functions: Vec<&str> = template
        .functions()
        .iter()
        .map(|function| function.package.as_str())
        .collect();
    let binaries = build(&functions);
    runtime.block_on(cold_starts(&binaries));
    sizes(&binaries, &functions);
}

/// Times of two operations in turn, so that a drift of the machine affects both.
#[derive(Default)]
struct Pairs {
    ours: Vec<Duration>,
    bare: Vec<Duration>,
}

impl Pairs {
    fn print(&self, what: &str, aim: &str) {
        let mut ratios: Vec<f64> = self
            .ours
            .iter()
            .zip(&self.bare)
            .map(|(ours, bare)| ours.as_secs_f64() / bare.as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        let at = |share: usize| ratios[(ratios.len() - 1) * share / 100];
        let median = |times: &[Duration]| {
            let mut times = times.to_vec();
            times.sort();
            times[times.len() / 2].as_secs_f64() * 1000.0
        };
        println!(
            "{what}: ratio {:.3} (quartiles {:.3} to {:.3}, {} pairs; medians {:.3} ms over {:.3} ms){aim}",
            at(50),
            at(25),
            at(75),
            ratios.len(),
            median(&self.ours),
            median(&self.bare)
        );
    }
}

/// Measures a log-in through the handler, over a hash in kept memory and a signature.
async fn log_in() {
    let deployment = Deployment::start()
        .await
        .with("ARGON2_MEMORY_KIB", "")
        .with("ARGON2_ITERATIONS", "");
    deployment.user("johndoe", PASSWORD).await;
    let function: token::Token = deployment.function().await;
    let params = Params::new(19_456, 2, 1, Some(32)).unwrap();
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let document: Value = serde_json::from_str(shared_ring()).unwrap();
    let key = EncodingKey::from_rsa_pem(document["keys"][0]["pem"].as_str().unwrap().as_bytes()).unwrap();
    let forger = Forger::new(shared_ring(), ISSUER, "01JD0000000000000000000000", 0);
    let (mut with_signature, mut hash_alone) = (Pairs::default(), Pairs::default());
    for turn in 0..65 {
        let started = Instant::now();
        let request = event::log_in("johndoe", PASSWORD);
        let response = call(&function, request).await;
        let ours = started.elapsed();
        assert_eq!(response.status, 200);
        let started = Instant::now();
        let mut hash = [0; 32];
        argon2
            .hash_password_into_with_memory(PASSWORD.as_bytes(), b"sixteen bytes it", &mut hash, &mut memory)
            .unwrap();
        std::hint::black_box(hash);
        let hashed = started.elapsed();
        let token =
            jsonwebtoken::encode(&Header::new(jsonwebtoken::Algorithm::RS256), &forger.claims, &key).unwrap();
        std::hint::black_box(token);
        let signed = started.elapsed();
        // The first turns fill caches and connections.
        if turn >= 5 {
            with_signature.ours.push(ours);
            with_signature.bare.push(signed);
            hash_alone.ours.push(ours);
            hash_alone.bare.push(hashed);
        }
    }
    with_signature.print("log-in / (Argon2id + RS256)", ", aim 1.05");
    hash_alone.print("log-in / Argon2id", "");
}

/// Measures `GET /users/me` through the handler, over one `GetItem` of the same item.
async fn read() {
    let deployment = Deployment::start().await;
    let id = deployment.user("johndoe", PASSWORD).await;
    let function: me::Me = deployment.function().await;
    let now = shared::clock::Clock::system().now().unix();
    let token = Forger::new(shared_ring(), ISSUER, &id, now).token(|_, _| {});
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(deployment.endpoint())
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let mut pairs = Pairs::default();
    for turn in 0..1050 {
        let started = Instant::now();
        let response = call(&function, event::me(&token)).await;
        let ours = started.elapsed();
        assert_eq!(response.status, 200);
        let started = Instant::now();
        let found = client
            .get_item()
            .table_name("UsersTable")
            .key("pk", AttributeValue::S(format!("user#{id}")))
            .key("sk", AttributeValue::S("user".to_owned()))
            .consistent_read(true)
            .send()
            .await
            .unwrap();
        let bare = started.elapsed();
        assert!(found.item.is_some());
        if turn >= 50 {
            pairs.ours.push(ours);
            pairs.bare.push(bare);
        }
    }
    pairs.print("GET /users/me / GetItem", ", aim 1.3");
}

/// Builds the binaries as a deployment does: package by package, so that none has the features of another.
fn build(functions: &[&str]) -> PathBuf {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    for package in functions.iter().chain(&["benches"]) {
        let mut command = Command::new(cargo);
        command.args(["build", "--release", "--package", package, "--bins"]);
        assert!(command.status().unwrap().success(), "{package} does not build");
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release")
}

/// Times the start of a function until its first response over plain HTTP, over the same for a function that reads nothing: `me` reads keys
/// and user, `token` the secret, the marker and the user (and hashes), the discovery the keys.
async fn cold_starts(binaries: &Path) {
    let secrets = SecretsManager::start().await.unwrap();
    secrets.put(shared_ring());
    let deployment = Deployment::start().await;
    let id = deployment.user("johndoe", PASSWORD).await;
    let now = shared::clock::Clock::system().now().unix();
    let token = Forger::new(shared_ring(), ISSUER, &id, now).token(|_, _| {});
    let deployment = deployment
        .with("SIGNING_KEYS_FILE", "")
        .with("SIGNING_KEYS_SECRET", SECRET)
        .with("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint());
    let start = async |name: &str, event: &Value| {
        let events = std::slice::from_ref(event);
        let run = run(&binaries.join(name), deployment.variables(), events).await;
        assert_eq!(run.responses[0]["statusCode"], 200, "{name}: {run:?}");
        run.first
    };
    let me = event::me(&token).value().clone();
    let cases = [
        ("me", me.clone(), ", aim 2.5"),
        ("token", event::log_in("johndoe", PASSWORD).value().clone(), ""),
        (
            "well-known",
            event::Event::new("GET", well_known::JWKS_PATH).value().clone(),
            ", and within 1.5 s",
        ),
    ];
    for (name, event, aim) in cases {
        let mut pairs = Pairs::default();
        for turn in 0..55 {
            let ours = start(name, &event).await;
            let bare = start("hello", &me).await;
            if turn >= 5 {
                pairs.ours.push(ours);
                pairs.bare.push(bare);
            }
        }
        let slowest = pairs.ours.iter().max().unwrap();
        // How long API Gateway's authorizer waits for the discovery.
        assert!(
            name != "well-known" || *slowest < Duration::from_millis(1500),
            "{slowest:?}"
        );
        pairs.print(&format!("cold start of {name} / of a hello-world"), aim);
    }
}

/// Prints the size of each binary, stripped, and zipped as it is uploaded.
fn sizes(binaries: &Path, functions: &[&str]) {
    for name in functions.iter().chain(&["hello"]) {
        let binary = std::fs::read(binaries.join(name)).unwrap();
        let mut zipped = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zipped.start_file("bootstrap", options).unwrap();
        zipped.write_all(&binary).unwrap();
        let zipped = zipped.finish().unwrap().into_inner();
        let megabytes = |bytes: usize| f64::from(u32::try_from(bytes).unwrap()) / 1_000_000.0;
        println!(
            "size of {name}: {:.2} MB stripped, {:.2} MB zipped",
            megabytes(binary.len()),
            megabytes(zipped.len())
        );
    }
}
