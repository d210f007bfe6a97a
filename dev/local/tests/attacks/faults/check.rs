//! What must be true afterwards.

use std::collections::BTreeSet;

use testing::event::me;

use super::{Slot, World};

impl World {
    /// Checks, on a store that no longer fails, all that was acknowledged.
    pub(super) async fn check(&self, slots: &mut [Slot]) {
        self.proxy.pass();
        self.time.pass(3_600);
        let table = self.deployment.table();
        let (mut markers, mut names) = (Vec::new(), Vec::new());
        for key in table.partition_keys().await {
            if key.starts_with("username#") {
                markers.push(key);
            } else if key.starts_with("user#") {
                let user = table.item(&key, "user").await;
                names.push(format!("username#{}", user["username"]["S"].as_str().unwrap()));
            }
        }
        names.sort();
        assert_eq!(
            names.iter().collect::<BTreeSet<_>>().len(),
            names.len(),
            "a name has two owners"
        );
        assert_eq!(
            markers, names,
            "names without their markers, or markers without their users"
        );
        let deleted = self.deleted.borrow().clone();
        for id in deleted {
            assert!(
                table.item(&format!("user#{id}"), "user").await.is_null(),
                "{id} was deleted"
            );
        }
        let ended = self.ended.borrow().clone();
        for (refresh, access) in &ended {
            assert_eq!(
                self.refresh(refresh).await.status,
                400,
                "an ended session was refreshed"
            );
            assert_eq!(self.send(&self.me, me(access)).await.status, 401);
        }
        for account in slots.iter_mut().filter_map(|slot| slot.account.as_mut()) {
            if account.may_be_gone {
                continue;
            }
            let user = table.item(&format!("user#{}", account.id), "user").await;
            assert!(!user.is_null(), "the user {} is lost", account.id);
            if let Some(session) = account.session.as_ref().filter(|session| !session.is_uncertain) {
                let answer = self.refresh(&session.refresh).await;
                assert_eq!(answer.status, 200, "a session is lost: {answer:?}");
            }
            account.session = None;
        }
        let accounts = slots.iter_mut().filter_map(|slot| slot.account.as_mut());
        for account in accounts.filter(|account| !account.may_be_gone) {
            // What was wrong before delays the next attempts, and of the names and passwords that may be right the first five are tried.
            for _ in 0..20 {
                assert!(self.logged_in(account).await);
                if account.session.is_some() {
                    break;
                }
                self.time.pass(86_400);
                account.names.rotate_left(1);
                account.passwords.rotate_left(1);
            }
            self.reads(account).await;
        }
    }
}
