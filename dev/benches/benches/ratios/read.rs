//! `GET /users/me` through the handler, over one `GetItem` that reads the same attributes.

use std::collections::HashMap;
use std::time::Instant;

use aws_sdk_dynamodb::types::AttributeValue;
use testing::deployment::call;
use testing::event;
use testing::forge::claims;

use crate::fixture::{Fixture, PASSWORD, client};
use crate::pairs::Pairs;

pub(crate) async fn measure(fixture: &Fixture) {
    let function: me::Me = fixture.deployment.function().await;
    let client = client(&fixture.deployment);
    let get = || {
        client
            .get_item()
            .table_name("UsersTable")
            .key("pk", AttributeValue::S(format!("user#{}", fixture.user)))
            .key("sk", AttributeValue::S("user".to_owned()))
            .consistent_read(true)
    };
    let tokens: token::Token = fixture.deployment.function().await;
    let begun = call(&tokens, event::log_in("johndoe", PASSWORD)).await;
    let token = begun.body["access_token"].as_str().unwrap();
    let session = claims(token)["sid"].as_str().unwrap().to_owned();
    // What a user shows, all but the keys and the credentials, and the token's session.
    let item = get().send().await.unwrap().item.unwrap();
    let hidden = ["pk", "sk", "password_hash", "credential_generation", "sessions"];
    let shown = item.into_keys().filter(|name| !hidden.contains(&name.as_str()));
    let mut names: HashMap<_, _> = shown
        .chain(["credential_generation".to_owned()])
        .enumerate()
        .map(|(index, name)| (format!("#{index}"), name))
        .collect();
    let projection = names.keys().cloned().collect::<Vec<_>>().join(", ") + ", #sessions.#session";
    names.insert("#sessions".to_owned(), "sessions".to_owned());
    names.insert("#session".to_owned(), session);
    let mut pairs = Pairs::default();
    for _ in 0..1_000 {
        let started = Instant::now();
        let response = call(&function, event::me(token)).await;
        let ours = started.elapsed();
        assert_eq!(response.status, 200);
        let started = Instant::now();
        let found = get()
            .projection_expression(&projection)
            .set_expression_attribute_names(Some(names.clone()))
            .send()
            .await
            .unwrap();
        pairs.push(ours, started.elapsed());
        assert!(found.item.is_some());
    }
    pairs.print("GET /users/me / GetItem", Some(1.20));
}
