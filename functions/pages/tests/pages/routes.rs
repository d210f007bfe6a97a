use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pages::{Form, FormPages, MAX_TOKEN_BYTES};
use sha2::{Digest, Sha256};
use shared::clock::Clock;
use shared::lambda::ready;
use testing::event::Event;

use crate::{LANGUAGES, TOKEN, between, call, env, function, get, header, html, pages};

/// What a server sends before the first acknowledgement: the initial window of TCP (RFC 6928).
const FIRST_FLIGHT_BYTES: usize = 14_000;

/// Returns the value of the hidden field.
fn token(html: &str) -> &str {
    between(html, r#"<input type="hidden" name="token" value=""#, "\">")
}

#[tokio::test]
async fn each_form_sends_the_token_and_the_password_to_its_own_path_without_a_query() {
    let function = function(&[]).await;
    for (form, action, autocomplete) in [
        (Form::VerifyEmail, "/verify-email", "current-password"),
        (Form::ResetPassword, "/reset-password", "new-password"),
    ] {
        let response = get(&function, form, &format!("token={TOKEN}")).await;
        assert_eq!(response.status(), 200);
        let html = html(&response);
        assert_eq!(
            between(html, "<form", ">"),
            format!(r#" method="post" action="{action}""#)
        );
        assert_eq!(token(html), TOKEN);
        let field = between(html, r#"<input id="password""#, ">");
        for attribute in [
            r#"name="password""#,
            r#"type="password""#,
            &format!(r#"autocomplete="{autocomplete}""#),
        ] {
            assert!(field.contains(attribute), "{attribute} in {field}");
        }
        assert_eq!(html.matches("<input").count(), 2);
    }
}

#[tokio::test]
async fn the_form_is_there_whatever_the_token_is() {
    let function = function(&[]).await;
    let long = format!("token={}", "a".repeat(MAX_TOKEN_BYTES + 1));
    for (query, expected) in [
        ("", ""),
        ("token", ""),
        ("token=", ""),
        ("token=%ff", "\u{fffd}"),
        ("token=a&token=b", ""),
        ("other=a", ""),
        (&long, ""),
        (&long[..long.len() - 1], &long["token=".len()..long.len() - 1]),
    ] {
        for form in Form::ALL {
            let response = get(&function, form, query).await;
            assert_eq!(response.status(), 200, "{query}");
            assert_eq!(token(html(&response)), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn a_token_is_no_html_and_stands_in_the_hidden_field_alone() {
    let function = function(&[]).await;
    for (query, expected) in [
        (TOKEN, TOKEN),
        (
            "%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
            "&quot;&gt;&lt;script&gt;alert(1)&lt;&#x2f;script&gt;",
        ),
        ("'%20onfocus=alert(1)%20x='&", "&#x27; onfocus=alert(1) x=&#x27;"),
        ("{{service}}", "{{service}}"),
    ] {
        for form in Form::ALL {
            let none = get(&function, form, "").await;
            let response = get(&function, form, &format!("token={query}")).await;
            let html = html(&response);
            assert_eq!(token(html), expected);
            assert_eq!(html.replacen(expected, "", 1), *crate::html(&none));
            let headers = |response: &lambda_http::Response<_>| response.headers().clone();
            assert_eq!(headers(&response), headers(&none));
        }
    }
}

#[tokio::test]
async fn a_page_is_small_and_names_no_script_and_nothing_elsewhere_in_any_language() {
    for language in LANGUAGES {
        let name = "A service of quite a long name";
        let function = function(&[("UI_LANGUAGE", language), ("SERVICE_NAME", name)]).await;
        for form in Form::ALL {
            let token = "%22".repeat(MAX_TOKEN_BYTES);
            let response = get(&function, form, &format!("token={token}")).await;
            let html = html(&response);
            let headers = response.headers().iter();
            let headers: usize = headers
                .map(|(name, value)| name.as_str().len() + value.len() + 4)
                .sum();
            assert!(html.len() + headers < FIRST_FLIGHT_BYTES, "{} bytes", html.len());
            assert!(html.contains(&format!(r#"<html lang="{language}">"#)));
            assert_eq!(html.matches("<h1>").count(), 1);
            assert!(html.contains(name));
            for absent in [
                "<script",
                "javascript:",
                "://",
                " src=",
                " href=",
                " style=",
                "{{",
                "{%",
            ] {
                assert!(!html.contains(absent), "{absent} in {html}");
            }
            let tags = html.split('<').filter_map(|rest| rest.split('>').next());
            assert!(
                !tags.into_iter().any(|tag| tag.contains(" on")),
                "a handler in {html}"
            );
        }
    }
}

#[tokio::test]
async fn the_policy_allows_the_one_style_by_its_hash_and_a_form_to_this_origin() {
    for accent in ["#1d4ed8", "#ffffff"] {
        let function = function(&[("ACCENT_COLOR", accent)]).await;
        let response = get(&function, Form::VerifyEmail, "").await;
        let style = between(html(&response), "<style>", "</style>");
        assert!(style.contains(accent));
        let hash = STANDARD.encode(Sha256::digest(style));
        assert_eq!(
            header(&response, "content-security-policy"),
            format!(
                "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            )
        );
    }
}

#[tokio::test]
async fn a_page_is_not_stored_not_indexed_and_names_its_address_to_no_one() {
    let function = function(&[]).await;
    for form in Form::ALL {
        let response = get(&function, form, &format!("token={TOKEN}")).await;
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-robots-tag", "noindex"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(header(&response, name), value, "{name}");
        }
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let function = function(&[]).await;
    for form in Form::ALL {
        let query = format!("token={TOKEN}");
        let head = call(&function, Event::new("HEAD", form.path()).query(&query)).await;
        let get = get(&function, form, &query).await;
        assert_eq!((head.status(), head.headers()), (get.status(), get.headers()));
        assert!(head.body().is_empty() && !get.body().is_empty());
    }
}

#[tokio::test]
async fn without_mail_and_elsewhere_there_is_no_page() {
    let on = function(&[]).await;
    let off: FormPages = ready(&env(&[]), &Clock::system()).await.unwrap();
    for (function, method, path) in [
        (&off, "GET", "/verify-email"),
        (&off, "HEAD", "/reset-password"),
        (&on, "POST", "/verify-email"),
        (&on, "GET", "/verify"),
    ] {
        let response = call(function, Event::new(method, path)).await;
        assert_eq!(
            (response.status().as_u16(), html(&response)),
            (404, r#"{"message":"Not Found"}"#),
            "{method} {path}"
        );
    }
}

#[test]
fn a_services_name_is_no_html_and_no_template() {
    let pages = pages(&[("SERVICE_NAME", "<b>{{ minimum }}</b>")]);
    for form in Form::ALL {
        let page = pages.form(form, "").unwrap();
        let name = "&lt;b&gt;{{ minimum }}&lt;&#x2f;b&gt;";
        assert!(html(&page).matches(name).count() >= 3, "{}", html(&page));
        assert!(!html(&page).contains("<b>"));
    }
}
