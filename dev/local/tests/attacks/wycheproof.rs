//! The JWS vectors of Wycheproof (<https://github.com/C2SP/wycheproof>, `testvectors_v1/json_web_signature_test.json`, Apache-2.0),
//! which are not part of this repository: the variable `WYCHEPROOF_DIR` names the folder with that file.

use std::path::PathBuf;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, jwk::Jwk};
use me::Me;
use serde_json::{Value, json};
use shared::env::process_variable;
use shared::keys::PublicKey;
use testing::deployment::{Deployment, call};
use testing::event::me;

/// Reports whether a signature verifies, by the very call that the verifier of access tokens makes. What a vector signs is no claims,
/// so a vector that verifies fails at its content. The header is read first, as there, since its errors have the same kind.
fn verifies(key: &PublicKey, jws: &str) -> bool {
    if jsonwebtoken::decode_header(jws).is_err() {
        return false;
    }
    let validation = Validation::new(key.algorithm());
    match jsonwebtoken::decode::<Value>(jws, key.decoding(), &validation) {
        Ok(_) => true,
        Err(error) => matches!(
            error.kind(),
            ErrorKind::Json(_) | ErrorKind::Utf8(_) | ErrorKind::MissingRequiredClaim(_)
        ),
    }
}

/// Returns the key of a group as this service would publish it: with an id, and with its `alg`.
fn key(group: &Value) -> Option<PublicKey> {
    let jwk = group.get("public").unwrap_or(&group["private"]);
    let mut jwk: Value = jwk.clone();
    if jwk["kid"].is_null() {
        jwk["kid"] = json!("wycheproof");
    }
    let jwk: Jwk = serde_json::from_value(jwk).ok()?;
    PublicKey::read(jwk).ok()
}

#[tokio::test]
#[ignore = "needs WYCHEPROOF_DIR; .ci/full runs it"]
async fn each_of_the_401_vectors_is_rejected_unless_its_key_and_signature_are_of_ours() {
    let folder = process_variable("WYCHEPROOF_DIR").unwrap();
    let text = std::fs::read_to_string(PathBuf::from(folder).join("json_web_signature_test.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let deployment = Deployment::start().await;
    let (mut ran, mut by_our_algorithms, mut verified) = (0, 0, Vec::new());
    for group in vectors["testGroups"].as_array().unwrap() {
        let key = key(group);
        let mut published = json!({"keys": []});
        if let Some(key) = &key {
            published["keys"] = json!([{
                "jwk": key.jwk(), "published_at": "2020-01-01T00:00:00Z", "signs_from": "2020-01-01T00:00:00Z",
                "drop_at": "2100-01-01T00:00:00Z",
            }]);
            deployment.publish(&published.to_string()).await;
        }
        let function = deployment.function::<Me>().await;
        for vector in group["tests"].as_array().unwrap() {
            let (id, jws) = (&vector["tcId"], vector["jws"].as_str().unwrap());
            let is_valid = vector["result"] == "valid";
            if let Some(key) = &key {
                by_our_algorithms += 1;
                assert_eq!(verifies(key, jws), is_valid, "{id}: {}", vector["comment"]);
                if is_valid {
                    verified.push(id.as_u64().unwrap());
                }
            }
            // None is an access token of this service.
            let status = call(&function, me(jws)).await.status;
            assert!(matches!(status, 400 | 401), "{id}: {status}");
            ran += 1;
        }
    }
    println!(
        "{ran} vectors, {by_our_algorithms} with keys that are accepted here, of which {} verify: {verified:?}",
        verified.len()
    );
    assert_eq!(ran, 401);
    // RS256 and ES256: 262 with a signature that must not verify, and 10 with one that must.
    assert_eq!((by_our_algorithms, verified.len()), (272, 10));
}
