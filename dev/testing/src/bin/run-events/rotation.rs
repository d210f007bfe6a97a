//! The events of a rotation, beside a Secrets Manager.

use testing::deployment::Deployment;
use testing::rotation::{Walk, cases};
use testing::secrets_manager::{SECRET, SecretsManager};

use crate::report::Report;
use crate::{LIMIT, Place};

pub(crate) async fn run(place: &Place, report: &mut Report) {
    let secrets = SecretsManager::start().await.unwrap();
    let deployment = Deployment::without_keys()
        .await
        .with("SIGNING_KEYS_FILE", "")
        .with("SIGNING_KEYS_SECRET", SECRET)
        .with("SECRETS_MANAGER_ENDPOINT", secrets.endpoint());
    let binary = place.folder.join("rotate-keys");
    let environment = place.emulator.start(&binary, deployment.variables(), LIMIT).await;
    let mut environment = environment.unwrap();
    let mut walk = Walk::begin(&secrets);
    for case in cases() {
        let event = walk.event(&case);
        let check = async {
            let answer = environment.invoke(&event).await;
            let answer = answer.map_err(|error| error.to_string())?;
            walk.check(&case, &answer).map(|()| answer["done"].to_string())
        };
        report.check(&case.event, check).await;
    }
}
