//! What each client does next, and what it knows afterwards.

use serde_json::{Value, json};
use testing::deployment::Answer;
use testing::event::{Event, me, register};

use super::{Account, NAMES, Session, Slot, World, is_open};

impl World {
    /// Lets a client make its next request, and a few more where that is what clients do.
    pub(super) async fn step(&self, slot: &mut Slot) {
        let Slot { random, account } = slot;
        let Some(known) = account else {
            *account = self.registered(random).await;
            return;
        };
        if known.session.is_none() {
            if !self.logged_in(known).await {
                *account = None;
            }
            return;
        }
        match random.u32(0..100) {
            0..25 => self.reads(known).await,
            25..50 => self.refreshes(known, random).await,
            50..65 => self.changes(known, random).await,
            65..75 => self.changes_password(known, random).await,
            75..80 => self.ends_others(known).await,
            80..87 => self.logs_out(known, random).await,
            87..92 => known.session = None,
            92..96 => {
                let answer = self.log_in(&known.names[0], "a wrong password").await;
                assert!(matches!(answer.status, 401 | 429 | 503), "{answer:?}");
            }
            _ => {
                if self.deletes(known).await {
                    *account = None;
                }
            }
        }
    }

    async fn registered(&self, random: &mut fastrand::Rng) -> Option<Account> {
        let name = format!("user{}", random.usize(0..NAMES));
        let password = format!("correct horse {}", random.u32(..));
        let body = json!({"username": name, "password": password});
        let answer = self.send(&self.register, register(&body)).await;
        assert!(matches!(answer.status, 201 | 409 | 429 | 503), "{answer:?}");
        (answer.status == 201).then(|| Account {
            id: answer.body["id"].as_str().unwrap().to_owned(),
            names: vec![name],
            full_names: vec![None],
            passwords: vec![password],
            may_be_gone: false,
            session: None,
        })
    }

    /// Logs in by one of the names and passwords that the account may have; `false` where it turns out to be deleted.
    pub(super) async fn logged_in(&self, account: &mut Account) -> bool {
        let mut is_decided = true;
        for name in &account.names {
            for password in &account.passwords {
                let answer = self.log_in(name, password).await;
                if answer.status == 200 {
                    let text = |member: &str| answer.body[member].as_str().unwrap().to_owned();
                    let access = text("access_token");
                    // The name may be another user's by now, but not with this password.
                    assert_eq!(testing::forge::claims(&access)["sub"], account.id);
                    account.session = Some(Session {
                        access,
                        refresh: text("refresh_token"),
                        since: self.time.now().unix(),
                        is_uncertain: false,
                    });
                    return true;
                }
                assert!(matches!(answer.status, 401 | 429 | 503), "{answer:?}");
                is_decided &= answer.status == 401;
            }
        }
        if is_decided {
            assert!(
                account.may_be_gone,
                "no acknowledged password of {:?} is right",
                account.names
            );
        }
        !is_decided
    }

    /// Takes a 401 of a request with an access token: the session has expired, is too old for the request, or may have ended.
    fn is_out(&self, account: &mut Account, answer: &Answer) -> bool {
        if answer.status != 401 {
            return false;
        }
        let session = account.session.take().unwrap();
        let age = self.time.now().unix() - session.since;
        let is_old = age
            >= if answer.body["error"] == "insufficient_user_authentication" {
                300
            } else {
                1_800
            };
        assert!(
            is_old || session.is_uncertain || account.may_be_gone,
            "a session of {age} s was lost: {answer:?}"
        );
        true
    }

    pub(super) async fn reads(&self, account: &mut Account) {
        let access = account.session.as_ref().unwrap().access.clone();
        let answer = self.send(&self.me, me(&access)).await;
        if !self.is_out(account, &answer) && !is_open(&answer) {
            account.is_shown(&answer.body);
        }
    }

