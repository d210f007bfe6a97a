//! What the actors can do at each moment, and what must hold after it.

use std::rc::Rc;

use shared::scope::Scopes;
use shared::sessions::{Sessions, SessionsState, Verdict};

use super::*;
use crate::{World, explore};

struct Clients<'a> {
    actors: &'a [Actor],
    until: i64,
}

impl Clients<'_> {
    fn start(&self) -> State {
        let mut state = State {
            now: START,
            item: Rc::new(SessionsState {
                credential_generation: 0,
                disabled: false,
                sessions: Some(Sessions::new()),
                scopes: Scopes::default(),
            }),
            issued: Vec::new(),
            devices: Default::default(),
            requests: vec![None; self.actors.len()],
            excused: [false; 3],
            ended: [false; 3],
            broken: None,
        };
        let first = state.issue(0, 0);
        let session = POLICY.begin(state.rotation(first, None, 0), None, None, Scopes::default());
        state.write_sessions().insert(IDS[0].to_owned(), session);
        state.devices[0].held = Some(first);
        state
    }

    fn possible(&self, state: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        if state.now < self.until {
            steps.push(Step::Tick);
        }
        let tokens = 0..u8::try_from(state.issued.len()).unwrap();
        for (index, (actor, request)) in self.actors.iter().zip(&state.requests).enumerate() {
            match (actor, request) {
                (_, Some(Request::Answer(..))) => steps.extend([Step::Go(index), Step::Lose(index)]),
                (_, Some(_)) => steps.extend([Step::Go(index), Step::GoTwice(index), Step::Lose(index)]),
                (Actor::Thief, None) => steps.extend(tokens.clone().map(|token| Step::Refresh(index, token))),
                (Actor::Client(device), None) => match state.devices[*device].held {
                    Some(held) => steps.push(Step::Refresh(index, held)),
                    None if state.issued.iter().any(|issued| issued.session == *device) => {}
                    None => steps.push(Step::LogIn(index, *device)),
                },
                // The session of the first device is live, or its access token is rejected.
                (Actor::Owner, None) if state.is_live(0) && !state.item.disabled => {
                    let endings = [Ending::Others, Ending::OthersByPassword, Ending::AllByPassword];
                    steps.extend(endings.map(|ending| Step::EndOthers(index, ending)));
                }
                (Actor::Owner, None) => {}
            }
        }
        let sessions = 0..IDS.len();
        steps.extend(sessions.filter(|id| state.is_live(*id)).map(Step::Revoke));
        if self.actors.contains(&Actor::Owner) {
            steps.push(Step::Disable(!state.item.disabled));
        }
        steps
    }

    fn after(&self, state: &State, step: Step) -> State {
        let mut next = state.clone();
        match step {
            Step::Tick => {
                next.now += 1;
                for session in 0..IDS.len() {
                    next.excused[session] |= state.is_live(session) && !next.is_live(session);
                }
            }
            Step::Refresh(index, token) => {
                let mut in_time = false;
                if let Actor::Client(device) = self.actors[index] {
                    let unanswered = &mut next.devices[device].unanswered;
                    unanswered.insert(state.now);
                    in_time = unanswered
                        .first()
                        .is_some_and(|first| state.now - first <= WINDOW);
                }
                let now = state.now;
                next.requests[index] = Some(Request::Replace(Attempt { token, now, in_time }));
            }
            Step::LogIn(index, session) => {
                let token = next.issue(session, 0);
                let attempt = Attempt {
                    token,
                    now: state.now,
                    in_time: false,
                };
                let generation = state.item.credential_generation;
                next.requests[index] = Some(Request::Begin(attempt, generation, Rc::clone(&state.item)));
            }
            Step::EndOthers(index, ending) => {
                next.requests[index] = Some(Request::EndOthers(ending, Rc::clone(&state.item)));
            }
            Step::Lose(index) => next.requests[index] = None,
            Step::Go(index) => self.go(&mut next, index),
            Step::GoTwice(index) => {
                self.go(&mut next, index);
                next.requests[index].clone_from(&state.requests[index]);
            }
            Step::Revoke(session) => next.end(session, false),
            Step::Disable(disabled) => {
                next.write().disabled = disabled;
                if disabled {
                    next.end_from(0, true);
                }
            }
        }
        next
    }

    fn go(&self, next: &mut State, index: usize) {
        let request = next.requests[index].take();
        let presented = match request {
            Some(Request::Replace(attempt) | Request::EndReused(attempt)) => Some(attempt),
            _ => None,
        };
        next.requests[index] = match request {
            Some(Request::Replace(attempt)) => next.replace(attempt, self.actors[index] == Actor::Thief),
            Some(Request::EndReused(attempt)) => {
                let session = next.of(attempt.token).session;
                next.excused[session] |= !attempt.in_time;
                next.write_sessions().remove(IDS[session]);
                Some(Request::Answer(attempt, None))
            }
            Some(Request::Begin(attempt, generation, read)) => Some(next.begin(attempt, generation, &read)),
            Some(Request::EndOthers(ending, read)) => {
                next.end_others(ending, &read);
                None
            }
            Some(Request::Answer(sent, token)) => {
                if let Actor::Client(device) = self.actors[index] {
                    next.receive(device, sent, token);
                }
                None
            }
            None => None,
        };
        if let (Some(attempt), Some(Request::Answer(..))) = (presented, &next.requests[index]) {
            let Issued {
                session, replaced_at, ..
            } = next.of(attempt.token);
            let is_reuse = replaced_at.is_some_and(|replaced_at| attempt.now - replaced_at > WINDOW);
            if is_reuse && next.is_live(session) {
                next.broken = Some(REUSE_ENDS);
            }
        }
    }
}

