//! The Lambda binary of the function `pages`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<pages::FormPages>().await
}
