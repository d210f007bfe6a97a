//! The Lambda binary of the function `token`: only wires.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(token::FUNCTION, token::handler).await
}
