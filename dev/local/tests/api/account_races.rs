//! Changes, deletions and registrations at once: a name has one owner, and a marker has a user.

use serde_json::{Value, json};

use crate::accounts::{change, delete};
use crate::running::{PASSWORD, Response, Running, at_once};

/// Returns the markers in the table and the names of its users, both sorted.
async fn markers_and_names(service: &Running) -> (Vec<String>, Vec<String>) {
    let (mut markers, mut names) = (Vec::new(), Vec::new());
    for key in service.table.partition_keys_but_mails().await {
        if key.starts_with("user#") {
            let user = service.table.item(&key, "user").await;
            names.extend(
                user["username"]["S"]
                    .as_str()
                    .map(|name| format!("username#{name}")),
            );
            names.extend(user["email"]["S"].as_str().map(|name| format!("email#{name}")));
        } else {
            markers.push(key);
        }
    }
    names.sort();
    (markers, names)
}

async fn tokens(service: &Running, users: usize) -> Vec<String> {
    let tokens = (0..users).map(|user| async move {
        let id = service.user(&format!("user{user}")).await;
        service.forger(&id).token(|_, _| {})
    });
    at_once(tokens).await
}

/// Changes a user and repeats it after a 503, as clients do: a busy machine's engine can be slower than the SDK waits.
async fn decided_change(service: &Running, token: &str, patch: &Value) -> Response {
    let mut response = change(service, token, patch).await;
    for _ in 0..20 {
        if response.status != 503 {
            break;
        }
        response = change(service, token, patch).await;
    }
    response
}

#[tokio::test]
async fn one_of_24_users_gets_the_name_that_all_change_to_at_once() {
    let service = Running::start().await;
    let tokens = tokens(&service, 24).await;
    let wanted = json!({"username": "wanted"});
    let responses = at_once(
        tokens
            .iter()
            .map(|token| decided_change(&service, token, &wanted)),
    )
    .await;
    let (written, taken): (Vec<&Response>, Vec<&Response>) =
        responses.iter().partition(|response| response.status == 200);
    assert_eq!((written.len(), taken.len()), (1, 23), "{responses:?}");
    for response in taken {
        response.is_problem(409, "Username already taken");
    }
    let (markers, names) = markers_and_names(&service).await;
    assert_eq!((markers.len(), &markers), (24, &names));
}

#[tokio::test]
async fn changes_of_one_user_at_once_leave_the_markers_of_the_last_ones_names() {
    let service = Running::start().await;
    let token = tokens(&service, 1).await.remove(0);
    let patches: Vec<Value> = (0..24)
        .map(|change| match change % 3 {
            0 => json!({"username": format!("name{change}")}),
            1 => json!({"email": format!("e{change}@example.com")}),
            _ => json!({"full_name": format!("Name {change}")}),
        })
        .collect();
    let responses = at_once(patches.iter().map(|patch| change(&service, &token, patch))).await;
    for (patch, response) in patches.iter().zip(responses) {
        assert!(matches!(response.status, 200 | 503), "{patch}: {response:?}");
        if response.status == 200 {
            let (field, value) = patch.as_object().unwrap().iter().next().unwrap();
            assert_eq!(response.body[field], *value);
        }
    }
    let (markers, names) = markers_and_names(&service).await;
    assert_eq!((markers.len(), &markers), (2, &names));
}

#[tokio::test]
async fn a_deletion_beside_a_change_and_a_registration_leaves_no_marker_behind() {
    let service = Running::start().await;
    for round in 0..8 {
        let id = service.user("johndoe").await;
        let token = service.forger(&id).token(|_, _| {});
        let renamed = json!({"username": format!("renamed{round}"), "email": "j@example.com"});
        let registered = json!({"username": "johndoe", "password": PASSWORD});
        let (deleted, changed, created) = futures_util::join!(
            delete(&service, &token),
            change(&service, &token, &renamed),
            service.register(registered),
        );
        assert_eq!(deleted.status, 204, "{deleted:?}");
        assert!(matches!(changed.status, 200 | 401), "{changed:?}");
        assert!(matches!(created.status, 201 | 409), "{created:?}");
        let (markers, names) = markers_and_names(&service).await;
        assert_eq!(markers, names);
        service.table.clear_but_keys().await;
    }
}
