//! The Lambda binary of the function `recovery`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<recovery::Recovery>().await
}
