//! The time of asking for a mail, and of registering an address that must be proved, for an address that a user has proved beside one that
//! no one has.

use std::hint::spin_loop;
use std::time::{Duration, Instant};

use recovery::Recovery;
use register::Register;
use serde_json::json;
use testing::deployment::{Deployment, MAIL_FROM, call};
use testing::event::Event;

use crate::fixture::PASSWORD;
use crate::one_time::MILLISECOND;
use crate::ranks::Comparison;
use crate::record::Record;

const KNOWN: &str = "johndoe@example.com";
const UNKNOWN: &str = "jane@example.com";

pub(crate) async fn measure(pairs: u32, record: &mut Record) {
    let deployment = Deployment::start()
        .await
        .with("MAIL_FROM", MAIL_FROM)
        .with("REQUIRE_VERIFIED_EMAIL", "true")
        .with("ADDRESS_MAILS", "100000")
        .with("NETWORK_MAILS", "100000")
        .with("NETWORK_REGISTRATIONS", "100000");
    let id = deployment.user("johndoe", PASSWORD).await;
    let table = deployment.table();
    table.set(&id, "email", json!({"S": KNOWN})).await;
    table.set(&id, "email_verified", json!({"BOOL": true})).await;
    let marker = json!({"pk": {"S": format!("email#{KNOWN}")}, "sk": {"S": "name"}, "user_id": {"S": id}, "email_verified": {"BOOL": true}});
    table.put(marker).await;
    let recovery: Recovery = deployment.function().await;
    let register: Register = deployment.function().await;
    let mut users = 0;
    for path in ["/forgot-password", "/request-verify-token", "/register"] {
        for planted in [MILLISECOND, Duration::ZERO] {
            let mut comparison = Comparison::default();
            // The first two fill caches and connections.
            for turn in 0..pairs + 2 {
                let mut times = [Duration::ZERO; 2];
                let order = if turn % 2 == 0 { [0, 1] } else { [1, 0] };
                for which in order {
                    let started = Instant::now();
                    let delay = if which == 0 { planted } else { Duration::ZERO };
                    while started.elapsed() < delay {
                        spin_loop();
                    }
                    let email = [KNOWN, UNKNOWN][which];
                    users += 1;
                    let response = if path == "/register" {
                        let body =
                            json!({"username": format!("user{users}"), "email": email, "password": PASSWORD});
                        call(&register, Event::new("POST", path).json(&body)).await
                    } else {
                        let body = json!({"email": email});
                        call(&recovery, Event::new("POST", path).json(&body)).await
                    };
                    times[which] = started.elapsed();
                    assert!(matches!(response.status, 201 | 202), "{response:?}");
                }
                if turn >= 2 {
                    comparison.push(times[0], times[1]);
                }
            }
            if planted.is_zero() {
                comparison.print(&format!(
                    "{path}, an address that is proved / one that no one has"
                ));
                if !comparison.is_within(MILLISECOND) {
                    record.fail("not shown to be within a millisecond");
                }
            } else {
                comparison.print(&format!("{path}, a millisecond planted"));
                assert!(
                    !comparison.is_within(MILLISECOND),
                    "a planted millisecond is not seen"
                );
            }
        }
    }
}
