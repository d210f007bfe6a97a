//! The Lambda binary of the function `well-known`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve::<well_known::WellKnown>().await
}
