//! The Lambda binary of the function `api-keys`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<api_keys::ApiKeys>().await
}
