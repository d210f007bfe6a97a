//! Who has and who claims an address, and the writes that prove one, or give an account back to the owner of its address.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::accounts::{Standing, when_addresses_are, when_profile_is, write_profile};
use super::mail::Announcements;
use super::transaction::Part;
use super::{Users, Wanted, end_log_ins, raise, when_of_generation};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::http::client::Network;
use crate::mail::{MailToken, Outgoing, spend};
use crate::passwords::StoredHash;
use crate::table::change::Change;
use crate::table::item::{flag, optional_number, text};
use crate::table::{ROUNDS, contended, unavailable};
use crate::throttle::names;
use crate::users::addresses::AddressItems;
use crate::users::email::Email;
use crate::users::folding::NameKey;
use crate::users::item;
use crate::users::renaming::Renaming;
use crate::users::user::{Account, User, UserId};

/// How many claims of one address a mail lists: the newest.
const MAX_CLAIMS: usize = 10;
/// How many items are read for them: some have expired and are not deleted yet.
const MAX_READ: i32 = 100;

/// Who has and who claims an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressed {
    /// The user whose marker it is.
    pub owner: Option<UserId>,
    /// Whether that user has proved it, so that every claim is void.
    pub proved: bool,
    /// The users who claim it, the newest first.
    pub claimants: Vec<UserId>,
}

/// A token that a client has presented, and its text.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// What the token is bound to.
    pub token: &'a MailToken,
    /// The token itself.
    pub text: &'a str,
}

/// The marker of an address.
struct Marker {
    user: UserId,
    /// Whether that user has proved it.
    proved: bool,
    proved_at: Option<Timestamp>,
}

/// What a token does.
struct Redemption<'a> {
    /// The user as it was read.
    user: &'a User,
    /// The user as it will be.
    written: User,
    /// The condition, and what else changes of the user's item.
    change: Change,
    /// What else is written.
    rest: Vec<(Part, TransactWriteItem)>,
    mails: &'a [Outgoing],
}

impl Users {
    /// Returns who has and who claims an address; one read, and one more where it is not proved.
    pub async fn addressed(&self, address: &NameKey, now: Timestamp) -> Result<Addressed, Error> {
        let (owner, proved) = match self.marker(address).await? {
            Some(marker) => (Some(marker.user), marker.proved),
            None => (None, false),
        };
        let claimants = if proved {
            Vec::new()
        } else {
            self.claimants(address, now).await?
        };
        Ok(Addressed {
            owner,
            proved,
            claimants,
        })
    }

    async fn claimants(&self, address: &NameKey, now: Timestamp) -> Result<Vec<UserId>, Error> {
        let found = self
            .table
            .client()
            .query()
            .table_name(self.table.name())
            .consistent_read(true)
            .key_condition_expression("pk = :claims")
            .filter_expression("expires_at > :now")
            .expression_attribute_values(":claims", AttributeValue::S(item::claims_of(address)))
            .expression_attribute_values(":now", AttributeValue::N(now.unix().to_string()))
            .scan_index_forward(false)
            .limit(MAX_READ)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        let claims = found.items.unwrap_or_default();
        let ids = claims
            .iter()
            .take(MAX_CLAIMS)
            .map(|claim| text(claim, "user_id").map(UserId::known));
        ids.collect()
    }

    /// Returns a user without a claim that is void since another user proved the address. It costs a read where there is a live claim.
    pub async fn without_void_claim(&self, user: User, now: Timestamp) -> Result<User, Error> {
        let Some(claim) = user.claim.as_ref().filter(|claim| now < claim.expires_at) else {
            return Ok(user);
        };
        let marker = self.marker(&claim.email.key()).await?;
        let is_void = marker.is_some_and(|marker| {
            marker.user != user.id && marker.proved_at.is_some_and(|at| claim.is_void_since(at))
        });
        Ok(User {
            claim: user.claim.filter(|_| !is_void),
            ..user
        })
    }

