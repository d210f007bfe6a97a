//! The Lambda binary of the function `me`: only wires.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(me::FUNCTION, me::handler).await
}
