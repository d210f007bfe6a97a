//! The Lambda binary of the function `register`: only wires.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(register::FUNCTION, register::handler).await
}
