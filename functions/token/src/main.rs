//! The Lambda binary of the function `token`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve::<token::Token>().await
}
