//! `cargo dev --example links`: what `examples/links/walk.sh` cannot say in a line.

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::program::Program;

async fn sent(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_str(&response.text().await.unwrap()).unwrap(),
    )
}

#[tokio::test]
async fn an_example_is_served_beside_the_service() {
    let program = Program::start_with(&["--in-memory", "--example", "links"]);
    assert!(program.printed.join("\n").contains("GET /taglink"));
    let body = json!({"username": "johndoe", "password": "correct horse battery"}).to_string();
    program.post("/register", "application/json", &body).await;
    let (_, token) = program.log_in().await;
    let token = token["access_token"].as_str().unwrap();
    let (client, link, taglink) = (
        Client::new(),
        format!("{}/link/", program.url),
        format!("{}/taglink", program.url),
    );
    let body = json!({"link": "https://example.com", "tag": "a b"});
    let posted = client.post(&link).json(&body);
    assert_eq!(sent(posted.try_clone().unwrap()).await.0, 401);
    assert_eq!(sent(posted.bearer_auth(token)).await.0, 201);
    for (query, status, rows) in [
        ("tag=a+b", 200, Some(1)),
        ("tag=a%20b", 200, Some(1)),
        ("tag=a", 200, Some(0)),
        ("tag=", 200, Some(1)),
        ("x=%ff&y", 200, Some(1)),
        ("tag=a&tag=b", 400, None),
    ] {
        let listed = sent(client.get(format!("{link}?{query}")).bearer_auth(token)).await;
        let found = (listed.0, listed.1.as_array().map(Vec::len));
        assert_eq!(found, (status, rows), "{query}");
    }
    let body = json!({"link": "https://example.com", "tag": "c"});
    let (_, second) = sent(client.post(&link).json(&body).bearer_auth(token)).await;
    let id = second["link_id"].as_str().unwrap();
    // An empty id of what is deleted is no wildcard.
    let no_tag = "Tag with tag_id  not found";
    for (query, status, detail) in [
        (format!("tag_id=&link_id={id}"), 404, no_tag),
        (format!("link_id={id}&tag_id"), 404, no_tag),
        ("link_id=".to_owned(), 404, "Link with link_id  not found"),
        (
            String::new(),
            422,
            "One or both of tag_id or link_id must be specified",
        ),
    ] {
        let (found, body) = sent(client.delete(format!("{taglink}?{query}")).bearer_auth(token)).await;
        assert_eq!((found, &body["detail"]), (status, &json!(detail)), "{query}");
    }
    let pairs = client.get(format!("{taglink}?tag_id=&link_id={id}"));
    let (_, pairs) = sent(pairs.bearer_auth(token)).await;
    assert_eq!(pairs.as_array().map(Vec::len), Some(2));
}
