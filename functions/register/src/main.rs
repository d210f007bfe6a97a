//! The Lambda binary of the function `register`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<register::Register>().await
}
