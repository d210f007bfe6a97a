//! The service over HTTP: discovery, issuer, JWK Set and clock, as a verifier finds them.

use std::collections::BTreeSet;
use std::iter;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde_json::Value;

use super::Keys;
use super::check::Check;
use super::http::{self, Document};

const DISCOVERY: &str = "/.well-known/openid-configuration";
/// What is checked by the metadata.
const REST: [&str; 3] = ["clock", "issuer", "JWK Set"];
/// By how much clocks may differ, in seconds: docs/keys.md.
const CLOCKS_DIFFER: i64 = 60;
/// Of an HTTP date, which is of a whole second, and of the response's way.
const ROUNDED: i64 = 2;

/// Checks the service at a URL.
pub(super) async fn checks(url: Option<&str>, keys: &Keys) -> Vec<Check> {
    let Some(url) = url.map(|url| url.trim_end_matches('/')) else {
        let give =
            "give --stack, or --url, its output BaseUrl; http://127.0.0.1:3000 for a running `cargo dev`";
        let all = iter::once("discovery").chain(REST);
        return all.map(|subject| Check::not_checked(subject, give)).collect();
    };
    let address = format!("{url}{DISCOVERY}");
    let found = match http::get(&address).await {
        Ok(found) => found,
        Err(rule) => {
            let wrong = Check::wrong(
                "discovery",
                format!("{address} {rule}"),
                "is --url the stack's output BaseUrl, and does the log of `well-known` say why? Of a running `cargo dev`: the URL that it prints",
            );
            let rest = REST.map(|subject| Check::not_checked(subject, "see discovery"));
            return iter::once(wrong).chain(rest).collect();
        }
    };
    vec![
        Check::right("discovery", address),
        clock(&found, keys),
        issuer(url, &found.value).await,
        jwk_set(&found.value, keys).await,
    ]
}

fn clock(found: &Document, keys: &Keys) -> Check {
    let Ok(date) = DateTime::from_str(&found.date, DateTimeFormat::HttpDate) else {
        return Check::not_checked("clock", "the response has no Date");
    };
    let ahead = keys.clock.now().unix() - date.secs();
    if ahead.abs() <= CLOCKS_DIFFER + ROUNDED {
        return Check::right("clock", "this machine's and the service's agree");
    }
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    Check::wrong(
        "clock",
        format!("this machine's is {} s {direction} the service's", ahead.abs()),
        "timedatectl set-ntp true, on the machine that is wrong: keys and tokens have dates",
    )
}

/// The issuer's own metadata must have that issuer (RFC 8414 section 3.3): verifiers find the keys by it.
async fn issuer(url: &str, metadata: &Value) -> Check {
    let Some(issuer) = metadata["issuer"].as_str() else {
        return Check::wrong("issuer", "the metadata name none", "is --url the service's URL?");
    };
    if issuer == url {
        return Check::right("issuer", issuer);
    }
    let remedy = "deploy with the parameter Issuer set to the URL where clients find the service";
    match http::get(&format!("{issuer}{DISCOVERY}")).await {
        Ok(own) if own.value["issuer"].as_str() == Some(issuer) => Check::right("issuer", issuer),
        Ok(_) => Check::wrong(
            "issuer",
            format!("{issuer} has another issuer in its metadata"),
            remedy,
        ),
        Err(rule) => Check::wrong("issuer", format!("{issuer}{DISCOVERY} {rule}"), remedy),
    }
}

async fn jwk_set(metadata: &Value, keys: &Keys) -> Check {
    let subject = "JWK Set";
    let remedy =
        "is --table the table of the service at --url? Caches follow within the times of docs/keys.md";
    let Some(url) = metadata["jwks_uri"].as_str() else {
        return Check::wrong(subject, "the metadata name none", "is --url the service's URL?");
    };
    let served = match http::get(url).await {
        Ok(served) => served.value,
        Err(rule) => return Check::wrong(subject, format!("{url} {rule}"), remedy),
    };
    let served: BTreeSet<&str> = served["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|key| key["kid"].as_str())
        .collect();
    let Some(published) = &keys.published else {
        return Check::not_checked(subject, "the published keys cannot be read");
    };
    let (now, lead) = (keys.clock.now(), keys.lifecycle.lead);
    // As old as the copies of a function and of a cache before it may be together.
    let cached = lead.copy_seconds().saturating_add(lead.cache_seconds());
    let missing = published.keys().iter().find(|key| {
        now < key.drop_at
            && key.published_at.plus(cached) < now
            && !key.kid().is_some_and(|kid| served.contains(kid))
    });
    if let Some(kid) = missing.and_then(|key| key.kid()) {
        return Check::wrong(subject, format!("{url} lacks the published key {kid}"), remedy);
    }
    if let Some(kid) = served.iter().find(|kid| !published.contains(kid)) {
        return Check::wrong(
            subject,
            format!("{url} has the key {kid}, which is not published"),
            remedy,
        );
    }
    Check::right(subject, format!("{} keys, as published", served.len()))
}
