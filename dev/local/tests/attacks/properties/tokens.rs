//! Bearer tokens, JWTs and refresh tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda_http::http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use shared::clock::Timestamp;
use shared::http::bearer;
use shared::keys::SessionKey;
use shared::sessions::RefreshToken;
use testing::event::{Event, me};

use super::{Service, any_json, any_text, holds};

#[test]
fn a_bearer_token_is_the_one_that_was_sent_and_any_other_text_is_4xx() {
    let service = Service::start();
    holds(
        ("[Bb][Ee][Aa][Rr][Ee][Rr] {1,3}", "[A-Za-z0-9._~+/-]{1,200}={0,2}"),
        |(scheme, token)| {
            let mut headers = HeaderMap::new();
            headers.insert(
                "authorization",
                HeaderValue::from_str(&format!("{scheme}{token}")).unwrap(),
            );
            prop_assert_eq!(bearer::token(&headers).ok(), Some(token.as_str()));
            Ok(())
        },
    );
    holds(prop::collection::vec(any::<u8>(), 0..80), |bytes| {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            headers.insert("authorization", value);
        }
        let _either = bearer::token(&headers);
        Ok(())
    });
    let any_header = prop_oneof![any_text(), any_text().prop_map(|text| format!("Bearer {text}"))];
    holds(any_header, |value| {
        let event = Event::new("GET", "/users/me").header("authorization", &value);
        let (status, _) = service.send("me", event.value())?;
        prop_assert!(matches!(status, 400 | 401), "{}", status);
        Ok(())
    });
}

#[test]
fn a_jwt_that_is_changed_anywhere_is_rejected() {
    let service = Service::start();
    let forger = &service.forger;
    let genuine = forger.token(|_, _| {});
    let part = prop_oneof![
        any_json().prop_map(|value| URL_SAFE_NO_PAD.encode(value.to_string())),
        any_text().prop_map(|text| URL_SAFE_NO_PAD.encode(text)),
        "[A-Za-z0-9_=.-]{0,40}",
    ];
    let exchanged = (0..genuine.len(), "[A-Za-z0-9_.-]").prop_map(|(index, character)| {
        let mut token = service.forger.token(|_, _| {});
        token.replace_range(index..=index, &character);
        token
    });
    let replaced = (0..3_usize, part).prop_map(|(index, part)| {
        let token = service.forger.token(|_, _| {});
        let mut parts: Vec<&str> = token.split('.').collect();
        parts[index] = &part;
        parts.join(".")
    });
    holds(prop_oneof![exchanged, replaced], |token| {
        let (status, _) = service.send("me", me(&token).value())?;
        prop_assert_eq!(status == 200, token == genuine, "{}", token);
        service.send(
            "token",
            Event::new("POST", "/revoke")
                .form(&format!("token={token}"))
                .value(),
        )?;
        Ok(())
    });
    // Signed by the service's own key, with any other claim or member of the header.
    holds(
        (any_text(), any_json(), any::<bool>()),
        |(name, value, is_header)| {
            let token = forger.token(|header, claims| {
                if is_header {
                    header[&name] = value
                } else {
                    claims[&name] = value
                }
            });
            service.send("me", me(&token).value()).map(|_| ())
        },
    );
    holds(
        (
            prop::sample::select(&["iss", "aud", "sub", "exp", "iat", "jti", "typ", "alg", "kid"][..]),
            any_json(),
        ),
        |(name, value)| {
            let token = forger.token(|header, claims| {
                let part = if ["typ", "alg", "kid"].contains(&name) {
                    header
                } else {
                    claims
                };
                part[name] = value;
            });
            service.send("me", me(&token).value()).map(|_| ())
        },
    );
}

#[test]
fn a_refresh_token_opens_as_it_was_sealed_and_no_other_text_does() {
    let key = SessionKey::generate(Timestamp::from_unix(0)).unwrap();
    let service = Service::start();
    let session = "01KAY2Z3M4N5P6Q7R8S9T0V1W2";
    holds(
        (
            "[ -~]{0,60}",
            any::<i32>(),
            any::<prop::sample::Index>(),
            any::<char>(),
        ),
        |(user, time, index, character)| {
            let time = Timestamp::from_unix(time.into());
            let token = RefreshToken::first(&user, session, time, &key).unwrap();
            let opened = RefreshToken::open(token.as_str(), &key).unwrap();
            prop_assert_eq!(
                (
                    &opened.user,
                    opened.session.as_str(),
                    opened.created_at,
                    opened.generation
                ),
                (&user, session, time, 0)
            );
            let mut changed: Vec<char> = token.as_str().chars().collect();
            let index = index.index(changed.len());
            changed[index] = character;
            let changed: String = changed.into_iter().collect();
            prop_assert_eq!(
                RefreshToken::open(&changed, &key).is_some(),
                changed == token.as_str()
            );
            Ok(())
        },
    );
    let texts = prop_oneof![
        any_text(),
        "[A-Za-z0-9_-]{0,520}",
        prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
    ];
    holds(texts, |text| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &text)];
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let (status, _) = service.send("token", Event::new("POST", "/token").form(&form).value())?;
        prop_assert_eq!(status, 400);
        prop_assert!(RefreshToken::open(&text, &key).is_none());
        Ok(())
    });
}
