use super::hasher::verify_by;
use std::collections::BTreeSet;
use std::sync::Arc;

use shared::env::Env;
use shared::passwords::{HashCost, Hasher, Password, PasswordRule, StoredHash, Verdict};

pub(crate) const TODAY: HashCost = HashCost {
    memory_kib: 19_456,
    iterations: 2,
    parallelism: 1,
};
/// The row of FastAPI's tutorials: `swordfish`, bcrypt 2b, cost 12.
const TUTORIALS: &str = "$2b$12$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga";

fn attempt(text: &str) -> Arc<Password> {
    Arc::new(Password::attempt(text.to_owned()).unwrap())
}

pub(crate) async fn verify(text: &str, stored: &str) -> Verdict {
    let stored = StoredHash::from_store(stored.to_owned());
    verify_by(&Hasher::new(TODAY), attempt(text), Some(stored))
        .await
        .unwrap()
}

/// Returns what another system would have stored: bcrypt of the bytes as given, at the lowest cost.
fn bcrypt(text: &str) -> String {
    bcrypt::hash(text, 4).unwrap()
}

/// The choices of OWASP's Password Storage Cheat Sheet, which are equally strong.
const OWASPS: [(u32, u32, u32); 5] = [
    (47_104, 1, 1),
    (19_456, 2, 1),
    (12_288, 3, 1),
    (9_216, 4, 1),
    (7_168, 5, 1),
];

#[tokio::test]
async fn n_07_a_hash_is_a_phc_string_of_argon2id_by_default_as_owasp_chooses() {
    let default = HashCost::read(&Env::new(|_| None)).unwrap();
    let chosen = (default.memory_kib, default.iterations, default.parallelism);
    assert!(OWASPS.contains(&chosen), "{chosen:?}");
    assert_eq!(default, TODAY);
    let stored = Hasher::new(default)
        .hash(attempt("correct horse battery"))
        .await
        .unwrap();
    let parts: Vec<&str> = stored.as_str().split('$').collect();
    assert_eq!(&parts[..4], ["", "argon2id", "v=19", "m=19456,t=2,p=1"]);
    assert_eq!(parts[5].len(), 43, "32 bytes in base64 without padding");
}

#[tokio::test]
async fn n_06_each_hash_has_128_random_bits_of_salt_of_its_own() {
    let hasher = Hasher::new(HashCost {
        memory_kib: 7_168,
        ..TODAY
    });
    let mut salts = BTreeSet::new();
    for _ in 0..20 {
        let stored = hasher.hash(attempt("correct horse battery")).await.unwrap();
        let salt = stored.as_str().split('$').nth(4).unwrap().to_owned();
        assert_eq!(salt.len(), 22, "16 bytes in base64 without padding");
        salts.insert(salt);
    }
    assert_eq!(salts.len(), 20);
}

#[tokio::test]
async fn a_hash_of_the_reference_implementation_verifies() {
    // From argon2's own command line tool: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -v 13
    let reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert_eq!(
        verify("password", reference).await,
        Verdict::Right { renew: true },
        "its salt is short"
    );
    assert_eq!(verify("passwore", reference).await, Verdict::Wrong);
}

#[tokio::test]
async fn the_right_password_verifies_and_a_hash_of_today_is_not_renewed() {
    let hasher = Hasher::new(TODAY);
    let stored = hasher.hash(attempt("correct horse battery")).await.unwrap();
    assert_eq!(
        verify_by(&hasher, attempt("correct horse battery"), Some(stored.clone()))
            .await
            .unwrap(),
        Verdict::Right { renew: false }
    );
    assert_eq!(
        verify_by(&hasher, attempt("correct horse batterY"), Some(stored))
            .await
            .unwrap(),
        Verdict::Wrong
    );
}

#[tokio::test]
async fn n_07_a_hash_weaker_than_todays_is_to_be_renewed_and_a_stronger_one_is_not() {
    let at = |memory_kib, iterations| {
        Hasher::new(HashCost {
            memory_kib,
            iterations,
            ..TODAY
        })
    };
    for (memory, iterations, renew) in [(9_216, 2, true), (19_456, 1, true), (32_768, 3, false)] {
        let stored = at(memory, iterations).hash(attempt("password")).await.unwrap();
        assert_eq!(
            verify("password", stored.as_str()).await,
            Verdict::Right { renew }
        );
    }
}

