//! The Lambda binary of the function `sessions`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<sessions::Sessions>().await
}