    /// Refreshes twice at once, as two tabs do, and again while the store is unavailable.
    async fn refreshes(&self, account: &mut Account, random: &mut fastrand::Rng) {
        let session = account.session.as_mut().unwrap();
        let token = session.refresh.clone();
        let mut answer = if random.bool() {
            futures_util::join!(self.refresh(&token), self.refresh(&token)).0
        } else {
            self.refresh(&token).await
        };
        for _ in 0..4 {
            if !is_open(&answer) {
                break;
            }
            answer = self.refresh(&token).await;
        }
        match answer.status {
            200 => {
                session.access = answer.body["access_token"].as_str().unwrap().to_owned();
                session.refresh = answer.body["refresh_token"].as_str().unwrap().to_owned();
                session.is_uncertain = false;
            }
            503 | 429 => session.is_uncertain = true,
            status => {
                assert_eq!(status, 400, "{answer:?}");
                assert!(
                    session.is_uncertain || account.may_be_gone,
                    "a healthy client was logged out"
                );
                account.session = None;
            }
        }
    }

    async fn changes(&self, account: &mut Account, random: &mut fastrand::Rng) {
        let access = account.session.as_ref().unwrap().access.clone();
        let is_name = random.bool();
        let text = format!("user{}", random.usize(0..NAMES));
        let body = if is_name {
            json!({"username": text})
        } else {
            json!({"full_name": text})
        };
        let answer = self.me("PATCH", "/users/me", &access, &body).await;
        if self.is_out(account, &answer) {
            return;
        }
        match answer.status {
            200 if is_name => account.names = vec![text],
            200 => account.full_names = vec![Some(text)],
            409 if is_name => {}
            status => {
                assert!(matches!(status, 503 | 429), "{answer:?}");
                if is_name {
                    account.names.push(text);
                } else {
                    account.full_names.push(Some(text));
                }
            }
        }
        if answer.status == 200 {
            account.is_shown(&answer.body);
        }
    }

    async fn changes_password(&self, account: &mut Account, random: &mut fastrand::Rng) {
        let access = account.session.as_ref().unwrap().access.clone();
        let new = format!("battery horse {}", random.u32(..));
        let body = json!({"current_password": account.passwords[0], "new_password": new});
        let answer = self.me("PUT", "/users/me/password", &access, &body).await;
        if self.is_out(account, &answer) {
            return;
        }
        match answer.status {
            204 => account.passwords = vec![new],
            // The present one is another of those that it may be.
            422 if account.passwords.len() > 1 => account.passwords.rotate_left(1),
            status => {
                assert!(matches!(status, 503 | 429), "{answer:?}");
                account.passwords.push(new);
            }
        }
    }

    async fn ends_others(&self, account: &mut Account) {
        let access = account.session.as_ref().unwrap().access.clone();
        let event = Event::new("DELETE", "/sessions").bearer(&access);
        let answer = self.send(&self.sessions, event).await;
        if !self.is_out(account, &answer) {
            assert!(matches!(answer.status, 204 | 503), "{answer:?}");
        }
    }

    async fn logs_out(&self, account: &mut Account, random: &mut fastrand::Rng) {
        let session = account.session.take().unwrap();
        let answer = if random.bool() {
            let form = format!("token={}", session.refresh);
            self.send(&self.token, Event::new("POST", "/revoke").form(&form))
                .await
        } else {
            let sid = testing::forge::claims(&session.access)["sid"].clone();
            let event = Event::with_id("DELETE", "/sessions/{id}", sid.as_str().unwrap());
            self.send(&self.sessions, event.bearer(&session.access)).await
        };
        if matches!(answer.status, 200 | 204) {
            self.ended.borrow_mut().push((session.refresh, session.access));
        } else {
            account.session = Some(session);
            if !self.is_out(account, &answer) {
                assert!(matches!(answer.status, 503 | 429), "{answer:?}");
                account.session = None;
            }
        }
    }

    /// Returns whether the account is known to be gone.
    async fn deletes(&self, account: &mut Account) -> bool {
        let access = account.session.as_ref().unwrap().access.clone();
        let answer = self.me("DELETE", "/users/me", &access, &Value::Null).await;
        if self.is_out(account, &answer) {
            return false;
        }
        if answer.status == 204 {
            self.deleted.borrow_mut().push(account.id.clone());
            return true;
        }
        assert!(is_open(&answer), "{answer:?}");
        account.may_be_gone = true;
        false
    }
}

impl Account {
    fn is_shown(&self, user: &Value) {
        assert_eq!(user["id"], self.id);
        assert!(
            self.names.iter().any(|name| user["username"] == **name),
            "{user}: {:?} was acknowledged",
            self.names
        );
        assert!(
            self.full_names
                .iter()
                .any(|name| user["full_name"] == json!(name)),
            "{user}: {:?} was acknowledged",
            self.full_names
        );
    }
}