#[tokio::test]
async fn n_03_any_characters_are_accepted_and_hashed_after_nfkc() {
    let rule = PasswordRule::read(&Env::new(|_| None)).unwrap();
    for password in [
        "only lower case",
        "73190 46285 01937",
        "pa\u{301}ssw\u{f6}rd \u{fb01}",
        "\u{1f600}\u{1f601}  \u{1f602}\u{1f603}\u{1f604}\u{1f605}",
        "        x",
    ] {
        assert!(rule.choose(password.to_owned(), []).is_ok(), "{password}");
    }
    let hasher = Hasher::new(TODAY);
    let stored = hasher.hash(attempt("pa\u{301}ssw\u{f6}rd ﬁ")).await.unwrap();
    assert_eq!(
        verify_by(&hasher, attempt("p\u{e1}sswo\u{308}rd fi"), Some(stored))
            .await
            .unwrap(),
        Verdict::Right { renew: false }
    );
}

#[tokio::test]
async fn n_02_no_password_is_cut_up_to_1024_bytes() {
    let hasher = Hasher::new(TODAY);
    let stored = hasher.hash(attempt(&"x".repeat(1024))).await.unwrap();
    assert_eq!(
        verify_by(&hasher, attempt(&format!("{}y", "x".repeat(1023))), Some(stored))
            .await
            .unwrap(),
        Verdict::Wrong
    );
}

#[tokio::test]
async fn the_tutorials_row_verifies_and_is_to_be_renewed() {
    for version in ["2a", "2b", "2y"] {
        let stored = TUTORIALS.replace("2b", version);
        assert_eq!(
            verify("swordfish", &stored).await,
            Verdict::Right { renew: true },
            "{version}"
        );
        assert_eq!(verify("Swordfish", &stored).await, Verdict::Wrong, "{version}");
    }
}

#[tokio::test]
async fn a_bcrypt_row_is_verified_as_typed_alone_and_renewed_after_nfkc() {
    let decomposed = "pa\u{301}ssword";
    let composed = "p\u{e1}ssword";
    assert_eq!(
        verify(decomposed, &bcrypt(decomposed)).await,
        Verdict::Right { renew: true }
    );
    let renewed = Hasher::new(TODAY).hash(attempt(decomposed)).await.unwrap();
    for either in [decomposed, composed] {
        assert_eq!(
            verify(either, renewed.as_str()).await,
            Verdict::Right { renew: false }
        );
    }
    for (typed, stored) in [(decomposed, composed), (composed, decomposed)] {
        assert_eq!(verify(typed, &bcrypt(stored)).await, Verdict::Wrong, "{typed:?}");
    }
}

#[tokio::test]
async fn a_bcrypt_row_is_not_renewed_by_a_password_of_72_bytes_or_more() {
    let long = "x".repeat(73);
    let exact = "x".repeat(72);
    // bcrypt never looks at the tail, nor at whether there is one.
    for (typed, stored) in [(&long, &long), (&exact, &exact), (&exact, &long), (&long, &exact)] {
        assert_eq!(
            verify(typed, &bcrypt(stored)).await,
            Verdict::Right { renew: false },
            "{typed}"
        );
    }
    let shorter = "x".repeat(71);
    assert_eq!(
        verify(&shorter, &bcrypt(&shorter)).await,
        Verdict::Right { renew: true }
    );
}

#[tokio::test]
async fn a_bcrypt_row_has_no_password_with_a_nul() {
    // bcrypt's key is the password and a NUL, over and over.
    let stored = bcrypt("secretpw");
    for typed in ["secretpw\0secretpw", "secretpw\0secretpw\0secretpw", "secretpw\0"] {
        for row in [stored.clone(), format!("bcrypt${stored}")] {
            assert_eq!(verify(typed, &row).await, Verdict::Wrong, "{typed:?}");
        }
    }
    let stored = bcrypt("");
    assert_eq!(verify("\0\0", &stored).await, Verdict::Wrong);
}

#[tokio::test]
async fn what_is_not_a_hash_that_is_read_here_matches_no_password() {
    for stored in [
        "",
        "!",
        "swordfish",
        "$argon2id$",
        "$2b$",
        "$2x$12$dQD2AD2Y.Aa8F3IliHPfk.yNESW7FZe3RmeT38K661sg/vds404ga",
        "$1$salt$hash",
    ] {
        assert_eq!(
            verify("swordfish", stored).await,
            Verdict::Unreadable,
            "{stored:?}"
        );
        assert!(StoredHash::parse(stored).is_err(), "{stored:?}");
    }
}

#[tokio::test]
async fn an_unknown_user_is_a_wrong_password() {
    assert_eq!(
        verify_by(&Hasher::new(TODAY), attempt("password"), None)
            .await
            .unwrap(),
        Verdict::Wrong
    );
}

#[test]
fn passwords_and_hashes_print_nothing() {
    assert_eq!(format!("{:?}", attempt("hunter2hunter2")), "Password(…)");
    assert_eq!(
        format!("{:?}", StoredHash::from_store(TUTORIALS.to_owned())),
        "StoredHash(…)"
    );
}
