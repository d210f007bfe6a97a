//! `latchkey user grant` and `revoke`.

use serde_json::Value;
use testing::deployment::Deployment;

use crate::latchkey;

async fn scopes(deployment: &Deployment, id: &str) -> Vec<String> {
    let item = deployment.table().item(&format!("user#{id}"), "user").await;
    let scopes = item["scopes"]["SS"].as_array().cloned().unwrap_or_default();
    let mut scopes: Vec<String> = scopes
        .iter()
        .map(|scope: &Value| scope.as_str().unwrap().to_owned())
        .collect();
    scopes.sort();
    scopes
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_are_granted_to_a_user_and_revoked() {
    let deployment = Deployment::without_keys().await;
    let id = deployment.user("johndoe", "correct horse battery").await;
    for (arguments, expected) in [
        (
            ["user", "grant", "JohnDoe", "links:write", "links:read"].as_slice(),
            ["links:read", "links:write"].as_slice(),
        ),
        (
            &["user", "grant", "johndoe", "links:read"],
            &["links:read", "links:write"],
        ),
        (
            &["user", "revoke", "johndoe", "links:write", "other"],
            &["links:read"],
        ),
        (&["user", "revoke", "johndoe", "links:read"], &[]),
        (&["user", "revoke", "johndoe", "links:read", "openid"], &[]),
    ] {
        let done = latchkey(&deployment, arguments);
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        assert_eq!(String::from_utf8(done.stdout).unwrap().trim(), id);
        assert_eq!(scopes(&deployment, &id).await, expected, "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_scope_or_no_user_is_rejected_and_changes_nothing() {
    let deployment = Deployment::without_keys().await;
    let id = deployment.user("johndoe", "correct horse battery").await;
    for arguments in [
        ["user", "grant", "johndoe", "links read"],
        ["user", "grant", "johndoe", "email"],
        ["user", "grant", "nobody", "links:read"],
        ["user", "grant", "johndoe", ""],
    ] {
        let done = latchkey(&deployment, &arguments);
        assert!(!done.status.success(), "{arguments:?}: {done:?}");
        assert!(
            String::from_utf8_lossy(&done.stderr).starts_with("error: "),
            "{arguments:?}: {done:?}"
        );
    }
    assert!(scopes(&deployment, &id).await.is_empty());
}
