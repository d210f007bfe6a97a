//! The writes of the store: what `shared/src/users/store` sends as one transaction is one step here, with its conditions.

use super::{Account, Addresses, Kind, Known, Mark, OWNER, Request, SQUATTER, State, Token};

/// How long a claim lives, in days.
const CLAIM_DAYS: u8 = 7;

impl State {
    /// Returns the account that an address's marker is of.
    pub(super) fn owner_of(&self, address: usize) -> Option<usize> {
        let marked =
            |account: &Option<Account>| account.is_some_and(|account| account.marks[address].is_some());
        self.accounts.iter().position(marked)
    }

    fn is_proved(&self, address: usize) -> bool {
        let owner = self.owner_of(address);
        owner.is_some_and(|owner| self.at(owner).marks[address] == Some(Mark::Proved))
    }

    /// Returns an account that is there.
    pub(super) fn at(&self, id: usize) -> Account {
        self.accounts[id].unwrap()
    }

    pub(super) fn at_mut(&mut self, id: usize) -> &mut Account {
        self.accounts[id].as_mut().unwrap()
    }

    /// The expiry of what has a time to live.
    pub(super) fn pass(&mut self, day: u8) {
        self.day = day;
        for slot in &mut self.accounts {
            let Some(account) = slot else { continue };
            for tokens in &mut account.tokens {
                for kind in Kind::ALL {
                    tokens[kind as usize] =
                        tokens[kind as usize].filter(|token| super::Decisions::lives(kind, *token, day));
                }
            }
            account.claims = account
                .claims
                .map(|made| made.filter(|made| day < made + CLAIM_DAYS));
            let has_name = account.has_username || account.marks != [None; 2];
            if !has_name && account.claims == [None; 2] {
                *slot = None;
            }
        }
    }
}

impl Account {
    /// All that is of the credentials' generation ends.
    fn end_generation(&mut self) {
        for kind in [Kind::Prove, Kind::Reset] {
            self.outdate(kind);
        }
        if let Some(request) = &mut self.request {
            request.is_of_generation = false;
        }
    }

    fn outdate(&mut self, kind: Kind) {
        for tokens in &mut self.tokens {
            if let Some(token) = &mut tokens[kind as usize] {
                token.fits = false;
            }
        }
    }

    /// `Users::change_password`, which ends the other sessions.
    pub(super) fn change_password(&mut self, actor: usize) {
        self.knows = [actor == OWNER, actor == SQUATTER];
        self.has_session &= actor == SQUATTER;
        self.end_generation();
    }

    fn mail(&mut self, address: usize, kind: Kind, day: u8) {
        self.tokens[address][kind as usize] = Some(Token {
            made: day,
            fits: true,
        });
    }
}

impl Addresses {
    /// `Users::register`. Returns `false` where the address is another user's.
    pub(super) fn register(
        &self,
        state: &mut State,
        (id, actor): (usize, usize),
        has_username: bool,
        address: Option<usize>,
    ) -> bool {
        let mut account = Account {
            has_username,
            ..Account::default()
        };
        account.knows[actor] = true;
        account.is_owners = actor == OWNER;
        account.addresses = self.decisions.changed(0, address, state.are_claims, state.day);
        let items = self.decisions.items(0, account.addresses);
        if items.added.iter().any(|name| state.owner_of(*name).is_some()) {
            return false;
        }
        for name in items.added {
            account.marks[name] = Some(Mark::Unproved);
        }
        state.accounts[id] = Some(account);
        self.claim(state, id, items.claimed);
        true
    }

    /// Puts the item of a claim, and the mail by which it is proved.
    fn claim(&self, state: &mut State, id: usize, address: Option<usize>) {
        let Some(address) = address else { return };
        let (day, is_proved) = (state.day, state.is_proved(address));
        let account = state.at_mut(id);
        account.claims[address] = Some(day);
        // The owner asks for another one.
        if address == SQUATTER && !is_proved {
            account.mail(address, Kind::Prove, day);
        }
    }

