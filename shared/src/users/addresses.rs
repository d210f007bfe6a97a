//! What a user's e-mail addresses are, and what a change, a proof and a recovery make of them: the decisions alone, without the store.

use super::email::Email;
use super::folding::NameKey;
use crate::clock::Timestamp;

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

/// The addresses of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The one whose marker is the user's, so that it is a name of the user.
    pub held: Option<Email>,
    /// Whether that one was proved.
    pub verified: bool,
    /// The one that the user claims.
    pub claim: Option<Claim>,
}

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
        let Some(wanted) = wanted else {
            return Self::default();
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
            ..Self::default()
        }
    }

    /// Returns the addresses of a user who proves this one, as it is spelled; `None` where it is neither held nor claimed.
    pub fn proved(&self, address: &Email, now: Timestamp) -> Option<Self> {
        if self.held.as_ref() == Some(address) {
            return Some(Self {
                verified: true,
                ..self.clone()
            });
        }
        let claim = self.claim.as_ref().filter(|claim| now < claim.expires_at)?;
        (claim.email == *address).then(|| Self::restored(address.clone()))
    }

    /// Returns the addresses of a user whose password is replaced by who reads this one's mail; `None` where it is neither held nor
    /// claimed. A claim counts only where no address was proved: else a stranger's claim would end in the hands of the address's owner
    /// with the stranger's way back in.
    pub fn recovered(&self, address: &Email, now: Timestamp) -> Option<Self> {
        if self.held.as_ref() != Some(address) && self.verified {
            return None;
        }
        // What was claimed beside it is of the time before.
        self.proved(address, now).map(|proved| Self {
            claim: None,
            ..proved
        })
    }

    /// Returns the addresses of a user whose change of this one is undone.
    #[must_use]
    pub fn restored(address: Email) -> Self {
        Self {
            held: Some(address),
            verified: true,
            claim: None,
        }
    }

    /// Returns the addresses of a user after another one has proved this one.
    #[must_use]
    pub fn lost(&self, address: &NameKey) -> Self {
        if self
            .claim
            .as_ref()
            .is_some_and(|claim| claim.email.key() == *address)
        {
            return Self {
                claim: None,
                ..self.clone()
            };
        }
        Self {
            held: None,
            ..self.clone()
        }
    }
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