    /// Returns the marker of an address; one read.
    async fn marker(&self, address: &NameKey) -> Result<Option<Marker>, Error> {
        let attributes = &["user_id", item::VERIFIED, item::PROVED_AT];
        let found = self.table.get(item::name_key(address), attributes).await?;
        let Some(found) = found else { return Ok(None) };
        Ok(Some(Marker {
            user: UserId::known(text(&found, "user_id")?),
            proved: flag(&found, item::VERIFIED)?,
            proved_at: optional_number(&found, item::PROVED_AT)?.map(Timestamp::from_unix),
        }))
    }

    /// Proves the address of a token, which is spent in the same transaction. Returns the user as written, or `None` where the user is no
    /// longer as it was read.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidMailToken`] where the token is of no use: it was spent, the address is neither the user's nor claimed, another user has
    /// proved it, or the credentials are of another generation.
    pub async fn prove(
        &self,
        presented: Presented<'_>,
        user: &User,
        standing: Standing<'_>,
        mails: &[Outgoing],
        now: Timestamp,
    ) -> Result<Option<User>, Error> {
        let address = address_of(presented.token);
        let after = user
            .addresses()
            .proved(&address, now)
            .ok_or(Error::InvalidMailToken)?;
        let written = User {
            updated_at: now,
            ..user.clone().with_addresses(after)
        };
        let mut change = Change::default();
        let [_, email, ..] = item::profile_attributes(&user.profile);
        when_profile_is(&mut change, &[email], standing);
        when_addresses_are(&mut change, &user.addresses());
        if let Some(generation) = presented.token.generation {
            when_of_generation(&mut change, generation);
        }
        let redemption = Redemption {
            user,
            written,
            change,
            rest: Vec::new(),
            mails,
        };
        self.redeem(presented, redemption, now).await
    }

    /// Replaces the password of the user of a token, which is spent in the same transaction: all sessions, log-ins under way and API keys
    /// end, and the address is proved. Returns the user as written, or `None` where the user is no longer as it was read.
    ///
    /// # Errors
    ///
    /// As [`Users::prove`].
    pub async fn recover(
        &self,
        presented: Presented<'_>,
        account: &Account,
        new: &StoredHash,
        network: &Network,
        mails: &[Outgoing],
        now: Timestamp,
    ) -> Result<Option<User>, Error> {
        let (token, user) = (presented.token, &account.user);
        let after = account.recovered_by(token, now).ok_or(Error::InvalidMailToken)?;
        let written = User {
            updated_at: now,
            ..user.clone().with_addresses(after)
        };
        let mut change = Change::default();
        let [_, email, ..] = item::profile_attributes(&user.profile);
        when_profile_is(
            &mut change,
            &[email],
            Standing::Generation(account.credential_generation),
        );
        when_addresses_are(&mut change, &user.addresses());
        let hash = change.text(new.as_str());
        change.set(format!("password_hash = {hash}"));
        end_log_ins(&mut change);
        remember(&mut change, network, now);
        raise(&mut change, item::RECOVERIES);
        let redemption = Redemption {
            user,
            written,
            change,
            rest: vec![(Part::Rest, self.end_api_keys(&user.id)?)],
            mails,
        };
        self.redeem(presented, redemption, now).await
    }

    /// Spends a token together with what it does.
    async fn redeem(
        &self,
        presented: Presented<'_>,
        redemption: Redemption<'_>,
        now: Timestamp,
    ) -> Result<Option<User>, Error> {
        let Redemption {
            user,
            written,
            mut change,
            rest,
            mails,
        } = redemption;
        write_profile(&mut change, &written);
        let time = change.text(now.to_string());
        change.set(format!("updated_at = {time}"));
        change.remove(item::EXPIRES_AT);
        let items = AddressItems::between(&user.addresses(), &written.addresses());
        let freed = Renaming::between(&user.profile, &written.profile).removed;
        let mut announcements = Announcements::new(mails);
        for _ in 0..ROUNDS {
            let own = change.clone();
            let own = own.into_update(&self.table, item::user_key(user.id.as_str()))?;
            let (token, spent) = spend(presented.text, now);
            let mut writes = vec![
                (Part::User, own),
                (Part::Token, spent.into_update(&self.table, token)?),
            ];
            if let Some(address) = &items.proved {
                writes.extend(self.take_over(address, &user.id, now).await?);
            }
            writes.extend(self.free_names(&freed, &user.id)?);
            writes.extend(self.claim_parts(&items, &user.id)?);
            writes.extend(rest.clone());
            writes.extend(announcements.parts(self)?);
            let Some(refused) = self.transact(writes).await? else {
                return Ok(Some(written));
            };
            let is_refused = |part| refused.by(&part).is_some();
            if is_refused(Part::Token) {
                return Err(Error::InvalidMailToken);
            }
            if is_refused(Part::User) {
                return Ok(None);
            }
            // A marker that has changed since is read again.
            announcements.learn(&refused);
        }
        Err(contended())
    }

