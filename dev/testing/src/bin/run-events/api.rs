//! The events of API Gateway, each function in one environment.

use std::collections::BTreeMap;

use testing::deployment::Deployment;
use testing::events::{Walk, cases};

use crate::report::Report;
use crate::{LIMIT, Place};

pub(crate) async fn run(place: &Place, report: &mut Report) {
    let deployment = Deployment::start().await;
    let mut environments = BTreeMap::new();
    for name in ["docs", "register", "token", "me", "well-known"] {
        let binary = place.folder.join(name);
        let environment = place.emulator.start(&binary, deployment.variables(), LIMIT).await;
        environments.insert(name, environment.unwrap());
    }
    let mut walk = Walk::default();
    for case in cases() {
        let event = serde_json::from_str(&walk.event(&case)).unwrap();
        let environment = environments.get_mut(case.function.as_str()).unwrap();
        let check = async {
            let answer = environment.invoke(&event).await;
            let answer = answer.map_err(|error| error.to_string())?;
            walk.check(&case, &answer).map(|()| case.status.to_string())
        };
        report.check(&case.event, check).await;
    }
}
