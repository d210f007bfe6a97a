//! `latchkey explain`, on the log of a running service.

use std::fs::File;
use std::process::Stdio;

use shared::logging::{LOG_FILE, init_with_file};

use crate::running::Running;
use crate::{PASSWORD, bare, fails, printed};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_log_in_is_explained_by_its_request_id() {
    let service = Running::start().await;
    let log = service.data().join(LOG_FILE);
    // As `cargo dev` does; the one test of this process that logs.
    init_with_file(File::create(&log).unwrap());
    service.register("johndoe").await;
    let request_id = async |form: &[(&str, &str)]| {
        let response = service.log_in(form).await;
        response.headers()["apigw-requestid"].to_str().unwrap().to_owned()
    };
    let wrong = request_id(&[("username", "johndoe"), ("password", "wrong")]).await;
    let unknown = request_id(&[("username", "nobody"), ("password", PASSWORD)]).await;
    let unnamed = request_id(&[("username", "johndoe")]).await;
    for (id, expected) in [
        (&wrong, "log-in failed\n    The password of the user 01"),
        (&unknown, "log-in failed\n    No user has the name that was typed"),
        (&unnamed, "Nothing more is logged: the response says why"),
    ] {
        let explained = printed(&service.latchkey(&["explain", id]));
        assert!(explained.contains(expected), "{explained}");
        assert!(explained.contains("POST /token 40"), "{explained}");
        assert!(!explained.contains("nobody") && !explained.contains(PASSWORD));
    }
    // The same by the form of a problem document, from another file and from standard input.
    let expected = printed(&service.latchkey(&["explain", &wrong]));
    let urn = format!("urn:request:{wrong}");
    let named = service.command(&["explain", &urn, "--log", log.to_str().unwrap()]);
    let mut piped = service.command(&["explain", &urn, "--log", "-"]);
    piped.stdin(Stdio::from(File::open(&log).unwrap()));
    for mut command in [named, piped] {
        assert_eq!(printed(&command.output().unwrap()), expected);
    }
    fails(
        &service.latchkey(&["explain", "01JD"]),
        "has this id. A request that succeeded may leave none",
    );
}

#[test]
fn a_log_that_is_not_there_and_what_is_no_id_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let missing = bare(&["explain", "01JD", "--data-dir", data]).output().unwrap();
    fails(
        &missing,
        "start `cargo dev`, or name a file of log lines by --log",
    );
    for id in ["", "a\" || true", "a b"] {
        let rejected = bare(&["explain", id]).output().unwrap();
        assert_eq!(rejected.status.code(), Some(2), "{rejected:?}");
    }
}
