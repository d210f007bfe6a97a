//! The worlds of an owner and a squatter, and what is explored of each.

use super::{Account, Addresses, Decisions, Mark, OWNER, State};
use crate::explore;

fn start(are_claims: bool) -> State {
    State {
        day: 0,
        are_claims,
        accounts: [None; 3],
        is_taken: false,
    }
}

/// The squatter has one account, and a week passes.
fn world() -> Addresses {
    Addresses {
        decisions: Decisions::new(),
        squatters: 1,
        has_halves: false,
        is_stolen: false,
        turns: false,
        has_keys: false,
        days: 2,
    }
}

#[test]
fn e_01_a_squatter_keeps_no_access_where_addresses_are_claims() {
    let world = Addresses {
        has_keys: true,
        ..world()
    };
    explore(&world, &start(true), 3_000);
}

#[test]
fn e_01_a_squatter_keeps_no_access_where_addresses_need_no_proof() {
    let world = Addresses {
        turns: true,
        ..world()
    };
    explore(&world, &start(false), 30_000);
}

#[test]
fn e_01_two_accounts_of_a_squatter_keep_no_access() {
    let world = Addresses {
        squatters: 2,
        days: 1,
        ..world()
    };
    explore(&world, &start(true), 50_000);
}

#[test]
fn e_01_writes_between_the_halves_of_a_proof_or_a_reset_give_no_access() {
    let world = Addresses {
        has_halves: true,
        ..world()
    };
    explore(&world, &start(true), 10_000);
}

/// The owner's account, whose password and one session are stolen.
fn stolen(world: &Addresses, are_claims: bool) -> State {
    let decisions = &world.decisions;
    let registered = decisions.changed(0, Some(OWNER), false, 0);
    let mut state = start(are_claims);
    state.accounts[0] = Some(Account {
        has_username: true,
        addresses: decisions.proved(registered, OWNER, 0).unwrap(),
        marks: [Some(Mark::Proved), None],
        knows: [true; 2],
        has_session: true,
        ..Account::default()
    });
    state
}

#[test]
fn e_01_the_owner_undoes_the_theft_of_an_account_and_the_thief_has_nothing() {
    for are_claims in [true, false] {
        let with_another_account = Addresses {
            is_stolen: true,
            days: 1,
            ..world()
        };
        let start = stolen(&with_another_account, are_claims);
        explore(&with_another_account, &start, 30_000);
        let with_halves = Addresses {
            is_stolen: true,
            squatters: 0,
            has_keys: true,
            has_halves: true,
            days: 1,
            ..world()
        };
        let start = stolen(&with_halves, are_claims);
        explore(&with_halves, &start, 1_000);
    }
}
