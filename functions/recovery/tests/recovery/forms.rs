//! The forms of the pages.

use serde_json::json;
use shared::mail::Purpose;
use testing::deployment::call;
use testing::event::Event;

use crate::{ADDRESS, Fixture, NEW_PASSWORD, PASSWORD};

fn form(path: &str, token: &str, password: &str) -> Event {
    let password = password.replace(' ', "+");
    Event::new("POST", path).form(&format!("token={token}&password={password}"))
}

#[tokio::test]
async fn a_form_does_as_its_route_and_responds_with_a_page() {
    let fixture = Fixture::new().await;
    let id = fixture.johndoe().await;
    let proof = fixture.token(Purpose::Prove, &id, ADDRESS).await;
    let reset = fixture.token(Purpose::Reset, &id, ADDRESS).await;
    for (event, status, text) in [
        (
            form("/verify-email", &proof, "wrong password"),
            401,
            "not the password",
        ),
        (form("/verify-email", &proof, ""), 422, "Enter a password"),
        (
            form("/verify-email", &proof, PASSWORD),
            200,
            "Your address is confirmed",
        ),
        (form("/verify-email", &proof, PASSWORD), 400, "link is not valid"),
        (form("/reset-password", &reset, "short"), 422, "at least 8"),
        (
            form("/reset-password", &reset, NEW_PASSWORD),
            200,
            "Your password is changed",
        ),
        (
            form("/reset-password", &reset, NEW_PASSWORD),
            400,
            "link is not valid",
        ),
        (
            Event::new("POST", "/reset-password").form("x=%zz"),
            400,
            "could not be read",
        ),
    ] {
        let answer = call(&fixture.recovery, event).await;
        let page = answer.body.as_str().unwrap_or_default();
        assert_eq!(answer.status, status, "{text}: {page}");
        assert!(page.contains(text), "{text}: {page}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!page.contains(PASSWORD) && !page.contains(NEW_PASSWORD));
    }
    assert!(fixture.user(&id).await.email_verified);
    assert_eq!(fixture.log_in("johndoe", NEW_PASSWORD).await.status, 200);
    let json = fixture.post("/verify-email", json!({"token": proof})).await;
    assert_eq!(json.status, 415, "the page's path accepts a form alone");
}
