//! The Lambda binary of the function `well-known`: only wires.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(well_known::FUNCTION, well_known::handler).await
}
