//! What SES gets, and what becomes of its errors. The server of these tests has the form of SES's API alone; `.ci/deployed` has an emulator.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mailer::{Mailbox, Mailer, Outcome};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::function::Function;
use shared::mail::Occasion;
use shared::users::Email;
use testing::runtime_api::{Environment, check_lines, events};
use tokio::net::TcpListener;

use crate::fixture::{Fixture, event, event_text};

/// SES on 127.0.0.1: what it got, and the error that it responds with.
#[derive(Clone, Default)]
struct Server {
    got: Arc<Mutex<Vec<Value>>>,
    error: Arc<Mutex<Option<(StatusCode, &'static str)>>>,
}

impl Server {
    async fn start(&self) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v2/email/outbound-emails", post(accept))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        endpoint
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.got.lock().unwrap())
    }
}

async fn accept(State(server): State<Server>, Json(body): Json<Value>) -> Response {
    server.got.lock().unwrap().push(body);
    match *server.error.lock().unwrap() {
        None => Json(json!({"MessageId": "0100"})).into_response(),
        Some((status, code)) => {
            let body = Json(json!({"message": "owner@example.com is not verified"}));
            (status, [("x-amzn-errortype", code)], body).into_response()
        }
    }
}

#[tokio::test]
async fn ses_gets_the_mail_with_its_id_and_its_domains_in_ascii() {
    let server = Server::default();
    let endpoint = server.start().await;
    let fixture = Fixture::with(&[
        ("AWS_ENDPOINT_URL_SESV2", &endpoint),
        ("MAIL_FROM", "no-reply@bücher.example"),
        ("SERVICE_NAME", "Acme Inc."),
    ])
    .await;
    let mailer = Mailer::start(&fixture.deployment.env(), &fixture.time.clock())
        .await
        .unwrap();
    mailer.prepare().await.unwrap();
    fixture
        .user("johndoe", Some(("owner@straße.example", true)), None)
        .await;
    let id = fixture.put("owner@straße.example", Occasion::ResetAsked).await;
    assert_eq!(mailer.handle(&event(&[&id])).await, Outcome::default());
    let got = server.take();
    let [mail] = &got[..] else {
        unreachable!("{got:?}");
    };
    assert_eq!(
        mail["FromEmailAddress"],
        "\"Acme Inc.\" <no-reply@xn--bcher-kva.example>"
    );
    assert_eq!(
        mail["Destination"],
        json!({"ToAddresses": ["owner@xn--strae-oqa.example"]})
    );
    assert_eq!(
        mail["EmailTags"],
        json!([{"Name": "latchkey-kind", "Value": "reset-asked"}])
    );
    let simple = &mail["Content"]["Simple"];
    assert_eq!(
        simple["Headers"],
        json!([{"Name": "X-Latchkey-Mail", "Value": id}])
    );
    assert_eq!(simple["Subject"]["Charset"], "UTF-8");
    for form in ["Text", "Html"] {
        let form = &simple["Body"][form];
        assert_eq!(form["Charset"], "UTF-8");
        assert!(form["Data"].as_str().unwrap().contains("/reset-password?token="));
    }
}

