//! What a refresh token is made of, and what a thief of a part can do.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use shared::clock::Timestamp;
use shared::keys::{Ring, SessionKey};
use shared::sessions::RefreshToken;
use testing::rings::shared_ring;

use super::sessions::{AFTER_THE_WINDOW, Fixture, is_rejected, log_in_now, refresh, refresh_token};

#[tokio::test]
async fn t_20_a_token_is_256_random_bits_in_a_seal_and_its_digest_alone_is_stored() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let (first, other) = (log_in_now(&function).await, log_in_now(&function).await);
    fixture.time.pass(AFTER_THE_WINDOW);
    let second = refresh_token(&refresh(&function, &first).await);
    let key = &Ring::parse(shared_ring()).unwrap().session_keys[0];
    let session = RefreshToken::open(&second, key).unwrap().session;
    let item = fixture.item().await;
    let stored = item["sessions"]["M"][&session]["M"].clone();
    let digest = |token: &str| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
        json!({"B": STANDARD.encode(digest)})
    };
    assert_eq!(stored["token"], digest(&second));
    assert_eq!(stored["previous"], digest(&first));
    for token in [&first, &second, &other] {
        assert!(token.len() <= 512 && !item.to_string().contains(token.as_str()));
        assert!(
            token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        for readable in [session.as_bytes(), fixture.user.as_bytes(), b"johndoe"] {
            assert!(!bytes.windows(readable.len()).any(|window| window == readable));
        }
        // The id of the key is all that two tokens share.
        assert_eq!(bytes[..8], URL_SAFE_NO_PAD.decode(&first).unwrap()[..8]);
        assert_eq!(
            bytes.len(),
            8 + 12 + 26 + 8 + 8 + 4 + 32 + fixture.user.len() + 16
        );
    }
}

#[tokio::test]
async fn s_07_a_part_of_what_a_successor_is_made_of_continues_no_session() {
    let fixture = Fixture::new().await;
    let function = fixture.function().await;
    let first = log_in_now(&function).await;
    fixture.time.pass(AFTER_THE_WINDOW);
    let second = refresh_token(&refresh(&function, &first).await);
    let key = &Ring::parse(shared_ring()).unwrap().session_keys[0];
    let spent = RefreshToken::open(&first, key).unwrap();
    let item = fixture.item().await;
    let stored = &item["sessions"]["M"][&spent.session]["M"];
    let salt = STANDARD.decode(stored["salt"]["B"].as_str().unwrap()).unwrap();
    let salt: [u8; 32] = salt.try_into().unwrap();
    let now = fixture.time.now();
    let made = spent.successor(&salt, now, key).unwrap();
    assert_eq!(made.as_str(), second, "all three together make it");

    let other_key = SessionKey::generate(Timestamp::from_unix(0)).unwrap();
    let by_table_and_spent_token = spent.successor(&salt, now, &other_key).unwrap();
    let by_keys_and_spent_token = spent.successor(&[0; 32], now, key).unwrap();
    let by_table_and_keys =
        RefreshToken::first(&fixture.user, &spent.session, spent.created_at, key).unwrap();
    for forged in [
        by_table_and_spent_token,
        by_keys_and_spent_token,
        by_table_and_keys,
    ] {
        is_rejected(&refresh(&function, forged.as_str()).await);
        assert_eq!(fixture.item().await, item, "and ends nothing");
    }
    assert_eq!(refresh_token(&refresh(&function, &second).await), second);
}
