//! `GET /users/me` through the handler, over one `GetItem` of the same item.

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
    let mut pairs = Pairs::default();
    for _ in 0..1_000 {
        let started = Instant::now();
        let response = call(&function, event::me(&fixture.token)).await;
        let ours = started.elapsed();
        assert_eq!(response.status, 200);
        let started = Instant::now();
        let found = client
            .get_item()
            .table_name("UsersTable")
            .key("pk", AttributeValue::S(format!("user#{}", fixture.user)))
            .key("sk", AttributeValue::S("user".to_owned()))
            .consistent_read(true)
            .send()
            .await
            .unwrap();
        pairs.push(ours, started.elapsed());
        assert!(found.item.is_some());
    }
    pairs.print("GET /users/me / GetItem", Some(1.20));
}
