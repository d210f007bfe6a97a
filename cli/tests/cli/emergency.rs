//! `latchkey keys drop` on AWS: the real `rotate-keys`, behind a Lambda and an AWS CLI that do no more than they must here.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use rotate_keys::{Event, RotateKeys};
use serde_json::json;
use shared::keys::Ring;
use testing::deployment::Deployment;
use testing::rings::{published, shared_ring};
use testing::secrets_manager::{SECRET, SecretsManager};
use tokio::net::TcpListener;

use crate::aws::AwsCli;
use crate::{bare, fails, printed};

/// An AWS CLI that prints the function's response and what Lambda says of it.
const AWS: &str = r#"#!/bin/sh
[ "$1 $2 $3 $4 $5 $6" = "lambda invoke --function-name rotate --payload fileb:///dev/stdin" ] || exit 2
said=$(curl --silent --output "$0.response" --write-out '%header{x-amz-function-error}' --data @- "$LAMBDA") || exit 1
cat "$0.response"
if [ -n "$said" ]; then said=", \"FunctionError\": \"$said\""; fi
printf '{\n    "StatusCode": 200%s\n}\n' "$said"
"#;

/// Serves a router, and returns the URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Invokes the function as Lambda does: a failure is a 200 with a header.
async fn invoke(function: &RotateKeys, body: &[u8]) -> Response {
    let event: Event = serde_json::from_slice(body).unwrap();
    match function.handle(event).await {
        Ok(outcome) => serde_json::to_string(&outcome).unwrap().into_response(),
        Err(error) => {
            let body = json!({"errorType": "Error", "errorMessage": error.to_string()});
            ([("x-amz-function-error", "Unhandled")], body.to_string()).into_response()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotate_keys_drops_the_keys_of_a_deployment_and_its_failure_is_reported() {
    let secrets = SecretsManager::start().await.unwrap();
    secrets.put(shared_ring());
    let deployment = Deployment::without_keys()
        .await
        .with("SIGNING_KEYS_FILE", "")
        .with("SIGNING_KEYS_SECRET", SECRET)
        .with("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint());
    deployment.publish(&published(shared_ring())).await;
    let function = Arc::new(deployment.function::<RotateKeys>().await);
    let invoke = move |body: Bytes| {
        let function = Arc::clone(&function);
        async move { invoke(&function, &body).await }
    };
    let lambda = serve(Router::new().route("/", post(invoke))).await;
    let aws = AwsCli::of(AWS);
    let drop_key = |key: &str| {
        let mut command = bare(&["keys", "drop", key, "--function", "rotate"]);
        let table = deployment.table();
        command.args(["--endpoint", deployment.endpoint(), "--table", table.name()]);
        command
            .env("LAMBDA", &lambda)
            .env("PATH", aws.path())
            .output()
            .unwrap()
    };
    // An id may begin with a hyphen.
    for unknown in ["unknown", "-unknown"] {
        let failed = drop_key(unknown);
        fails(&failed, "no key has this kid");
        fails(&failed, "repeat the command until it succeeds");
    }
    let ring = Ring::parse(shared_ring()).unwrap();
    let kid = ring.keys[0].key.kid();
    for key in [kid, "--all"] {
        let dropped = drop_key(key);
        let keys = printed(&dropped);
        assert!(String::from_utf8_lossy(&dropped.stderr).contains("follow within 300 s"));
        let is_dropped = |line: &str| line.starts_with(kid) && line.contains(" compromised ");
        assert!(keys.lines().any(is_dropped) && keys.contains(" signs "), "{keys}");
    }
    assert!(!Ring::parse(&secrets.current().unwrap()).unwrap().contains(kid));
}
