use std::collections::BTreeSet;

use shared::lambda::invoke;
use testing::deployment::Deployment;
use testing::events::{Walk, cases, files};
use testing::rotation;

#[tokio::test]
async fn each_sample_event_gets_the_answer_that_is_said() {
    let deployment = Deployment::start().await;
    let register = deployment.app(register::FUNCTION).await;
    let token = deployment.app(token::FUNCTION).await;
    let me = deployment.app(me::FUNCTION).await;
    let docs = deployment.app(docs::FUNCTION).await;
    let well_known = deployment.app(well_known::FUNCTION).await;
    let mut walk = Walk::default();
    for case in cases() {
        let event = walk.event(&case);
        let answer = match case.function.as_str() {
            "register" => invoke(register::FUNCTION, register::handler, register.clone(), &event).await,
            "token" => invoke(token::FUNCTION, token::handler, token.clone(), &event).await,
            "me" => invoke(me::FUNCTION, me::handler, me.clone(), &event).await,
            "docs" => invoke(docs::FUNCTION, docs::handler, docs.clone(), &event).await,
            "well-known" => {
                invoke(
                    well_known::FUNCTION,
                    well_known::handler,
                    well_known.clone(),
                    &event,
                )
                .await
            }
            other => unreachable!("no function {other}"),
        };
        walk.check(&case, &answer.unwrap()).unwrap();
    }
}

#[test]
fn each_sample_event_is_run_and_each_function_has_an_accepted_and_a_refused_one() {
    let api = cases().into_iter().map(|case| case.event);
    let rotation = rotation::cases().into_iter().map(|case| case.event);
    let run: BTreeSet<String> = api.chain(rotation).collect();
    assert_eq!(run, files().into_iter().collect());
    for function in [
        docs::FUNCTION,
        register::FUNCTION,
        token::FUNCTION,
        me::FUNCTION,
        well_known::FUNCTION,
    ] {
        let statuses: Vec<u16> = cases()
            .iter()
            .filter(|case| case.function == function.name)
            .map(|case| case.status)
            .collect();
        assert!(
            statuses.iter().any(|status| *status < 300),
            "{}: none is accepted",
            function.name
        );
        assert!(
            statuses.iter().any(|status| *status >= 400),
            "{}: none is refused",
            function.name
        );
    }
}
