//! The mails that writes announce, and those that clients ask for.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::Users;
use super::networks::{Counter, Networks};
use super::transaction::{Part, Refused};
use crate::error::Error;
use crate::http::client::Network;
use crate::mail::{Mail, Occasion, Outgoing};
use crate::table::change::{Change, Written};
use crate::table::item::{Item, Key};
use crate::table::{ROUNDS, contended};
use crate::users::folding::NameKey;
use crate::users::item;
use crate::users::user::UserId;

impl Users {
    /// Puts a mail into the outbox that a client asked for, whether or not the address has a user; one transaction, always the same.
    ///
    /// # Errors
    ///
    /// [`Error::Throttled`] where the network has asked for too many, or too many were asked for to this address.
    pub async fn ask_for_mail(
        &self,
        asked: &Outgoing,
        networks: &Networks,
        network: &Network,
        now: i64,
    ) -> Result<(), Error> {
        let counters = [
            (Part::NetworkCounter, networks.counter(network)),
            (Part::AddressCounter, counter(asked)),
        ];
        let mut found: [Option<Item>; 2] = [None, None];
        for _ in 0..ROUNDS {
            let mut writes = vec![(Part::Rest, self.put_new(asked.mail.encode())?)];
            for ((part, counter), found) in counters.iter().zip(&found) {
                writes.push((part.clone(), counter.part(&self.table, found.as_ref(), now)?));
            }
            let Some(refused) = self.transact(writes).await? else {
                return Ok(());
            };
            for ((part, _), found) in counters.iter().zip(&mut found) {
                if let Some(Some(item)) = refused.by(part) {
                    *found = Some(item.clone());
                }
            }
        }
        Err(contended())
    }

    /// Sends a conditional update of a user's item in one transaction with the mails that announce it.
    pub(super) async fn update_announced(
        &self,
        id: &UserId,
        change: Change,
        mails: &[Outgoing],
    ) -> Result<Written, Error> {
        if mails.is_empty() {
            return self.update(id, change).await;
        }
        let mut announcements = Announcements::new(mails);
        for _ in 0..ROUNDS {
            let own = change.clone();
            let own = own.into_update(&self.table, item::user_key(id.as_str()))?;
            let mut writes = vec![(Part::User, own)];
            writes.extend(announcements.parts(self)?);
            let Some(refused) = self.transact(writes).await? else {
                return Ok(Written::Done(None));
            };
            if let Some(found) = refused.by(&Part::User) {
                return Ok(Written::Refused(found.cloned()));
            }
            announcements.learn(&refused);
        }
        Err(contended())
    }
}

/// Returns the counter of mails of this kind to an address.
fn counter(outgoing: &Outgoing) -> Counter {
    let Mail { to, occasion, .. } = &outgoing.mail;
    let address = NameKey::of(to);
    let address = address.as_ref().map_or(to.as_str(), NameKey::as_str);
    let sort_key = match occasion {
        // Each apart, so that a stranger who asks for one kind keeps no one from another.
        Occasion::Claimed { .. } => "claims",
        Occasion::ProofAsked => "proofs",
        Occasion::ResetAsked => "resets",
        // Apart, so that a thief who creates API keys suppresses no way back.
        Occasion::AddressChanged { .. } => "changes",
        Occasion::PasswordChanged { .. } | Occasion::ApiKeyCreated { .. } | Occasion::NewNetwork { .. } => {
            "notices"
        }
    };
    Counter {
        key: Key::new(format!("address#{address}"), sort_key),
        limit: outgoing.limit,
    }
}

/// The mails of a write that does not depend on them: where an address has had too many, its mail is left out.
pub(super) struct Announcements<'a> {
    mails: Vec<Announcement<'a>>,
}

struct Announcement<'a> {
    outgoing: &'a Outgoing,
    /// The counter that refused the mail.
    found: Option<Item>,
}

impl<'a> Announcements<'a> {
    pub(super) fn new(mails: &'a [Outgoing]) -> Self {
        let mails = mails.iter().map(|outgoing| Announcement {
            outgoing,
            found: None,
        });
        Self {
            mails: mails.collect(),
        }
    }

    /// Returns the parts of a transaction that count the mails and put them into the outbox.
    pub(super) fn parts(&mut self, users: &Users) -> Result<Vec<(Part, TransactWriteItem)>, Error> {
        let mut parts = Vec::new();
        let mut sent = Vec::new();
        for announcement in std::mem::take(&mut self.mails) {
            let Outgoing { mail, .. } = announcement.outgoing;
            let now = mail.made_at.unix().saturating_mul(1000);
            let found = announcement.found.as_ref();
            match counter(announcement.outgoing).part(&users.table, found, now) {
                Ok(counter) => {
                    parts.push((Part::Announced(mail.id.clone()), counter));
                    parts.push((Part::Rest, users.put_new(mail.encode())?));
                    sent.push(announcement);
                }
                Err(Error::Throttled(_)) => {
                    tracing::warn!(
                        mail_id = mail.id,
                        "too many mails to one address: this one is not sent"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        self.mails = sent;
        Ok(parts)
    }

    /// Notes which counters refused their mails. Returns `false` where none did.
    pub(super) fn learn(&mut self, refused: &Refused) -> bool {
        let mut has_learnt = false;
        for announcement in &mut self.mails {
            let part = Part::Announced(announcement.outgoing.mail.id.clone());
            if let Some(Some(item)) = refused.by(&part) {
                announcement.found = Some(item.clone());
                has_learnt = true;
            }
        }
        has_learnt
    }
}
