//! The Lambda binary of the function `register`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve::<register::Register>().await
}
