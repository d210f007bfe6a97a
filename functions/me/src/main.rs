//! The Lambda binary of the function `me`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<me::Me>().await
}
