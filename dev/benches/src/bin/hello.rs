//! The least that a Lambda function in Rust can be: `lambda_http`, and no client of anything.

use lambda_http::{Body, Error, Request, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_: Request| {
        Ok::<_, Error>(Response::new(Body::from("hello")))
    }))
    .await
}
