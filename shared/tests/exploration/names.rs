//! The names of two users who register, change their profiles and delete themselves, one of them from two clients at once.

use std::collections::HashMap;

use shared::users::{Change, Email, NameKey, Profile, ProfileChange, Renaming, Username};

use crate::{World, explore};

const ONE_OWNER: &str = "the markers are the names of the users, each of one";
const OWN_NAME: &str = "nobody is in conflict with its own name";

/// The users of the clients.
const CLIENTS: [usize; 3] = [0, 0, 1];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum User {
    Unregistered,
    /// With one of [`profiles`].
    Is(usize),
    /// Its id is never used again.
    Deleted,
}

/// A write under way: what was read, and what is written.
type Request = (User, User);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    users: [User; 2],
    /// The user of each name's marker.
    markers: Vec<Option<usize>>,
    requests: [Option<Request>; 3],
    is_in_conflict_with_itself: bool,
}

/// The markers that come and those that go.
type Markers = [Vec<usize>; 2];

struct Names {
    names: Vec<NameKey>,
    /// What a client may write that has read a user, and what `Renaming` decides for it.
    writes: HashMap<User, Vec<(User, Markers)>>,
}

/// All profiles of two usernames, one of them in two cases, and an e-mail address.
fn profiles() -> Vec<Profile> {
    let usernames = ["ada", "ADA", "bob"].map(|name| Change::Set(Username::parse(name).unwrap()));
    let email = Change::Set(Email::parse("ada@example.com").unwrap());
    let mut profiles = Vec::new();
    for username in usernames.into_iter().chain([Change::Remove]) {
        for email in [Change::Remove, email.clone()] {
            let username = username.clone();
            let change = ProfileChange {
                username,
                email,
                ..ProfileChange::default()
            };
            profiles.push(change.applied_to(&Profile::default()));
        }
    }
    profiles.retain(|profile| !profile.names().is_empty());
    profiles
}

impl Names {
    fn new() -> Self {
        let profiles = profiles();
        let mut names: Vec<NameKey> = Vec::new();
        for name in profiles.iter().flat_map(Profile::names) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let all = || (0..profiles.len()).map(User::Is);
        let profile = |user| match user {
            User::Is(index) => profiles[index].clone(),
            User::Unregistered | User::Deleted => Profile::default(),
        };
        let markers = |keys: Vec<NameKey>| -> Vec<usize> {
            let index = |key| names.iter().position(|known| *known == key).unwrap();
            keys.into_iter().map(index).collect()
        };
        let decided = |read, written| {
            let Renaming { added, removed } = Renaming::between(&profile(read), &profile(written));
            match read {
                User::Unregistered => [markers(profile(written).names()), Vec::new()],
                User::Is(_) | User::Deleted => [markers(added), markers(removed)],
            }
        };
        let mut writes = HashMap::from([(User::Deleted, Vec::new())]);
        for read in all().chain([User::Unregistered]) {
            let deleted = (read != User::Unregistered).then_some(User::Deleted);
            let written = all().chain(deleted).filter(|written| *written != read);
            writes.insert(
                read,
                written.map(|written| (written, decided(read, written))).collect(),
            );
        }
        Self { names, writes }
    }

    fn markers(&self, (read, written): Request) -> &Markers {
        let mut writes = self.writes[&read].iter();
        writes
            .find(|(to, _)| *to == written)
            .map(|(_, markers)| markers)
            .unwrap()
    }

    fn renames(&self, request: Request) -> bool {
        self.markers(request).iter().any(|names| !names.is_empty())
    }

    /// `register`, `change_profile` and `delete`: all or nothing. Returns whether it was written.
    fn write(&self, state: &mut State, id: usize, request: Request) -> bool {
        let [added, removed] = self.markers(request);
        if state.users[id] != request.0 {
            return false;
        }
        let is_foreign = |name: &usize| state.markers[*name].is_some_and(|owner| owner != id);
        if added.iter().chain(removed).any(is_foreign) {
            return false;
        }
        if added.iter().any(|name| state.markers[*name].is_some()) {
            state.is_in_conflict_with_itself = true;
            return false;
        }
        removed.iter().for_each(|name| state.markers[*name] = None);
        added.iter().for_each(|name| state.markers[*name] = Some(id));
        state.users[id] = request.1;
        true
    }
}

impl World for Names {
    type State = State;
    /// The client, what happens to its request, and what it would write.
    type Step = (usize, &'static str, User);

    fn steps(&self, state: &State) -> Vec<(Self::Step, State)> {
        let mut steps = Vec::new();
        for (client, id) in CLIENTS.into_iter().enumerate() {
            let mut push = |step, to, request, written: Option<Request>| {
                let mut next = state.clone();
                next.requests[client] = request;
                // Of a transaction that was written, DynamoDB knows the second sending by its idempotency token.
                if written.is_some_and(|written| self.write(&mut next, id, written) && self.renames(written))
                {
                    next.requests[client] = None;
                }
                steps.push(((client, step, to), next));
            };
            match state.requests[client] {
                None => {
                    for (written, _) in &self.writes[&state.users[id]] {
                        push(
                            "has read its user",
                            *written,
                            Some((state.users[id], *written)),
                            None,
                        );
                    }
                }
                Some(request) => {
                    push("is lost", request.1, None, None);
                    push("is written", request.1, None, Some(request));
                    push(
                        "is written, and sent again",
                        request.1,
                        Some(request),
                        Some(request),
                    );
                }
            }
        }
        steps
    }

    fn broken(&self, state: &State) -> Option<&'static str> {
        let mut owners = vec![None; self.names.len()];
        for (id, user) in state.users.into_iter().enumerate() {
            let names = matches!(user, User::Is(_)).then(|| &self.markers((User::Unregistered, user))[0]);
            for name in names.into_iter().flatten() {
                if owners[*name].replace(id).is_some() {
                    return Some(ONE_OWNER);
                }
            }
        }
        let is_broken = owners != state.markers;
        is_broken
            .then_some(ONE_OWNER)
            .or(state.is_in_conflict_with_itself.then_some(OWN_NAME))
    }
}

#[test]
fn s_08_a_name_has_at_most_one_owner_and_no_marker_is_without_its_user() {
    let world = Names::new();
    let start = State {
        users: [User::Unregistered; 2],
        markers: vec![None; world.names.len()],
        requests: [None; 3],
        is_in_conflict_with_itself: false,
    };
    explore(&world, &start, 200_000);
}