impl World for Clients<'_> {
    type State = State;
    type Step = Step;

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let steps = self
            .possible(state)
            .into_iter()
            .map(|step| (step, self.after(state, step)));
        // Enough generations for a log-in to be behind, and more tokens than correct decisions issue.
        let is_bounded = |next: &State| next.item.credential_generation <= 2 && next.issued.len() <= 6;
        steps.filter(|(_, next)| is_bounded(next)).collect()
    }

    fn broken(&self, state: &State) -> Option<&'static str> {
        let mut accepted = [0; 3];
        for (token, issued) in (0..).zip(&state.issued) {
            let verdict = state.verdict(token, state.now);
            accepted[issued.session] += u8::from(matches!(verdict, Verdict::Rotate | Verdict::Repeat));
        }
        let accepts_more = (0..IDS.len()).any(|id| accepted[id] > u8::from(state.is_live(id)));
        let mut live = (0..IDS.len()).filter(|id| state.is_live(*id));
        let outlives = live.any(|id| state.ended[id] || state.item.disabled);
        let broken = [
            (accepts_more, ONE_SUCCESSOR),
            (outlives, FINAL),
            (state.sessions().len() > POLICY.max_sessions as usize, FEW),
        ];
        let broken = broken.into_iter().find(|(is_broken, _)| *is_broken);
        broken.map(|(_, rule)| rule).or(state.broken)
    }
}

#[test]
fn s_08_one_live_successor_no_client_in_time_logged_out_and_reuse_ends() {
    let tabs = [Actor::Client(0), Actor::Client(0)];
    let with_a_thief = [tabs[0], tabs[1], Actor::Thief];
    for (actors, until, least) in [(&tabs[..], 7, 50_000), (&with_a_thief, 5, 400_000)] {
        let world = Clients { actors, until };
        explore(&world, &world.start(), least);
    }
}

#[test]
#[ignore = "takes minutes: .ci/full runs it"]
fn s_08_the_same_with_three_tabs_and_a_thief() {
    let tab = Actor::Client(0);
    let actors = &[tab, tab, tab, Actor::Thief];
    let world = Clients { actors, until: 4 };
    explore(&world, &world.start(), 1_500_000);
}

#[test]
fn s_08_no_more_sessions_than_allowed() {
    let actors = &[Actor::Client(1), Actor::Client(2)];
    let world = Clients { actors, until: 3 };
    explore(&world, &world.start(), 40_000);
}

#[test]
fn s_08_an_acknowledged_end_is_final_for_refreshes_and_log_ins_under_way() {
    let actors = &[Actor::Client(0), Actor::Client(1), Actor::Owner];
    let world = Clients { actors, until: 2 };
    explore(&world, &world.start(), 100_000);
}
