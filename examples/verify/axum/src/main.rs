//! An API in axum that verifies Latchkey's access tokens. Of your own:
//!
//! ```sh
//! cargo add axum serde_json webpki-roots
//! cargo add hyper-util --features client-legacy,http1,tokio
//! cargo add hyper-rustls --no-default-features --features aws-lc-rs,http1,tls12
//! cargo add jsonwebtoken --no-default-features --features aws_lc_rs
//! cargo add rustls --no-default-features --features aws_lc_rs,std,tls12
//! cargo add serde --features derive
//! cargo add tokio --features full
//! ISSUER=http://127.0.0.1:3000 PORT=8080 cargo run
//! ```

mod caller;

use std::io::Write;
use std::{env, io};

use axum::routing::get;
use axum::{BoxError, Json, Router};
use caller::{Caller, Verifier};
use serde_json::{Value, json};

async fn items(Caller { sub }: Caller) -> Json<Value> {
    Json(json!([{"item_id": "Foo", "owner": sub}]))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let issuer = env::var("ISSUER")?;
    let audience = env::var("AUDIENCE").unwrap_or_else(|_| issuer.clone());
    let app = Router::new()
        .route("/items", get(items))
        .with_state(Verifier::new(&issuer, &audience)?);
    let address = format!(
        "127.0.0.1:{}",
        env::var("PORT").unwrap_or_else(|_| "8080".to_owned())
    );
    let listener = tokio::net::TcpListener::bind(address).await?;
    writeln!(io::stdout(), "Listening on http://{}", listener.local_addr()?)?;
    Ok(axum::serve(listener, app).await?)
}
