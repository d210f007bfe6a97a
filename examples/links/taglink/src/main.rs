//! The Lambda binary of the function `links-taglink`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<links_taglink::Taglink>().await
}
