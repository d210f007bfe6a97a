//! Log-ins and registrations of the release binaries, over the hash and the signature that they cannot avoid.

use std::path::Path;
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::Value;
use testing::rings::shared_ring;

use crate::best_hash::BestHash;
use crate::fixture::{Fixture, binaries, succeeds};
use crate::pairs::Pairs;

/// `over` is another build's binary of `token`.
pub(crate) async fn measure(fixture: &Fixture, over: Option<&Path>) {
    let binary = binaries().join("token");
    let mut token = fixture.environment(&binary).await;
    let mut other = fixture.environment(over.unwrap_or(&binary)).await;
    let mut register = fixture.environment(&binaries().join("register")).await;
    let mut best = BestHash::start(fixture.cost());
    let sign = signer(&fixture.token);
    let log_in = fixture.event("token", 0);
    let [mut to_both, mut to_hash, mut to_other, mut registrations] = <[Pairs; 4]>::default();
    for turn in 0..65 {
        // A program wipes its memory after its response, so the next one has to wait for the time of a hash.
        let registration = succeeds(&mut register, &fixture.event("register", turn)).await;
        best.hash();
        let ours = succeeds(&mut token, &log_in).await;
        let started = Instant::now();
        sign();
        let signature = started.elapsed();
        let hash = best.hash();
        let others = succeeds(&mut other, &log_in).await;
        best.hash();
        to_both.push(ours, hash + signature);
        to_hash.push(ours, hash);
        registrations.push(registration, hash);
        to_other.push(ours, others);
    }
    to_both.print("log-in / (best Argon2id + RS256)", Some(1.10));
    to_hash.print("log-in / best Argon2id", None);
    registrations.print("registration / best Argon2id", None);
    if over.is_some() {
        to_other.print("log-in / log-in of the other build", Some(0.70));
    }
}

/// Returns a signature of a token's size by a key that is kept.
pub(crate) fn signer(token: &str) -> impl Fn() {
    let token = token.to_owned();
    let document: Value = serde_json::from_str(shared_ring()).unwrap();
    let pem = pem::parse(document["keys"][0]["pem"].as_str().unwrap()).unwrap();
    let key = RsaKeyPair::from_pkcs8(pem.contents()).unwrap();
    let random = SystemRandom::new();
    move || {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &random, token.as_bytes(), &mut signature)
            .unwrap();
        std::hint::black_box(signature);
    }
}
