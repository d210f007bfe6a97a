use serde_json::{Value, json};
use shared::clock::Clock;
use shared::keys::Kind;
use testing::forge::Forger;
use testing::rings::ring_of;

use crate::running::{PASSWORD, Response, Running};

const CHALLENGE: &str = "Bearer realm=\"latchkey\"";
const INVALID_TOKEN: &str = "Bearer realm=\"latchkey\", error=\"invalid_token\", error_description=\"Could not validate credentials\"";

fn is_invalid_token(response: &Response, why: &str) {
    assert_eq!(response.status, 401, "{why}: {response:?}");
    response.is_problem(401, "Could not validate credentials");
    assert_eq!(response.header("www-authenticate"), INVALID_TOKEN, "{why}");
    assert_eq!(response.body["error"], "invalid_token", "{why}");
}

fn is_not_authenticated(response: &Response) {
    response.is_problem(401, "Not authenticated");
    assert_eq!(response.header("www-authenticate"), CHALLENGE);
    assert!(response.body.get("error").is_none(), "{response:?}");
}

#[tokio::test]
async fn a_user_reads_what_registration_responded() {
    let service = Running::start().await;
    let body = json!({"username": "johndoe", "email": "j@example.com", "full_name": "John Doe", "password": PASSWORD});
    let registered = service.register(body).await;
    let token = service.log_in("johndoe", PASSWORD).await.body["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let response = service.me(&format!("Bearer {token}")).await;
    assert_eq!((response.status, &response.body), (200, &registered.body));
    assert_eq!(response.header("content-type"), "application/json");
    let slash = service.request("GET", "/users/me/").bearer_auth(&token);
    assert_eq!(Response::of(slash).await.status, 200);
    let more = Response::of(service.request("GET", "/users/me/more").bearer_auth(&token)).await;
    assert_eq!((more.status, more.body), (404, json!({"message": "Not Found"})));
}

#[tokio::test]
async fn b_01_without_credentials_the_challenge_has_no_error() {
    let service = Running::start().await;
    is_not_authenticated(&Response::of(service.request("GET", "/users/me")).await);
}

#[tokio::test]
async fn b_02_every_challenge_has_a_realm() {
    let service = Running::start().await;
    let responses = [
        Response::of(service.request("GET", "/users/me")).await,
        service.me("Basic Og==").await,
        service.me("Bearer").await,
        service.me("Bearer x").await,
        service.log_in("nobody", "wrong").await,
    ];
    for response in responses {
        assert!(
            response.header("www-authenticate").starts_with(CHALLENGE),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn b_03_a_token_that_does_not_verify_is_an_invalid_token_without_a_reason() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    let forger = service.forger(&id);
    let expired = forger.token(|_, claims| {
        for time in ["iat", "auth_time", "exp"] {
            claims[time] = json!(claims[time].as_i64().unwrap() - 2000);
        }
    });
    let good = forger.token(|_, _| {});
    // A letter inside the signature, since not every bit of the last one counts; and another one than stands there.
    let (start, rest) = good.split_at(good.len() - 10);
    let other = if rest.starts_with('A') { 'B' } else { 'A' };
    let tampered = format!("{start}{other}{}", &rest[1..]);
    for (why, token) in [
        ("expired", &expired),
        ("tampered", &tampered),
        ("nonsense", &"x.y.z".to_owned()),
    ] {
        is_invalid_token(&service.me(&format!("Bearer {token}")).await, why);
    }
}

#[tokio::test]
async fn b_05_two_values_or_no_single_token_are_an_invalid_request() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    let is_refused = |response: &Response| {
        response.is_problem(400, "Authorization must be Bearer and one token");
        assert_eq!(
            response.header("www-authenticate"),
            "Bearer realm=\"latchkey\", error=\"invalid_request\""
        );
        assert_eq!(response.body["error"], "invalid_request");
    };
    for value in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer a b".to_owned(),
        format!("Bearer\t{token}"),
        "Bearer ü".to_owned(),
        "Bearer =".to_owned(),
        "Bearer a=b".to_owned(),
        format!("Bearer {token},Bearer {token}"),
        format!("Basic Og==, Bearer {token}"),
        "Basic Og==,Basic Og==".to_owned(),
        "Basic YTpi,Digest".to_owned(),
        "Basic YTpi,Bearer\tabc".to_owned(),
        "Basic YTpi, lk_abc".to_owned(),
        ",".to_owned(),
        "Basic YTpi,a=b".to_owned(),
        "Basic YTpi,Bearer=x".to_owned(),
        "Digest,Bearer a=b".to_owned(),
        format!("Digest a=\"x,Bearer {token}"),
        format!("Digest a=\"x\\\"\",Bearer {token}"),
    ] {
        is_refused(&service.me(&value).await);
    }
    let twice = service
        .request("GET", "/users/me")
        .header("authorization", format!("Bearer {token}"))
        .header("authorization", "Basic Og==");
    is_refused(&Response::of(twice).await);
}

#[tokio::test]
async fn b_06_the_query_is_never_read_and_the_scheme_is_compared_without_case() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    is_not_authenticated(
        &Response::of(service.request("GET", &format!("/users/me?access_token={token}"))).await,
    );
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "] {
        assert_eq!(
            service.me(&format!("{scheme} {token}")).await.status,
            200,
            "{scheme}"
        );
    }
    for other in [
        "Basic Og==",
        "Digest username=\"a\", realm=\"b\", qop=auth",
        "Digest username=\"Doe, John Smith\", realm = b",
        "Digest a=\"x\\\",y\", c=d,, e=f,",
        "Digest a=\"ü\", c=d",
        "Basic ü",
        "Bearers x",
        "Token x",
        "DPoP x",
    ] {
        is_not_authenticated(&service.me(other).await);
    }
}

