//! The decisions of the code about addresses, by small numbers in the place of addresses and times.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;

use shared::clock::Timestamp;
use shared::mail::{MailToken, Purpose};
use shared::scope::Scopes;
use shared::sessions::Sessions;
use shared::users::{Account, AddressItems, Addresses, Email, NameKey, Profile, Renaming, User, UserId};

use super::{Kind, Token};

/// An index of the addresses that were met: what a user's item says.
pub(super) type Known = u16;

/// What [`AddressItems`] and [`Renaming`] decide between two addresses of a user.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    pub(super) proved: Option<usize>,
    pub(super) claimed: Option<usize>,
    pub(super) unclaimed: Vec<usize>,
    pub(super) added: Vec<usize>,
    pub(super) removed: Vec<usize>,
}

/// What a user's item says of addresses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) held: Option<usize>,
    pub(super) verified: bool,
    /// The address that clients see.
    pub(super) shown: Option<usize>,
}

type Memo<K, V> = RefCell<HashMap<K, V>>;

pub(super) struct Decisions {
    emails: [Email; 2],
    known: RefCell<Vec<Addresses>>,
    changed: Memo<(Known, Option<usize>, bool, u8), Known>,
    proved: Memo<(Known, usize, u8), Option<Known>>,
    recovered: Memo<(Known, usize, Kind, Token, u8), Option<Known>>,
    items: Memo<(Known, Known), Items>,
    said: Memo<(Known, u8), Said>,
}

pub(super) fn at(day: u8) -> Timestamp {
    Timestamp::from_unix(i64::from(day) * 24 * 60 * 60)
}

/// Returns what was decided before, or decides: each decision is a pure function.
fn once<K: Eq + Hash, V: Clone>(memo: &Memo<K, V>, key: K, decide: impl FnOnce() -> V) -> V {
    if let Some(decided) = memo.borrow().get(&key) {
        return decided.clone();
    }
    let decided = decide();
    memo.borrow_mut().insert(key, decided.clone());
    decided
}

impl Decisions {
    pub(super) fn new() -> Self {
        Self {
            emails: ["owner@example.com", "squatter@example.com"].map(|typed| Email::parse(typed).unwrap()),
            known: RefCell::new(vec![Addresses::default()]),
            changed: Memo::default(),
            proved: Memo::default(),
            recovered: Memo::default(),
            items: Memo::default(),
            said: Memo::default(),
        }
    }

    fn know(&self, addresses: Addresses) -> Known {
        let mut known = self.known.borrow_mut();
        let index = known.iter().position(|known| *known == addresses);
        let index = index.unwrap_or_else(|| {
            known.push(addresses);
            known.len() - 1
        });
        Known::try_from(index).unwrap()
    }

    fn addresses(&self, known: Known) -> Addresses {
        self.known.borrow()[usize::from(known)].clone()
    }

    fn index(&self, key: &NameKey) -> usize {
        self.emails.iter().position(|email| email.key() == *key).unwrap()
    }

    pub(super) fn changed(&self, before: Known, wanted: Option<usize>, are_claims: bool, day: u8) -> Known {
        once(&self.changed, (before, wanted, are_claims, day), || {
            let wanted = wanted.map(|address| self.emails[address].clone());
            let before = self.addresses(before);
            let are_claims = are_claims || before.must_claim(at(day));
            self.know(before.changed(wanted, are_claims, at(day)))
        })
    }

    pub(super) fn proved(&self, before: Known, address: usize, day: u8) -> Option<Known> {
        once(&self.proved, (before, address, day), || {
            let proved = self.addresses(before).proved(&self.emails[address], at(day));
            proved.map(|proved| self.know(proved))
        })
    }

    /// [`Account::recovered_by`] a token to an address. The account is always of generation 1 and has been recovered once; a token that does
    /// not fit it is of before.
    pub(super) fn recovered(
        &self,
        before: Known,
        address: usize,
        kind: Kind,
        token: Token,
        day: u8,
    ) -> Option<Known> {
        once(&self.recovered, (before, address, kind, token, day), || {
            let of = u64::from(token.fits);
            let token = MailToken {
                purpose: kind.purpose(),
                user: "0".to_owned(),
                address: self.emails[address].to_string(),
                generation: matches!(kind, Kind::Prove | Kind::Reset).then_some(of),
                recoveries: (kind == Kind::UndoUnproved).then_some(of),
                expires_at: at(token.made).plus(kind.purpose().seconds()),
            };
            let user = User {
                id: UserId::known("0".to_owned()),
                profile: Profile::default(),
                email_verified: false,
                claim: None,
                former: Vec::new(),
                disabled: false,
                created_at: at(0),
                updated_at: at(0),
            };
            let account = Account {
                user: user.with_addresses(self.addresses(before)),
                credential_generation: 1,
                recoveries: 1,
                sessions: Sessions::new(),
                scopes: Scopes::default(),
            };
            let recovered = account.recovered_by(&token, at(day));
            recovered.map(|recovered| self.know(recovered))
        })
    }

    pub(super) fn items(&self, before: Known, after: Known) -> Items {
        once(&self.items, (before, after), || {
            let [before, after] = [before, after].map(|known| self.addresses(known));
            let [old, new] = [&before, &after].map(|addresses| Profile {
                email: addresses.held.clone(),
                ..Profile::default()
            });
            let indices = |keys: Vec<NameKey>| keys.iter().map(|key| self.index(key)).collect();
            let AddressItems {
                proved,
                claimed,
                unclaimed,
            } = AddressItems::between(&before, &after);
            let Renaming { added, removed } = Renaming::between(&old, &new);
            Items {
                proved: proved.map(|key| self.index(&key)),
                claimed: claimed.map(|claim| self.index(&claim.email.key())),
                unclaimed: indices(unclaimed),
                added: indices(added),
                removed: indices(removed),
            }
        })
    }

    pub(super) fn said(&self, known: Known, day: u8) -> Said {
        once(&self.said, (known, day), || {
            let addresses = self.addresses(known);
            let index = |email: &Option<Email>| email.as_ref().map(|email| self.index(&email.key()));
            Said {
                held: index(&addresses.held),
                verified: addresses.verified,
                shown: index(&addresses.clone().shown(at(day)).held),
            }
        })
    }

    /// Reports whether a token has not expired.
    pub(super) fn lives(kind: Kind, token: Token, day: u8) -> bool {
        at(day) < at(token.made).plus(kind.purpose().seconds())
    }
}

impl Kind {
    pub(super) fn purpose(self) -> Purpose {
        match self {
            Self::Prove => Purpose::Prove,
            Self::Reset => Purpose::Reset,
            Self::Undo | Self::UndoUnproved => Purpose::Undo,
        }
    }
}
