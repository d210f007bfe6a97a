use pages::Form;

use crate::running::Running;

/// A token as a mail's link has it.
const TOKEN: &str = "3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs";

#[tokio::test]
async fn get_and_head_of_a_mails_link_have_one_status_and_the_same_headers() {
    let service = Running::start().await;
    for form in Form::ALL {
        for query in [
            "",
            "?token=",
            &format!("?token={TOKEN}"),
            "?token=%ff&token=%22%3E",
        ] {
            let path = format!("{}{query}", form.path());
            let get = service.request("GET", &path).send().await.unwrap();
            let head = service.request("HEAD", &path).send().await.unwrap();
            for response in [&get, &head] {
                assert_eq!(response.status(), 200, "{path}");
                for (name, value) in [
                    ("content-type", "text/html; charset=utf-8"),
                    ("cache-control", "no-store"),
                    ("referrer-policy", "no-referrer"),
                    ("x-content-type-options", "nosniff"),
                ] {
                    assert_eq!(response.headers()[name], value, "{path}");
                }
            }
            let policy = "content-security-policy";
            assert_eq!(head.headers()[policy], get.headers()[policy]);
            let html = get.text().await.unwrap();
            assert!(html.starts_with("<!doctype html>") && html.len() < 14_000);
            assert_eq!(head.text().await.unwrap(), "");
        }
    }
}

#[tokio::test]
async fn without_mail_a_mails_link_is_an_unknown_route() {
    let service = Running::start_with(&[("MAIL_FROM", "")]).await;
    for form in Form::ALL {
        let response = service.request("GET", form.path()).send().await.unwrap();
        assert_eq!(response.status(), 404);
        assert_eq!(response.text().await.unwrap(), r#"{"message":"Not Found"}"#);
        let response = service.request("HEAD", form.path()).send().await.unwrap();
        assert_eq!(response.status(), 404);
    }
}