#[tokio::test]
async fn b_08_personal_data_is_not_stored_on_the_way() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    service.me(&format!("Bearer {token}")).await.has_common_headers();
}

#[tokio::test]
async fn j_03_only_a_token_of_our_type_key_issuer_audience_and_time_verifies() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    let forger = service.forger(&id);
    // Read anew for each token: on a slow machine these requests take longer than the ten seconds that a time is off the leeway.
    let from_now = |seconds: i64| json!(Clock::system().now().unix() + seconds);
    let now = forger.claims["iat"].as_i64().unwrap();
    let accepted = async |why: &str, change: &dyn Fn(&mut Value, &mut Value)| {
        let response = service
            .me(&format!(
                "Bearer {}",
                forger.token(|header, claims| change(header, claims))
            ))
            .await;
        assert_eq!(response.status, 200, "{why}: {response:?}");
    };
    let rejected = async |why: &str, change: &dyn Fn(&mut Value, &mut Value)| {
        let token = forger.token(|header, claims| change(header, claims));
        is_invalid_token(&service.me(&format!("Bearer {token}")).await, why);
    };
    let remove = |object: &mut Value, name: &str| {
        object.as_object_mut().unwrap().remove(name);
    };

    accepted("as it is", &|_, _| {}).await;
    accepted("the whole media type", &|header, _| {
        header["typ"] = json!("application/at+jwt")
    })
    .await;
    accepted("a media type has no case", &|header, _| {
        header["typ"] = json!("AT+JWT")
    })
    .await;
    accepted("issued ahead within the leeway", &|_, claims| {
        claims["iat"] = from_now(50)
    })
    .await;
    accepted("nbf within the leeway", &|_, claims| claims["nbf"] = from_now(50)).await;
    accepted("jku is not followed", &|header, _| {
        header["jku"] = json!("https://evil.example.com/jwks")
    })
    .await;

    rejected("typ JWT", &|header, _| header["typ"] = json!("JWT")).await;
    rejected("no typ", &|header, _| remove(header, "typ")).await;
    rejected("crit", &|header, _| header["crit"] = json!(["exp"])).await;
    rejected("empty crit", &|header, _| header["crit"] = json!([])).await;
    rejected("no kid", &|header, _| remove(header, "kid")).await;
    rejected("unknown kid", &|header, _| header["kid"] = json!("another")).await;
    rejected("RS512 of an RS256 key", &|header, _| {
        header["alg"] = json!("RS512")
    })
    .await;
    rejected("ES256 of an RSA key", &|header, _| header["alg"] = json!("ES256")).await;
    rejected("no alg", &|header, _| remove(header, "alg")).await;
    for claim in ["iss", "aud", "sub", "exp", "iat", "client_id", "jti", "auth_time"] {
        rejected(claim, &|_, claims| remove(claims, claim)).await;
    }
    rejected("another issuer", &|_, claims| {
        claims["iss"] = json!("https://evil.example.com")
    })
    .await;
    rejected("our issuer with a slash", &|_, claims| {
        claims["iss"] = json!(format!("{}/", service.issuer))
    })
    .await;
    rejected("an array issuer", &|_, claims| {
        claims["iss"] = json!([service.issuer])
    })
    .await;
    rejected("another audience", &|_, claims| {
        claims["aud"] = json!("https://api.example.com")
    })
    .await;
    rejected("an empty subject", &|_, claims| claims["sub"] = json!("")).await;
    rejected("expired", &|_, claims| {
        (claims["iat"], claims["exp"]) = (from_now(-100), from_now(-70));
    })
    .await;
    rejected("issued ahead", &|_, claims| claims["iat"] = from_now(70)).await;
    rejected("nbf ahead", &|_, claims| claims["nbf"] = from_now(70)).await;
    rejected("exp as text", &|_, claims| claims["exp"] = json!("tomorrow")).await;

    is_invalid_token(
        &service.me(&format!("Bearer {}", forger.unsigned())).await,
        "alg none",
    );
    is_invalid_token(
        &service
            .me(&format!("Bearer {}", forger.hs256_with_the_public_key()))
            .await,
        "HS256",
    );
    let foreign = Forger::new(&ring_of(&[Kind::Rs256]), &service.issuer, &id, now);
    is_invalid_token(
        &service.me(&format!("Bearer {}", foreign.token(|_, _| {}))).await,
        "a foreign key",
    );
    let kid = forger.header["kid"].clone();
    let foreign = foreign.token(|header, _| header["kid"] = kid);
    is_invalid_token(
        &service.me(&format!("Bearer {foreign}")).await,
        "a foreign key under our kid",
    );
    let mut embedded = Forger::new(&ring_of(&[Kind::EdDsa]), &service.issuer, &id, now);
    embedded.header["jwk"] = json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"});
    is_invalid_token(
        &service.me(&format!("Bearer {}", embedded.token(|_, _| {}))).await,
        "its own key",
    );
}

