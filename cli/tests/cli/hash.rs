//! `latchkey hash`.

use std::io::Write;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Instant;

use shared::passwords::{HashCost, Hasher, Password, StoredHash, Verdict};

use crate::{PASSWORD, bare, fails, printed};

fn hash(typed: &[u8]) -> Output {
    let mut child = bare(&["hash"])
        .envs([("ARGON2_MEMORY_KIB", "7168"), ("ARGON2_ITERATIONS", "1")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(typed).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn a_password_is_hashed_at_todays_cost_without_the_end_of_its_line() {
    for end in ["", "\n", "\r\n"] {
        let printed = printed(&hash(format!("{PASSWORD}{end}").as_bytes()));
        let stored = printed.strip_suffix('\n').unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=7168,t=1,p=1$"), "{stored}");
        let cost = HashCost {
            memory_kib: 7168,
            iterations: 1,
            parallelism: 1,
        };
        let hasher = Hasher::new(cost);
        let turn = hasher.turn(Instant::now()).await.unwrap();
        let password = Arc::new(Password::attempt(PASSWORD.to_owned()).unwrap());
        let stored = StoredHash::from_store(stored.to_owned());
        let verdict = hasher.verify(turn, password, Some(stored)).await.unwrap();
        assert!(matches!(verdict, Verdict::Right { renew: false }), "{verdict:?}");
    }
}

#[test]
fn a_password_that_nobody_could_choose_is_rejected() {
    let long = "x".repeat(5000);
    for (typed, said) in [
        (&b""[..], "at least 8 characters"),
        (b"short\n", "at least 8 characters"),
        (b"password1\n", "common"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff", "cannot be read"),
        (long.as_bytes(), "at most 1024 bytes"),
    ] {
        let failed = hash(typed);
        fails(&failed, said);
        assert!(failed.stdout.is_empty());
    }
}