    /// `Users::change_profile`. Returns `false` where it is refused.
    pub(super) fn change(&self, state: &mut State, id: usize, wanted: Option<usize>) -> bool {
        let (account, day) = (state.at(id), state.day);
        let before = self.decisions.said(account.addresses, day);
        let mut shown = before.shown;
        let is_lost = |address: &usize| account.marks[*address].is_none() && state.is_proved(*address);
        if !before.verified && shown.as_ref().is_some_and(is_lost) {
            shown = None;
        }
        if shown == wanted {
            return false;
        }
        let after = self
            .decisions
            .changed(account.addresses, wanted, state.are_claims, day);
        let said = self.decisions.said(after, day);
        let items = self.decisions.items(account.addresses, after);
        let is_nameless = !account.has_username && said.held.is_none();
        if is_nameless || items.added.iter().any(|name| state.owner_of(*name).is_some()) {
            return false;
        }
        let is_owners = account.is_owners;
        let account = state.at_mut(id);
        account.addresses = after;
        for name in items.removed {
            account.marks[name] = None;
        }
        for name in items.added {
            account.marks[name] = Some(Mark::Unproved);
        }
        for address in items.unclaimed {
            account.claims[address] = None;
        }
        let former = before
            .held
            .filter(|held| Some(*held) != said.held || items.claimed.is_some());
        // A way into an account of the owner's own need not be distinguished.
        if let Some(former) = former.filter(|former| *former == SQUATTER || !is_owners) {
            let kind = if before.verified {
                Kind::Undo
            } else {
                Kind::UndoUnproved
            };
            account.mail(former, kind, day);
        }
        self.claim(state, id, items.claimed);
        true
    }

    /// The mailer, for a mail that anyone has asked for.
    pub(super) fn ask(&self, state: &mut State, address: usize, kind: Kind) {
        let (owner, is_proved) = (state.owner_of(address), state.is_proved(address));
        for id in 0..state.accounts.len() {
            let Some(account) = state.accounts[id] else {
                continue;
            };
            let claims = !is_proved && account.claims[address].is_some();
            if owner != Some(id) && !claims {
                continue;
            }
            let token = Token {
                made: state.day,
                fits: true,
            };
            let decided = if kind == Kind::Prove {
                self.decisions
                    .proved(account.addresses, address, state.day)
                    .filter(|_| !is_proved)
            } else {
                self.decisions
                    .recovered(account.addresses, address, kind, token, state.day)
            };
            if decided.is_some() {
                state.at_mut(id).mail(address, kind, token.made);
            }
        }
    }

    /// Returns the addresses that a token gives to an account as it was read.
    pub(super) fn decide(
        &self,
        read: Known,
        address: usize,
        kind: Kind,
        token: Token,
        day: u8,
    ) -> Option<Known> {
        match kind {
            Kind::Prove => self.decisions.proved(read, address, day),
            _ => self.decisions.recovered(read, address, kind, token, day),
        }
    }

    /// Reports whether the marker of an address that would be proved is another user's, who has proved it.
    pub(super) fn is_foreign(&self, state: &State, id: usize, before: Known, after: Known) -> bool {
        let proved = self.decisions.items(before, after).proved;
        proved.is_some_and(|address| {
            state.is_proved(address) && state.owner_of(address).is_some_and(|owner| owner != id)
        })
    }

    /// `Users::prove` and `Users::recover`: all or nothing.
    pub(super) fn write(&self, state: &mut State, id: usize, request: Request) {
        let (account, kind) = (state.at(id), request.kind);
        let is_asked_for = request.actor == OWNER && matches!(kind, Kind::Prove | Kind::Reset);
        let asked_for = Token {
            fits: request.is_of_generation,
            ..request.token
        };
        let stored = account.tokens[request.actor][kind as usize].or(is_asked_for.then_some(asked_for));
        let Some(stored) = stored else { return };
        let standing = if request.by_session {
            account.has_session
        } else {
            request.is_of_generation
        };
        let fits = kind != Kind::Prove || stored.fits;
        let lives = super::Decisions::lives(kind, request.token, state.day);
        if stored.made != request.token.made
            || !standing
            || !fits
            || !lives
            || account.addresses != request.read
        {
            return;
        }
        let decided = self.decide(request.read, request.actor, kind, request.token, state.day);
        let Some(after) = decided.filter(|after| !self.is_foreign(state, id, request.read, *after)) else {
            return;
        };
        let items = self.decisions.items(request.read, after);
        if let Some(address) = items.proved {
            for other in state.accounts.iter_mut().flatten() {
                other.marks[address] = None;
            }
            state.at_mut(id).marks[address] = Some(Mark::Proved);
        }
        let account = state.at_mut(id);
        for name in items.removed {
            account.marks[name] = None;
        }
        for address in items.unclaimed {
            account.claims[address] = None;
        }
        account.addresses = after;
        account.tokens[request.actor][kind as usize] = None;
        if kind == Kind::Prove {
            return;
        }
        account.knows = [request.actor == OWNER, request.actor == SQUATTER];
        account.has_session = false;
        account.has_key = false;
        account.end_generation();
        account.outdate(Kind::UndoUnproved);
        let was_owners = account.is_owners;
        account.is_owners |= request.actor == OWNER;
        state.is_taken |= was_owners && request.actor == SQUATTER;
    }
}
