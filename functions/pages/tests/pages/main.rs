//! The pages that the links in mails lead to, and those that the function `recovery` responds with.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod legible;
mod log;
mod rejected;
mod routes;

use lambda_http::{Body, Response};
use pages::{Form, FormPages, Pages};
use shared::clock::Clock;
use shared::edge::Edge;
use shared::env::Env;
use shared::lambda::{ready, respond};
use testing::deployment::MAIL_FROM;
use testing::event::Event;

const LANGUAGES: [&str; 2] = ["en", "de"];

/// A token as mails have it.
const TOKEN: &str = "3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs";

type Variables<'a> = &'a [(&'a str, &'a str)];

fn env<'a>(variables: Variables<'a>) -> Env<'a> {
    Env::new(move |name| {
        let mut set = variables.iter();
        let (_, value) = set.find(|(known, _)| *known == name)?;
        Some((*value).to_owned())
    })
}

fn pages(variables: Variables<'_>) -> Pages {
    Pages::read(&env(variables)).unwrap()
}

/// Starts the function where mail is on.
async fn function(variables: Variables<'_>) -> FormPages {
    let on = [&[("MAIL_FROM", MAIL_FROM)], variables].concat();
    ready(&env(&on), &Clock::system()).await.unwrap()
}

async fn call(function: &FormPages, event: Event) -> Response<Body> {
    respond(function, &Edge::default(), event.value(), "").await
}

async fn get(function: &FormPages, form: Form, query: &str) -> Response<Body> {
    call(function, Event::new("GET", form.path()).query(query)).await
}

fn html(response: &Response<Body>) -> &str {
    let Body::Text(html) = response.body() else {
        panic!("{response:?}");
    };
    html
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

/// Returns what stands between two texts, each once.
fn between<'a>(html: &'a str, start: &str, end: &str) -> &'a str {
    assert_eq!(html.matches(start).count(), 1, "{start} in {html}");
    html.split_once(start).unwrap().1.split_once(end).unwrap().0
}
