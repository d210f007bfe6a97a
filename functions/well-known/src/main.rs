//! The Lambda binary of the function `well-known`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    shared::lambda::serve::<well_known::WellKnown>().await
}
