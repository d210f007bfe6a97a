//! What a user's e-mail addresses are, and what a change, a proof and a recovery make of them: the decisions alone, without the store.

use super::email::Email;
use super::folding::NameKey;
use crate::clock::Timestamp;
use crate::mail::Purpose;

/// How long a claim lives, in seconds.
pub(super) const CLAIM_SECONDS: u32 = 7 * 24 * 60 * 60;

/// An address that a user claims. Any number of users may claim one; the first to prove it gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The address, as typed.
    pub email: Email,
    /// When the claim is void.
    pub expires_at: Timestamp,
}

impl Claim {
    /// Reports whether it is void since another user proved the address at this time. A claim of an address that was proved before is shown
    /// like any other: else a registration would tell which addresses have users.
    pub(super) fn is_void_since(&self, proved_at: Timestamp) -> bool {
        self.expires_at <= proved_at.plus(CLAIM_SECONDS)
    }
}

/// An address that a user has proved and left. Its undo is live until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// The address, as typed.
    pub email: Email,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

/// The addresses of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The one whose marker is the user's, so that it is a name of the user.
    pub held: Option<Email>,
    /// Whether that one was proved.
    pub verified: bool,
    /// The one that the user claims.
    pub claim: Option<Claim>,
    /// Those that the user had proved and left, the oldest first.
    pub former: Vec<Former>,
}

/// How many former addresses are kept: the oldest, since a thief comes after the owner. A later one has no undo.
const MAX_FORMER: usize = 8;

impl Addresses {
    /// Returns what clients see: a claim hides the address that it may replace, for as long as it lives.
    #[must_use]
    pub fn shown(self, now: Timestamp) -> Self {
        match self.claim {
            Some(claim) if now < claim.expires_at => Self {
                held: Some(claim.email),
                ..Self::default()
            },
            _ => Self { claim: None, ..self },
        }
    }

    /// Returns the addresses of a user who asks for this one. Where addresses must be proved, it is a claim, and the one that is held stays
    /// a name until then.
    #[must_use]
    pub fn changed(self, wanted: Option<Email>, are_claims: bool, now: Timestamp) -> Self {
        let former = self.former_once_left(now);
        let Some(wanted) = wanted else {
            return Self {
                former,
                ..Self::default()
            };
        };
        let respelled = self.held.as_ref().filter(|held| held.key() == wanted.key());
        // Other spellings of one name, such as `straße` and `strasse`, may be other mailboxes.
        let is_mailbox = |held: &Email| held.as_str().eq_ignore_ascii_case(wanted.as_str());
        let is_same = respelled.is_some_and(is_mailbox);
        if is_same || (respelled.is_some() && !are_claims) {
            return Self {
                held: Some(wanted),
                verified: self.verified && is_same,
                claim: None,
                former: if is_same { self.former } else { former },
            };
        }
        if are_claims {
            let claim = Claim {
                email: wanted,
                expires_at: now.plus(CLAIM_SECONDS),
            };
            return Self {
                claim: Some(claim),
                ..self
            };
        }
        Self {
            held: Some(wanted),
            former,
            ..Self::default()
        }
    }

    /// Reports whether a change of the address is a claim even where addresses need not be proved: an address that was proved is not given up
    /// for one that may be another person's, and the account with it.
    pub fn must_claim(&self, now: Timestamp) -> bool {
        self.verified || self.live_former(now).next().is_some()
    }

    fn live_former(&self, now: Timestamp) -> impl Iterator<Item = &Former> {
        self.former.iter().filter(move |former| now < former.expires_at)
    }

    /// Returns the former addresses once the one that is held is left.
    fn former_once_left(&self, now: Timestamp) -> Vec<Former> {
        let mut former: Vec<Former> = self.live_former(now).cloned().collect();
        let left = self.held.as_ref().filter(|_| self.verified);
        if let Some(held) = left.filter(|_| former.len() < MAX_FORMER) {
            former.push(Former {
                email: held.clone(),
                expires_at: now.plus(Purpose::Undo.seconds()),
            });
        }
        former
    }

    /// Returns the addresses of a user who proves this one, as it is spelled; `None` where it is neither held nor claimed.
    pub fn proved(&self, address: &Email, now: Timestamp) -> Option<Self> {
        if self.held.as_ref() == Some(address) {
            let former = self.live_former(now).cloned().collect();
            return Some(Self {
                verified: true,
                former: before(former, address),
                ..self.clone()
            });
        }
        let claim = self.claim.as_ref().filter(|claim| now < claim.expires_at)?;
        (claim.email == *address).then(|| Self {
            held: Some(address.clone()),
            verified: true,
            claim: None,
            former: before(self.former_once_left(now), address),
        })
    }

    /// Returns the addresses of a user whose password is replaced by who reads this one's mail; `None` where it is neither held nor
    /// claimed, or where [`Addresses::restored`] refuses it.
    pub fn recovered(&self, address: &Email, now: Timestamp) -> Option<Self> {
        self.proved(address, now)?;
        self.restored(address, now)
    }

    /// Returns the addresses of a user whose account is given back to who reads this one's mail.
    ///
    /// An address that was not proved brings nothing back where the account has a proved one, or had one as long as its undo is live: a
    /// stranger's account would end in the hands of the address's owner with the stranger's way back in. A former address voids the undos
    /// of all that came after it, and of none before.
    pub fn restored(&self, address: &Email, now: Timestamp) -> Option<Self> {
        let former: Vec<Former> = self.live_former(now).cloned().collect();
        let is_former = former.iter().any(|former| former.email == *address);
        let is_proved = self.verified && self.held.as_ref() == Some(address);
        let was_proved = self.verified || !former.is_empty();
        (is_former || is_proved || !was_proved).then(|| Self {
            held: Some(address.clone()),
            verified: true,
            // What was claimed beside it is of the time before.
            claim: None,
            former: before(former, address),
        })
    }
}

/// Returns the former addresses that came before this one.
fn before(former: Vec<Former>, address: &Email) -> Vec<Former> {
    former
        .into_iter()
        .take_while(|former| former.email != *address)
        .collect()
}

/// The items of addresses that a change puts and deletes beside the user's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressItems {
    /// The marker that says that the user has proved the address.
    pub proved: Option<NameKey>,
    /// The claim that begins.
    pub claimed: Option<Claim>,
    /// The claims that end.
    pub unclaimed: Vec<NameKey>,
}

impl AddressItems {
    /// Decides which items come and go between two addresses of a user.
    pub fn between(before: &Addresses, after: &Addresses) -> Self {
        let key = |email: &Option<Email>| email.as_ref().map(Email::key);
        let claim = |addresses: &Addresses| addresses.claim.as_ref().map(|claim| claim.email.key());
        let (old, new) = (key(&before.held), key(&after.held));
        let is_newly_proved = after.verified && (old != new || !before.verified);
        let (old_claim, new_claim) = (claim(before), claim(after));
        Self {
            proved: new.filter(|_| is_newly_proved),
            claimed: after.claim.clone().filter(|_| before.claim != after.claim),
            unclaimed: old_claim
                .into_iter()
                .filter(|old| new_claim.as_ref() != Some(old))
                .collect(),
        }
    }
}
