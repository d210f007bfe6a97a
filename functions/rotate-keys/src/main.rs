//! The Lambda binary of the function `rotate-keys`: only wires.

use lambda_runtime::{LambdaEvent, service_fn};
use rotate_keys::{Event, NAME, NEEDS, Rotation};
use shared::lambda::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let app = start(NAME, NEEDS).await?;
    let rotation = Rotation::new(app).await.map_err(|error| format!("{error:?}"))?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Event>| {
        let rotation = rotation.clone();
        async move {
            let outcome = rotation.handle(event.payload).await;
            outcome.map_err(|error| format!("{error:?}"))
        }
    }))
    .await
}
