//! The Lambda binary of the function `docs`: only wires.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(docs::FUNCTION, docs::handler).await
}
