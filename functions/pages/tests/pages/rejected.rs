use lambda_http::{Body, Response};
use pages::{Form, Pages};
use shared::error::{Code, Error, ErrorFormat, FieldError, Violation};

use crate::{LANGUAGES, TOKEN, between, header, html, pages};

fn field(field: &str, code: Code, message: &'static str) -> Error {
    Error::Invalid(vec![FieldError::new(field, Violation::new(code, message))])
}

fn rejected(pages: &Pages, form: Form, error: &Error) -> Response<Body> {
    pages.rejected(form, TOKEN, error, "id").unwrap()
}

/// Returns the message of the page, which is announced.
fn problem(html: &str) -> &str {
    between(html, r#"role="alert">"#, "</p>")
}

#[test]
fn a_problem_of_the_password_belongs_to_its_field_and_the_form_is_there_again() {
    for language in LANGUAGES {
        let pages = pages(&[("UI_LANGUAGE", language)]);
        for form in Form::ALL {
            let errors = [
                Error::WrongCredentials,
                field("password", Code::Required, "Is required"),
                field("password", Code::TooShort, "Must have at least 8 characters"),
                field("password", Code::TooLong, "Must have at most 1024 bytes"),
                field("password", Code::Common, "Is in a list"),
                field("password", Code::Invalid, "Is not the current password"),
            ];
            let messages = errors.map(|error| {
                let response = rejected(&pages, form, &error);
                let html = html(&response);
                assert!(html.contains(&format!(r#"name="token" value="{TOKEN}""#)));
                assert!(html.contains(r#"<p class="problem" id="problem" role="alert">"#));
                let input = between(html, r#"<input id="password""#, ">");
                for attribute in [
                    r#" aria-invalid="true""#,
                    r#" aria-describedby="problem hint""#,
                    " autofocus",
                ] {
                    assert!(input.contains(attribute), "{attribute} in {input}");
                }
                let title = between(html, "<title>", "</title>");
                assert!(
                    title.starts_with("Error: ") || title.starts_with("Fehler: "),
                    "{title}"
                );
                problem(html).to_owned()
            });
            let mut different = messages.to_vec();
            different.sort();
            different.dedup();
            assert_eq!(different.len(), messages.len(), "{messages:?}");
        }
    }
}

#[test]
fn the_apis_message_is_shown_in_english_and_its_code_in_another_language() {
    let error = field("password", Code::TooShort, "Must have at least 9 characters");
    for (language, expected) in [
        ("en", "Must have at least 9 characters."),
        ("de", "Das Passwort ist zu kurz. Es braucht mindestens 9 Zeichen."),
    ] {
        let pages = pages(&[("UI_LANGUAGE", language), ("MIN_PASSWORD_LENGTH", "9")]);
        let response = rejected(&pages, Form::ResetPassword, &error);
        assert_eq!(problem(html(&response)), expected);
    }
}

#[test]
fn a_bad_token_gets_no_form_but_the_way_to_a_new_link() {
    for language in LANGUAGES {
        let pages = pages(&[("UI_LANGUAGE", language)]);
        for form in Form::ALL {
            for code in [Code::Invalid, Code::Required] {
                let error = Error::Invalid(vec![
                    FieldError::new("token", Violation::new(code, "")),
                    FieldError::new("password", Violation::required()),
                ]);
                let response = rejected(&pages, form, &error);
                let html = html(&response);
                assert!(!html.contains("<form") && !html.contains(TOKEN), "{html}");
                assert!(
                    problem(html).contains("Link") || problem(html).contains("link"),
                    "{html}"
                );
                let (_, rest) = html.split_once(problem(html)).unwrap();
                assert!(rest.contains("latchkey"), "no way to a new one: {rest}");
            }
        }
    }
}

#[test]
fn other_problems_stand_above_the_form_and_keep_the_errors_status_and_headers() {
    let cases = || {
        [
            (Error::Throttled(1), true, "in 1 second."),
            (Error::Throttled(90), true, "in 90 seconds."),
            (
                Error::unavailable("the table", "secret"),
                true,
                "temporarily unavailable",
            ),
            (Error::internal("the table", "secret"), true, "Something failed"),
            (Error::BodyTooLarge, true, "could not be read"),
            (Error::InvalidRequest("".into()), true, "could not be read"),
            (Error::UnsupportedMediaType(""), true, "could not be read"),
            (
                field("other", Code::Unknown, "No such field"),
                true,
                "could not be read",
            ),
            (Error::Inactive, false, "is disabled"),
            (Error::InactiveAtLogIn, false, "is disabled"),
            (Error::WrongCredentials, true, "not the password"),
        ]
    };
    let pages = pages(&[]);
    for form in Form::ALL {
        for ((error, has_form, message), (same, ..)) in cases().into_iter().zip(cases()) {
            let response = rejected(&pages, form, &error);
            let html = html(&response);
            assert!(problem(html).contains(message), "{message} in {}", problem(html));
            assert_eq!(html.contains("<form"), has_form, "{message}");
            assert!(!html.contains("secret"));
            let api = same.into_response(ErrorFormat::Problem, "id");
            assert_eq!(response.status(), api.status());
            for name in ["retry-after", "www-authenticate"] {
                assert_eq!(header(&response, name), header(&api, name), "{message}");
            }
            assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
        }
    }
}

#[test]
fn an_outcome_and_a_rejection_have_all_headers_of_a_page() {
    let pages = pages(&[]);
    for form in Form::ALL {
        let page = pages.form(form, TOKEN).unwrap();
        let outcomes = [
            pages.done(form).unwrap(),
            rejected(&pages, form, &field("password", Code::Common, "")),
            rejected(&pages, form, &field("token", Code::Invalid, "")),
        ];
        for outcome in outcomes {
            assert_eq!(outcome.headers(), page.headers());
        }
    }
}

#[test]
fn a_success_says_so_without_a_form_and_without_an_alert() {
    for (language, verified, changed) in [
        ("en", "Your address is confirmed", "Your password is changed"),
        ("de", "Ihre Adresse ist bestätigt", "Ihr Passwort ist geändert"),
    ] {
        let pages = pages(&[("UI_LANGUAGE", language)]);
        for (form, heading) in [(Form::VerifyEmail, verified), (Form::ResetPassword, changed)] {
            let response = pages.done(form).unwrap();
            let html = html(&response);
            assert_eq!(response.status(), 200);
            assert_eq!(between(html, "<h1>", "</h1>"), heading);
            assert!(!html.contains("<form") && !html.contains("role=\"alert\""));
        }
    }
}
