//! The Lambda binary of the function `links-link`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<links_link::Link>().await
}