    /// Returns the parts that make an address the proved one of a user, and take it from one who has it and has not proved it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidMailToken`] where another user has proved it.
    async fn take_over(
        &self,
        address: &NameKey,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Vec<(Part, TransactWriteItem)>, Error> {
        let marker = self.marker(address).await?.filter(|marker| marker.user != *user);
        let mut change = Change::default();
        let mut parts = Vec::new();
        match marker {
            Some(marker) if marker.proved => return Err(Error::InvalidMailToken),
            Some(marker) => {
                let loser = change.text(marker.user.as_str());
                change.when(format!("user_id = {loser}"));
                change.when(format!("attribute_not_exists({})", item::VERIFIED));
                parts.extend(self.taken_from(address, &marker.user, now).await?);
            }
            None => {
                let own = change.text(user.as_str());
                change.when(format!("attribute_not_exists(pk) OR user_id = {own}"));
            }
        }
        let (user, now) = (change.text(user.as_str()), change.number(now.unix()));
        let yes = change.value(AttributeValue::Bool(true));
        change.set(format!("user_id = {user}"));
        change.set(format!("{} = {yes}", item::VERIFIED));
        change.set(format!("{} = {now}", item::PROVED_AT));
        let marked = change.into_update(&self.table, item::name_key(address))?;
        parts.push((Part::Proved, marked));
        Ok(parts)
    }

    /// Returns the part that takes an address from a user; none where that user is gone or has another one.
    async fn taken_from(
        &self,
        address: &NameKey,
        loser: &UserId,
        now: Timestamp,
    ) -> Result<Option<(Part, TransactWriteItem)>, Error> {
        let account = self.find(loser.as_str(), Wanted::None).await?;
        let email = account.and_then(|account| account.user.profile.email);
        let Some(email) = email.filter(|email| email.key() == *address) else {
            return Ok(None);
        };
        let mut change = Change::default();
        let email = change.text(email.as_str());
        change.when(format!("email = {email}"));
        change.remove("email");
        let now = change.text(now.to_string());
        change.set(format!("updated_at = {now}"));
        let update = change.into_update(&self.table, item::user_key(loser.as_str()))?;
        Ok(Some((Part::Loser, update)))
    }

    /// Returns the parts that put the claim that begins and delete those that end.
    pub(super) fn claim_parts(
        &self,
        items: &AddressItems,
        user: &UserId,
    ) -> Result<Vec<(Part, TransactWriteItem)>, Error> {
        let mut parts = Vec::new();
        if let Some(claim) = &items.claimed {
            parts.push((Part::Rest, self.put(item::from_claim(claim, user))?));
        }
        for address in &items.unclaimed {
            let key = item::claim_key(address, user.as_str());
            parts.push((Part::Rest, Change::default().into_delete(&self.table, key)?));
        }
        Ok(parts)
    }
}

/// Remembers the network of a recovery as one that logged in, and forgets its failures, so that guesses at the former password do not delay
/// a log-in by the new one.
fn remember(change: &mut Change, network: &Network, now: Timestamp) {
    let zero = change.number(0);
    let network = network.as_str();
    change.set(format!("{} = {zero}", names::IN_A_ROW));
    let weight = change.name(names::weight(network));
    change.set(format!("{weight} = {zero}"));
    let (logged_in, now) = (
        change.name(names::logged_in_at(network)),
        change.number(now.unix().saturating_mul(1000)),
    );
    change.set(format!("{logged_in} = {now}"));
    for name in [names::attempts(network), names::attempted_at(network)] {
        let name = change.name(name);
        change.remove(name);
    }
}

/// Returns the address that a token is bound to.
fn address_of(token: &MailToken) -> Email {
    Email::from_store(token.address.clone())
}
