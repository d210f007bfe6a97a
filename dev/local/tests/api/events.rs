use std::collections::{BTreeMap, BTreeSet};

use authorizer::Authorizer;
use local::functions::FUNCTIONS;
use serde_json::{Value, json};
use shared::clock::Clock;
use testing::deployment::{Deployment, ISSUER, MAIL_FROM};
use testing::events::{Walk, authorizations, cases, files};
use testing::forge::Forger;
use testing::rings::shared_ring;
use testing::rotation;

#[tokio::test]
async fn each_sample_event_gets_the_response_that_is_expected() {
    walk(|_| {}).await;
}

/// `cargo lambda watch` matches a route by its own router and names every one `$default`.
#[tokio::test]
async fn each_sample_event_gets_the_same_response_from_cargo_lambda_watch() {
    walk(|event| event["routeKey"] = json!("$default")).await;
}

/// Calls the functions with every sample event, after a change.
async fn walk(change: impl Fn(&mut Value)) {
    let deployment = Deployment::start().await.with("MAIL_FROM", MAIL_FROM);
    let mut functions = BTreeMap::new();
    for registered in FUNCTIONS {
        let callable = registered.callable(&deployment.env(), &Clock::system()).await;
        functions.insert(registered.name, callable.unwrap());
    }
    let mut walk = Walk::default();
    for case in cases() {
        let function = functions[case.function.as_str()].as_ref().unwrap();
        let mut event = serde_json::from_str(&walk.event(&case.event)).unwrap();
        change(&mut event);
        let response = function.call(event).await.unwrap();
        walk.check(&case, &response).unwrap();
        // API Gateway has no other endpoints than https.
        assert_eq!(
            response["headers"]["strict-transport-security"],
            "max-age=31536000"
        );
    }
}

#[tokio::test]
async fn each_sample_event_of_the_authorizer_gets_the_result_that_is_expected() {
    let deployment = Deployment::start().await;
    let user = deployment.user_with_hash("johndoe", "hash").await;
    let now = Clock::system().now().unix();
    let walk = Walk::logged_in(Forger::new(shared_ring(), ISSUER, &user, now).token(|_, _| {}));
    let authorizer: Authorizer = deployment.function().await;
    for case in authorizations() {
        let event = serde_json::from_str(&walk.event(&case.event)).unwrap();
        let decision = authorizer.handle(&event, "").await.unwrap();
        walk.check_result(&case, &json!(decision)).unwrap();
    }
}

#[test]
fn each_sample_event_is_run_and_each_function_has_an_accepted_and_a_rejected_one() {
    let api = cases().into_iter().map(|case| case.event);
    let others = rotation::cases().into_iter().chain(authorizations());
    let run: BTreeSet<String> = api.chain(others.map(|case| case.event)).collect();
    assert_eq!(run, files().into_iter().collect());
    let functions: BTreeSet<String> = cases().into_iter().map(|case| case.function).collect();
    for function in functions {
        let statuses: Vec<u16> = cases()
            .iter()
            .filter(|case| case.function == function)
            .map(|case| case.status)
            .collect();
        assert!(
            statuses.iter().any(|status| *status < 300),
            "{function}: none is accepted"
        );
        assert!(
            statuses.iter().any(|status| *status >= 400),
            "{function}: none is rejected"
        );
    }
}