#[tokio::test]
async fn j_05_what_is_signed_for_another_purpose_is_no_access_token() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    let forger = service.forger(&id);
    for typ in [
        "JWT",
        "id+jwt",
        "verify-mail+jwt",
        "reset-password+jwt",
        "refresh+jwt",
        "logout+jwt",
    ] {
        let token = forger.token(|header, _| header["typ"] = json!(typ));
        is_invalid_token(&service.me(&format!("Bearer {token}")).await, typ);
    }
    for purpose in ["verify-mail", "reset-password", "refresh"] {
        let audience = format!("{}/{purpose}", service.issuer);
        let token = forger.token(|_, claims| claims["aud"] = json!(audience));
        is_invalid_token(&service.me(&format!("Bearer {token}")).await, purpose);
    }
}

#[tokio::test]
async fn the_token_of_a_deleted_user_is_invalid() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    let token = service.forger(&id).token(|_, _| {});
    assert_eq!(service.me(&format!("Bearer {token}")).await.status, 200);
    service.table.delete(&format!("user#{id}"), "user").await;
    is_invalid_token(&service.me(&format!("Bearer {token}")).await, "deleted");
}

#[tokio::test]
async fn a_disabled_user_is_inactive() {
    let service = Running::start().await;
    let id = service.user("johndoe").await;
    let token = service.forger(&id).token(|_, _| {});
    service.table.set(&id, "disabled", json!({"BOOL": true})).await;
    let response = service.me(&format!("Bearer {token}")).await;
    response.is_problem(400, "Inactive user");
    assert_eq!(response.header("www-authenticate"), "");
}

#[tokio::test]
async fn a_body_and_its_type_are_ignored() {
    let service = Running::start().await;
    let token = service.token("johndoe").await;
    let request = service
        .request("GET", "/users/me")
        .bearer_auth(token)
        .header("content-type", "text/plain")
        .header("content-encoding", "gzip")
        .body("x".repeat(20_000));
    assert_eq!(Response::of(request).await.status, 200);
}
