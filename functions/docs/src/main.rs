//! The Lambda binary of the function `docs`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve::<docs::Docs>().await
}
