//! The Lambda binary of the function `docs`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<docs::Docs>().await
}
