//! The Lambda binary of the function `token`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<token::Token>().await
}
