//! The Lambda binary of the function `rotate-keys`.

use lambda_runtime::{LambdaEvent, service_fn};
use rotate_keys::{Event, RotateKeys};
use shared::lambda::cold_start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let function = cold_start::<RotateKeys>().await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
        Ok::<_, lambda_runtime::Error>(function.handle(event.payload).await?)
    }))
    .await
}
