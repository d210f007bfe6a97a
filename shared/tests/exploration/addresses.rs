//! An owner who reads the mailbox of one address and gives no password away, and a squatter, who reads that of another address and wants
//! the accounts of the first, or has stolen one.
//!
//! A mail arrives as soon as it is asked for; the mailer decides when it sends, so that a late one is one that was asked for later. Of each
//! kind a mailbox has the newest token, spent or not. A proof and a recovery are read and written in two steps in a world of their own, one at
//! a time, and in one step elsewhere. In the world of the theft no week passes: a thief whose address has been the proved one for longer
//! than an undo is live is the owner by all that the table says.

mod decisions;
mod store;
mod worlds;

use std::hash::{Hash, Hasher};

use crate::World;
use decisions::{Decisions, Known};

const KEEPS: &str = "a squatter has nothing of an account that is the owner's";
const TAKES: &str = "a squatter takes no account that is the owner's";
const PROVES: &str = "the owner's address is proved for the owner's accounts alone";
const MARKED: &str = "a proved address is its user's name, and no other user's";
const GETS_IN: &str = "the owner of an address gets in by it";
const UNDOES: &str = "the owner of an account that was stolen gets back in for a week";

/// The actors. Each reads the mailbox of the address of the same number.
const OWNER: usize = 0;
const SQUATTER: usize = 1;

/// The days on which something happens. All tokens and claims of the first have expired on the second; a token that expires earlier is one
/// that is not spent.
const DAYS: [u8; 2] = [0, 8];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Mark {
    Unproved,
    Proved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Prove,
    Reset,
    /// Of an address that was proved.
    Undo,
    UndoUnproved,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Prove, Self::Reset, Self::Undo, Self::UndoUnproved];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Token {
    /// The day.
    made: u8,
    /// Whether what it is bound to, the generation or the number of recoveries, is still that of its account.
    fits: bool,
}

/// A proof or a recovery whose account was read, and that is not yet written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Request {
    actor: usize,
    kind: Kind,
    token: Token,
    read: Known,
    by_session: bool,
    /// Whether the generation is still the one that was read.
    is_of_generation: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Account {
    has_username: bool,
    addresses: Known,
    /// The markers of the two addresses that are this user's.
    marks: [Option<Mark>; 2],
    /// The items of the user's claims, by the day on which they were made.
    claims: [Option<u8>; 2],
    /// Who knows the password.
    knows: [bool; 2],
    /// Whether the squatter has a session.
    has_session: bool,
    /// Whether the squatter has an API key.
    has_key: bool,
    /// The tokens in the two mailboxes, of each [`Kind`] the newest.
    tokens: [[Option<Token>; 4]; 2],
    /// Whether the owner has registered or recovered it.
    is_owners: bool,
    request: Option<Request>,
}

impl Hash for Account {
    /// One number that differs between most accounts: a derived implementation takes half of the test's time.
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let flags = [
            self.has_username,
            self.knows[OWNER],
            self.knows[SQUATTER],
            self.has_session,
            self.has_key,
            self.is_owners,
        ];
        let mut number = u64::from(self.addresses);
        for flag in flags {
            number = number * 2 + u64::from(flag);
        }
        for mark in self.marks {
            number = number * 3 + mark.map_or(0, |mark| mark as u64 + 1);
        }
        for token in self.tokens.as_flattened() {
            let token = token.map_or(0, |token| {
                1 + u64::from(token.fits) + 2 * u64::from(token.made > 0)
            });
            number = number * 5 + token;
        }
        let request = self.request.map_or(0, |request| 1 + u64::from(request.read));
        hasher.write_u64(number ^ (request << 48));
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    day: u8,
    /// `REQUIRE_VERIFIED_EMAIL`.
    are_claims: bool,
    /// The owner's, and those of the squatter.
    accounts: [Option<Account>; 3],
    is_taken: bool,
}

