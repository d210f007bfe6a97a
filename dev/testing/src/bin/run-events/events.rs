//! The sample events, each function in one environment.

use std::collections::BTreeMap;

use shared::clock::Clock;
use testing::deployment::{Deployment, ISSUER, MAIL_FROM};
use testing::forge::Forger;
use testing::rings::shared_ring;
use testing::secrets_manager::{SECRET, SecretsManager};
use testing::{events, rotation};

use crate::Binaries;
use crate::report::Report;

/// The events of API Gateway.
pub(crate) async fn http(binaries: &Binaries, report: &mut Report) {
    let deployment = Deployment::start().await.with("MAIL_FROM", MAIL_FROM);
    let mut environments = BTreeMap::new();
    let mut walk = events::Walk::default();
    for case in events::cases() {
        if !environments.contains_key(&case.function) {
            let environment = binaries.start(&case.function, deployment.variables()).await;
            environments.insert(case.function.clone(), environment);
        }
        let environment = environments.get_mut(&case.function).unwrap();
        let event = serde_json::from_str(&walk.event(&case.event)).unwrap();
        let check = async {
            let response = environment.respond(&event).await?;
            walk.check(&case, &response).map(|()| case.status.to_string())
        };
        report.check(&case.event, check).await;
    }
}

/// The events of the authorizer of another API.
pub(crate) async fn authorizations(binaries: &Binaries, report: &mut Report) {
    let deployment = Deployment::start().await;
    let user = deployment.user("johndoe", "correct horse battery").await;
    let now = Clock::system().now().unix();
    let token = Forger::new(shared_ring(), ISSUER, &user, now).token(|_, _| {});
    let walk = events::Walk::logged_in(token);
    let mut environment = binaries.start("authorizer", deployment.variables()).await;
    for case in events::authorizations() {
        let event = serde_json::from_str(&walk.event(&case.event)).unwrap();
        let check = async {
            let result = environment.respond(&event).await?;
            walk.check_result(&case, &result)
                .map(|()| result["isAuthorized"].to_string())
        };
        report.check(&case.event, check).await;
    }
}

/// The events of a rotation, beside a Secrets Manager.
pub(crate) async fn rotation(binaries: &Binaries, report: &mut Report) {
    let secrets = SecretsManager::start().await.unwrap();
    let deployment = Deployment::without_keys()
        .await
        .with("SIGNING_KEYS_FILE", "")
        .with("SIGNING_KEYS_SECRET", SECRET)
        .with("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint());
    let mut environment = binaries.start("rotate-keys", deployment.variables()).await;
    let mut walk = rotation::Walk::begin(&secrets);
    for case in rotation::cases() {
        let event = walk.event(&case);
        let check = async {
            let result = environment.respond(&event).await?;
            walk.check(&case, &result).map(|()| result["done"].to_string())
        };
        report.check(&case.event, check).await;
    }
}
