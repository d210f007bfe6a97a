//! `latchkey keys`.

use std::collections::BTreeMap;

use shared::keys::KEYS_FILE;
use testing::secrets_manager::{SECRET, SecretsManager};

use crate::running::Running;
use crate::{bare, fails, objects, printed};

/// Returns the state of each key.
fn states(shown: &str) -> BTreeMap<&str, &str> {
    let columns = |line| {
        let columns: Vec<&str> = str::split_whitespace(line).collect();
        let [kid, _, state, _, _, _] = columns.try_into().unwrap();
        (kid, state)
    };
    shown.lines().skip(1).map(columns).collect()
}

fn of_state<'a>(shown: &'a str, state: &str) -> Vec<&'a str> {
    let all = states(shown).into_iter();
    all.filter(|(_, own)| *own == state).map(|(kid, _)| kid).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_shown_as_they_are_published_and_rotated_beside_the_service() {
    let service = Running::start().await;
    let before = printed(&service.latchkey(&["keys", "show"]));
    let mut served = service.served().await;
    served.sort();
    assert_eq!(states(&before).into_keys().collect::<Vec<_>>(), served);
    assert_eq!(of_state(&before, "signs").len(), 1, "{before}");
    let [next] = *of_state(&before, "next") else {
        panic!("{before}");
    };
    let rotated = service.latchkey(&["keys", "rotate"]);
    let after = printed(&rotated);
    let stderr = String::from_utf8_lossy(&rotated.stderr);
    assert!(
        stderr.starts_with("`cargo dev` publishes the new key by ")
            && stderr.contains("every verifier has it by "),
        "{stderr}"
    );
    assert_eq!(of_state(&after, "signs"), of_state(&before, "signs"));
    let coming = of_state(&after, "next");
    assert!(coming.len() == 2 && coming.contains(&next), "{after}");
    assert_eq!(printed(&service.latchkey(&["keys", "show"])), after);
    let objects = objects(&service.latchkey(&["keys", "show", "--output", "json"]));
    let states: Vec<&str> = objects.iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states.len(), 3, "{objects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_or_every_key_is_dropped_and_stays_away() {
    let service = Running::start().await;
    let before = printed(&service.latchkey(&["keys", "show"]));
    let [signing] = *of_state(&before, "signs") else {
        panic!("{before}");
    };
    let dropped = service.latchkey(&["keys", "drop", signing]);
    let after = printed(&dropped);
    assert!(String::from_utf8_lossy(&dropped.stderr).contains("rejects tokens of what was dropped by"));
    assert_eq!(of_state(&after, "compromised"), [signing]);
    assert_eq!(of_state(&after, "signs").len(), 1, "{after}");
    // It may be repeated, and a rotation does not bring it back.
    printed(&service.latchkey(&["keys", "drop", signing]));
    assert_eq!(
        states(&printed(&service.latchkey(&["keys", "rotate"])))[signing],
        "compromised"
    );
    let all = printed(&service.latchkey(&["keys", "drop", "--all"]));
    for kid in states(&before).keys() {
        assert_eq!(states(&all)[kid], "compromised", "{all}");
    }
    assert_eq!(of_state(&all, "signs").len(), 1, "{all}");
    fails(
        &service.latchkey(&["keys", "drop", "unknown"]),
        "no key has this kid",
    );
    for arguments in [
        &["keys", "drop"][..],
        &["keys", "drop", signing, "--all"],
        &["keys", "drop", "*"],
    ] {
        assert_eq!(
            service.latchkey(arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_what_to_start_or_to_give() {
    let service = Running::start().await;
    let rotate = |options: &[&str]| {
        let arguments = [&["keys", "rotate"], options].concat();
        bare(&arguments).output().unwrap()
    };
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().to_str().unwrap();
    // The keys of a folder belong to the DynamoDB of the `cargo dev` that has it.
    fails(
        &rotate(&["--data-dir", empty, "--endpoint", &service.dynamodb]),
        "the keys of which deployment?",
    );
    let (other, data) = (Running::start().await, service.data());
    fails(
        &rotate(&[
            "--data-dir",
            data.to_str().unwrap(),
            "--endpoint",
            &other.dynamodb,
        ]),
        "the keys of which deployment?",
    );
    fails(
        &rotate(&["--endpoint", "http://127.0.0.1:1"]),
        "nothing listens at http://127.0.0.1:1: start `cargo dev`",
    );
    std::fs::remove_file(service.data().join(KEYS_FILE)).unwrap();
    fails(
        &service.latchkey(&["keys", "rotate"]),
        "signing-keys.json is not there: put back a copy",
    );
    for (arguments, option) in [
        (&["keys", "rotate"][..], "--secret"),
        (&["keys", "drop", "--all"], "--function"),
    ] {
        let mut command = bare(arguments);
        command
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "a");
        command.env("AWS_SECRET_ACCESS_KEY", "b");
        fails(&command.output().unwrap(), &format!("Give --stack, or {option}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_manager_begins_the_rotation_of_a_deployment() {
    let service = Running::start().await;
    let secrets = SecretsManager::start().await.unwrap();
    let rotate = || {
        let mut command = service.command(&["keys", "rotate", "--secret", SECRET]);
        command.env_remove("AWS_PROFILE");
        command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets.endpoint());
        command.output().unwrap()
    };
    let begun = rotate();
    printed(&begun);
    assert!(String::from_utf8_lossy(&begun.stderr).contains("`latchkey keys show`"));
    assert_eq!(secrets.count("RotateSecret"), 1);
    secrets.set_away(true);
    fails(&rotate(), "the rotation did not begin");
}
