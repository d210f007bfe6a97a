//! A refresh through the handler, over one conditional `UpdateItem` of the same members and over that and a signature.

use std::time::Instant;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use testing::clock::TestClock;
use testing::deployment::{Deployment, call};
use testing::event::{Event, log_in};

use crate::fixture::{PASSWORD, client};
use crate::log_in::signer;
use crate::pairs::Pairs;

/// Longer than the window, so that each refresh replaces the token.
const AFTER_THE_WINDOW: i64 = 31;
/// The members of a session that a refresh writes.
const MEMBERS: [&str; 7] = [
    "token",
    "previous",
    "salt",
    "key",
    "generation",
    "rotated_at",
    "expires_at",
];

pub(crate) async fn measure() {
    let time = TestClock::at(1_800_000_000);
    let deployment = Deployment::start().await.at(&time);
    let user = deployment.user("johndoe", PASSWORD).await;
    let function: token::Token = deployment.function().await;
    let client = client(&deployment);
    let begun = call(&function, log_in("johndoe", PASSWORD)).await;
    let mut newest = begun.body["refresh_token"].as_str().unwrap().to_owned();
    let sign = signer(begun.body["access_token"].as_str().unwrap());
    let sets = MEMBERS.map(|name| format!("bare.#{name} = :{name}")).join(", ");
    let update = || {
        let key = |text: &str| AttributeValue::S(text.to_owned());
        client
            .update_item()
            .table_name("UsersTable")
            .key("pk", key(&format!("user#{user}")))
            .key("sk", key("user"))
    };
    let empty = AttributeValue::M([].into());
    let made = update().update_expression("SET bare = :empty");
    made.expression_attribute_values(":empty", empty)
        .send()
        .await
        .unwrap();
    let [mut over_update, mut over_both] = <[Pairs; 2]>::default();
    for turn in 0..500_u32 {
        time.pass(AFTER_THE_WINDOW);
        let form = format!("grant_type=refresh_token&refresh_token={newest}");
        let event = Event::new("POST", "/token").form(&form);
        let started = Instant::now();
        let response = call(&function, event).await;
        let ours = started.elapsed();
        let next = response.body["refresh_token"].as_str().unwrap().to_owned();
        assert_ne!(next, newest, "it was replaced");
        newest = next;
        let started = Instant::now();
        let mut bare = update()
            .update_expression(format!("SET {sets}"))
            .condition_expression("attribute_not_exists(bare.#token) OR bare.#token <> :token");
        for name in MEMBERS {
            let value = AttributeValue::B(Blob::new([&turn.to_be_bytes()[..], &[0; 28]].concat()));
            bare = bare
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        bare.send().await.unwrap();
        let store = started.elapsed();
        let started = Instant::now();
        sign();
        over_update.push(ours, store);
        over_both.push(ours, store + started.elapsed());
    }
    over_update.print("refresh / UpdateItem", Some(1.15));
    over_both.print("refresh / (UpdateItem + RS256)", Some(1.15));
}