#[tokio::test]
async fn ses_rejections_are_final_and_its_other_errors_are_not() {
    let server = Server::default();
    let endpoint = server.start().await;
    let fixture = Fixture::with(&[("AWS_ENDPOINT_URL_SESV2", &endpoint)]).await;
    let mailer = Mailer::start(&fixture.deployment.env(), &fixture.time.clock())
        .await
        .unwrap();
    mailer.prepare().await.unwrap();
    fixture
        .user("johndoe", Some(("owner@example.com", true)), None)
        .await;
    for (status, code, is_final) in [
        (400, "MessageRejected", true),
        (400, "BadRequestException", true),
        (400, "AccountSuspendedException", false),
        (400, "MailFromDomainNotVerifiedException", false),
        (400, "SendingPausedException", false),
        (400, "LimitExceededException", false),
        (404, "NotFoundException", false),
        (429, "TooManyRequestsException", false),
        (403, "AccessDeniedException", false),
        (500, "InternalFailure", false),
    ] {
        *server.error.lock().unwrap() = Some((StatusCode::from_u16(status).unwrap(), code));
        let id = fixture.put("owner@example.com", Occasion::ResetAsked).await;
        let outcome = mailer.handle(&event(&[&id])).await;
        assert_eq!(outcome == Outcome::default(), is_final, "{code}");
        assert_eq!(fixture.is_waiting(&id).await, !is_final, "{code}");
        assert!(!server.take().is_empty(), "{code}");
        *server.error.lock().unwrap() = None;
        assert_eq!(mailer.handle(&event(&[&id])).await, Outcome::default());
        assert_eq!(server.take().len(), usize::from(!is_final), "{code}");
    }
}

#[tokio::test]
async fn the_program_sends_and_logs_neither_address_nor_token() {
    let server = Server::default();
    let endpoint = server.start().await;
    let json = ("AWS_LAMBDA_LOG_FORMAT", "JSON");
    let fixture = Fixture::with(&[("AWS_ENDPOINT_URL_SESV2", &endpoint), json]).await;
    // The program has the machine's time.
    fixture.time.pass_to(Clock::system().now());
    fixture
        .user("johndoe", Some(("owner@example.com", true)), None)
        .await;
    let binary = Path::new(env!("CARGO_BIN_EXE_mailer"));
    let mut environment = Environment::start(&[], binary, fixture.deployment.variables()).await;
    let mut tokens = Vec::new();
    for (error, failed) in [(None, false), (Some(500), true), (Some(400), false)] {
        let id = fixture.put("owner@example.com", Occasion::ResetAsked).await;
        let code = error.map(|status| (StatusCode::from_u16(status).unwrap(), "MessageRejected"));
        *server.error.lock().unwrap() = code.map(|(status, code)| match status {
            StatusCode::BAD_REQUEST => (status, code),
            _ => (status, "InternalFailure"),
        });
        let (response, _) = environment.respond(&event_text(&[&id])).await;
        let failures = response["batchItemFailures"].as_array().unwrap();
        assert_eq!(!failures.is_empty(), failed, "{response}");
        for mail in server.take() {
            let text = mail["Content"]["Simple"]["Body"]["Text"]["Data"]
                .as_str()
                .unwrap();
            let token = text.split_once("?token=").unwrap().1;
            tokens.push(token.split_whitespace().next().unwrap().to_owned());
        }
    }
    let output = environment.stop().await;
    let mut secrets = vec!["owner@", "example.com", "johndoe"];
    secrets.extend(tokens.iter().map(String::as_str));
    check_lines(&output, &secrets);
    assert_eq!(events(&output), ["MailSent", "MailRejected"]);
    assert!(output.contains("a mail was not sent"), "{output}");
}

#[test]
fn the_senders_name_is_one_line_of_ascii_whatever_it_is() {
    let address = Email::parse("a@example.com").unwrap();
    for (name, expected) in [
        ("latchkey", "latchkey <a@example.com>"),
        ("Acme Inc.", "\"Acme Inc.\" <a@example.com>"),
        ("Brücke", "=?utf-8?b?QnLDvGNrZQ==?= <a@example.com>"),
    ] {
        let from = Mailbox {
            name: name.to_owned(),
            address: address.clone(),
        };
        assert_eq!(from.encode().unwrap(), expected);
    }
    for name in ["ü".repeat(200), "a, ".repeat(60), "<b@example.com>".to_owned()] {
        let from = Mailbox {
            name,
            address: address.clone(),
        };
        let mailbox = from.encode().unwrap();
        assert!(mailbox.is_ascii() && !mailbox.contains(['\r', '\n']), "{mailbox}");
        assert!(mailbox.ends_with(" <a@example.com>"), "{mailbox}");
    }
}