/// What happens, the actor, the account, and an address.
type Step = (&'static str, usize, usize, Option<usize>);

struct Addresses {
    decisions: Decisions,
    /// How many accounts the squatter may have at once.
    squatters: usize,
    /// Whether other writes come between the two halves of a proof or a recovery.
    has_halves: bool,
    /// Whether the first account is the owner's, and the squatter has stolen its password and a session.
    is_stolen: bool,
    /// Whether an operator may begin to require that addresses are proved.
    turns: bool,
    /// Whether the squatter creates API keys.
    has_keys: bool,
    days: usize,
}

impl Addresses {
    /// Returns the number of an account that an actor may register.
    fn free(&self, state: &State, actor: usize) -> Option<usize> {
        let squatters = &state.accounts[1..];
        let free = squatters.iter().position(Option::is_none);
        match actor {
            OWNER => (!self.is_stolen && state.accounts[0].is_none()).then_some(0),
            _ => free
                .filter(|_| squatters.iter().flatten().count() < self.squatters)
                .map(|free| free + 1),
        }
    }

    fn registrations(&self, state: &State, push: &mut impl FnMut(Step, State)) {
        for actor in [OWNER, SQUATTER] {
            let Some(id) = self.free(state, actor) else {
                continue;
            };
            for has_username in [true, false] {
                for address in [None, Some(OWNER), Some(SQUATTER)] {
                    let is_allowed = has_username || address.is_some();
                    if !is_allowed || (actor, address) == (OWNER, Some(SQUATTER)) {
                        continue;
                    }
                    let mut next = state.clone();
                    if self.register(&mut next, (id, actor), has_username, address) {
                        let step = if has_username {
                            "registers with a username"
                        } else {
                            "registers by an address"
                        };
                        push((step, actor, id, address), next);
                    }
                }
            }
        }
    }

    /// What an actor does who is logged in. The owner logs in for each step, and so has no session that would tell states apart.
    fn uses(&self, state: &State, id: usize, actor: usize, push: &mut impl FnMut(Step, State)) {
        let account = state.at(id);
        let mut edit = |step, edit: &dyn Fn(&mut Account)| {
            let mut next = state.clone();
            edit(next.at_mut(id));
            push((step, actor, id, None), next);
        };
        let may_log_in = account.knows[actor] && (account.has_username || account.marks != [None; 2]);
        if actor == SQUATTER && !account.has_session {
            if may_log_in {
                edit("logs in", &|account| account.has_session = true);
            }
            return;
        }
        if actor == OWNER && !may_log_in {
            return;
        }
        if account.knows[actor] {
            edit("changes the password", &|account| account.change_password(actor));
        }
        if actor == SQUATTER && self.has_keys {
            edit("creates an API key", &|account| account.has_key = true);
        }
        for wanted in [None, Some(OWNER), Some(SQUATTER)] {
            let mut next = state.clone();
            let is_own = actor == SQUATTER || wanted != Some(SQUATTER);
            if is_own && self.change(&mut next, id, wanted) {
                push(("changes the address to", actor, id, wanted), next);
            }
        }
        if !self.is_stolen || id > 0 {
            let mut next = state.clone();
            next.accounts[id] = None;
            push(("deletes", actor, id, None), next);
        }
    }

    /// The proofs and recoveries that an actor begins, by the tokens of the own mailbox. The owner asks for one right before.
    fn spends(&self, state: &State, id: usize, actor: usize, push: &mut impl FnMut(Step, State)) {
        let mut asked = state.clone();
        if actor == OWNER {
            self.ask(&mut asked, OWNER, Kind::Prove);
            self.ask(&mut asked, OWNER, Kind::Reset);
        }
        let account = asked.at(id);
        let is_busy = state
            .accounts
            .iter()
            .flatten()
            .any(|account| account.request.is_some());
        for kind in Kind::ALL {
            let Some(token) = account.tokens[actor][kind as usize] else {
                continue;
            };
            let by_session =
                kind == Kind::Prove && !account.knows[actor] && actor == SQUATTER && account.has_session;
            let is_allowed = kind != Kind::Prove || account.knows[actor] || by_session;
            let decided = self.decide(account.addresses, actor, kind, token, state.day);
            if !is_allowed || is_busy || decided.is_none() {
                continue;
            }
            let request = Request {
                actor,
                kind,
                token,
                read: account.addresses,
                by_session,
                is_of_generation: true,
            };
            let mut next = state.clone();
            if self.has_halves {
                next.at_mut(id).request = Some(request);
            } else {
                self.write(&mut next, id, request);
            }
            let step = match kind {
                Kind::Prove => "proves",
                Kind::Reset => "resets",
                Kind::Undo | Kind::UndoUnproved => "undoes",
            };
            push((step, actor, id, None), next);
        }
    }

    /// Reports whether a token in a mailbox gives an account to who reads it.
    fn is_way_in(&self, state: &State, id: usize, mailbox: usize, kind: Kind) -> bool {
        let account = state.at(id);
        let token = account.tokens[mailbox][kind as usize];
        let after = token.and_then(|token| self.decide(account.addresses, mailbox, kind, token, state.day));
        after.is_some_and(|after| !self.is_foreign(state, id, account.addresses, after))
    }

    /// Reports whether the owner gets into an account that exists, by a mail to ask for or by a link that is in the mailbox.
    fn is_recoverable(&self, state: &State, id: usize) -> bool {
        let mut asked = state.clone();
        self.ask(&mut asked, OWNER, Kind::Reset);
        let kinds = [Kind::Reset, Kind::Undo];
        kinds
            .into_iter()
            .any(|kind| self.is_way_in(&asked, id, OWNER, kind))
    }

    /// Reports whether the owner of the first address has it, or gets it.
    fn is_open(&self, state: &State) -> bool {
        let Some(id) = state.owner_of(OWNER) else {
            return true;
        };
        if state.at(id).is_owners || self.is_recoverable(state, id) {
            return true;
        }
        // Another account, whose proof replaces the marker.
        state.are_claims && state.at(id).marks[OWNER] == Some(Mark::Unproved)
    }
}

impl World for Addresses {
    type State = State;
    type Step = Step;

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Vec::new();
        let mut push = |step, mut next: State| {
            // The squatter's accounts differ in nothing else.
            next.accounts[1..].sort_unstable();
            if next != *state {
                steps.push((step, next));
            }
        };
        self.registrations(state, &mut push);
        for id in 0..state.accounts.len() {
            let Some(account) = state.accounts[id] else {
                continue;
            };
            for actor in [OWNER, SQUATTER] {
                self.uses(state, id, actor, &mut push);
                self.spends(state, id, actor, &mut push);
            }
            if let Some(request) = account.request {
                let mut next = state.clone();
                next.at_mut(id).request = None;
                push(("is lost", request.actor, id, None), next.clone());
                self.write(&mut next, id, request);
                push(("is written", request.actor, id, None), next);
            }
        }
        for (kind, step) in [
            (Kind::Prove, "asks for a proof"),
            (Kind::Reset, "asks for a reset"),
        ] {
            let mut next = state.clone();
            self.ask(&mut next, SQUATTER, kind);
            push((step, SQUATTER, 0, Some(SQUATTER)), next);
        }
        let later = DAYS[..self.days].iter().find(|day| **day > state.day);
        if let Some(later) = later {
            let mut next = state.clone();
            next.pass(*later);
            push(("days pass", 0, 0, None), next);
        }
        if self.turns && !state.are_claims {
            let mut next = state.clone();
            next.are_claims = true;
            push(("a proof is required from now on", 0, 0, None), next);
        }
        steps
    }

    fn broken(&self, state: &State) -> Option<&'static str> {
        if state.is_taken {
            return Some(TAKES);
        }
        for (id, account) in state.accounts.iter().enumerate() {
            let Some(account) = account else { continue };
            let said = self.decisions.said(account.addresses, state.day);
            let has_way_in = || {
                let kinds = [Kind::Reset, Kind::Undo, Kind::UndoUnproved];
                kinds
                    .into_iter()
                    .any(|kind| self.is_way_in(state, id, SQUATTER, kind))
            };
            let has = account.has_session || account.knows[SQUATTER] || account.has_key;
            if account.is_owners && (has || has_way_in()) {
                return Some(KEEPS);
            }
            let is_victim = self.is_stolen && id == 0;
            if account.marks[OWNER] == Some(Mark::Proved) && !account.is_owners && !is_victim {
                return Some(PROVES);
            }
            let is_marked = |address: usize| account.marks[address] == Some(Mark::Proved);
            if said.verified != said.held.is_some_and(is_marked) {
                return Some(MARKED);
            }
            let has_it = account.knows[OWNER] && account.marks[OWNER] == Some(Mark::Proved);
            // An address that the owner has proved for another account is the owner's to free.
            let is_elsewhere = || {
                state
                    .owner_of(OWNER)
                    .is_some_and(|owner| owner != id && state.at(owner).is_owners)
            };
            if is_victim
                && !account.is_owners
                && state.day < 7
                && !has_it
                && !is_elsewhere()
                && !self.is_recoverable(state, id)
            {
                return Some(UNDOES);
            }
        }
        (!self.is_stolen && !self.is_open(state)).then_some(GETS_IN)
    }
}
