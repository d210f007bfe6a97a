//! The Lambda binary of the function `links-tag`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<links_tag::Tag>().await
}
