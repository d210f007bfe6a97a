//! `GET /users/me` through the handler, over one `GetItem` that reads the same attributes.

use std::collections::HashMap;
use std::time::Instant;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use testing::deployment::call;
use testing::event;

use crate::fixture::Fixture;
use crate::pairs::Pairs;

pub(crate) async fn measure(fixture: &Fixture) {
    let function: me::Me = fixture.deployment.function().await;
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(fixture.deployment.endpoint())
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let get = || {
        client
            .get_item()
            .table_name("UsersTable")
            .key("pk", AttributeValue::S(format!("user#{}", fixture.user)))
            .key("sk", AttributeValue::S("user".to_owned()))
            .consistent_read(true)
    };
    // What a user shows: all but the keys and the hash.
    let item = get().send().await.unwrap().item.unwrap();
    let shown = item
        .into_keys()
        .filter(|name| !["pk", "sk", "password_hash"].contains(&name.as_str()));
    let names: HashMap<_, _> = shown
        .enumerate()
        .map(|(index, name)| (format!("#{index}"), name))
        .collect();
    let projection = names.keys().cloned().collect::<Vec<_>>().join(", ");
    let mut pairs = Pairs::default();
    for _ in 0..1_000 {
        let started = Instant::now();
        let response = call(&function, event::me(&fixture.token)).await;
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
