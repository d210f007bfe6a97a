//! One user's item, the clients of its sessions, a thief, and whoever ends sessions. An answer may be lost and its client ask again, a
//! function may crash between any two steps, a write may be sent twice, and each of them may take as long as it likes.

use std::collections::BTreeSet;
use std::rc::Rc;

use shared::clock::Timestamp;
use shared::sessions::{
    LogIn, Policy, Presented, Rotation, Sessions, SessionsState, Verdict, log_in, verdict,
};

use crate::{World, explore};

const ONE_SUCCESSOR: &str = "a live session has one live successor, any other none";
const IN_TIME: &str = "no client that retries within the window is logged out";
const REUSE_ENDS: &str = "a reuse outside the window ends the session";
const FINAL: &str = "an acknowledged end is final";
const FEW: &str = "there are no more sessions than allowed";
const AGREED: &str = "what is decided from the item as it stands can be written";

/// The sessions, one of each device. All times are in seconds.
const IDS: [&str; 3] = ["0", "1", "2"];
const WINDOW: i64 = 1;
/// The first session's token may be replaced.
const START: i64 = 2;
const POLICY: Policy = Policy {
    replay_seconds: 1,
    session_seconds: 60,
    idle_seconds: 3,
    max_sessions: 2,
};

/// An index of [`State::issued`]; its digest repeats it.
type Token = u8;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Actor {
    /// A client of a device. Tabs share what the device holds.
    Client(usize),
    /// Has a copy of every token.
    Thief,
    /// Changes the password or ends the other sessions, on the first device; beside an operator, who disables.
    Owner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ending {
    Others,
    OthersByPassword,
    AllByPassword,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Issued {
    session: usize,
    generation: u32,
    replaced_at: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Device {
    held: Option<Token>,
    /// When it presented that token, without an answer so far.
    unanswered: BTreeSet<i64>,
}

/// A token that is presented, or that a log-in issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    token: Token,
    now: i64,
    /// A client's, within the window after it first presented the token.
    in_time: bool,
}

/// A request under way, by its next step, with what it has read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Request {
    Replace(Attempt),
    EndReused(Attempt),
    Begin(Attempt, u64, Rc<SessionsState>),
    EndOthers(Ending, Rc<SessionsState>),
    Answer(Attempt, Option<Token>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    now: i64,
    item: Rc<SessionsState>,
    issued: Vec<Issued>,
    devices: [Device; 3],
    requests: Vec<Option<Request>>,
    /// The sessions that a thief has used, or that ended otherwise than by a client in time.
    excused: [bool; 3],
    /// The sessions whose end was acknowledged.
    ended: [bool; 3],
    broken: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Tick,
    /// An actor presents a token.
    Refresh(usize, Token),
    /// A client logs in on its device; the password was right.
    LogIn(usize, usize),
    EndOthers(usize, Ending),
    Go(usize),
    /// The write arrives, and will be sent again.
    GoTwice(usize),
    /// The function crashes, or its answer is lost.
    Lose(usize),
    Revoke(usize),
    Disable(bool),
}

struct Clients {
    actors: &'static [Actor],
    until: i64,
}

impl State {
    fn sessions(&self) -> &Sessions {
        self.item.sessions.as_ref().unwrap()
    }

    fn write(&mut self) -> &mut SessionsState {
        Rc::make_mut(&mut self.item)
    }

    fn write_sessions(&mut self) -> &mut Sessions {
        self.write().sessions.as_mut().unwrap()
    }

    fn is_live(&self, session: usize) -> bool {
        let session = self.sessions().get(IDS[session]);
        session.is_some_and(|session| session.is_live(Timestamp::from_unix(self.now)))
    }

    fn of(&self, token: Token) -> Issued {
        self.issued[usize::from(token)]
    }

    fn verdict(&self, token: Token, now: i64) -> Verdict {
        let issued = self.of(token);
        let presented = Presented {
            digest: [token; 32],
            generation: issued.generation,
        };
        let session = self.sessions().get(IDS[issued.session]);
        verdict(session, presented, now * 1000, POLICY.replay_seconds)
    }

    fn issue(&mut self, session: usize, generation: u32) -> Token {
        self.issued.push(Issued {
            session,
            generation,
            replaced_at: None,
        });
        u8::try_from(self.issued.len() - 1).unwrap()
    }

    fn rotation(&self, token: Token, previous: Option<Token>, now: i64) -> Rotation {
        Rotation {
            token: [token; 32],
            previous: previous.map(|previous| [previous; 32]),
            salt: None,
            key: [0; 8],
            generation: self.of(token).generation,
            rotated_at: now * 1000,
        }
    }

    /// Reports whether a log-in is under way that may still begin a session.
    fn begins(&self, session: usize) -> bool {
        let mut requests = self.requests.iter().flatten();
        requests
            .any(|request| matches!(request, Request::Begin(of, ..) if self.of(of.token).session == session))
    }

    /// Acknowledges the end of a session. Of those that a log-in under way may begin, only a new generation is the end.
    fn end(&mut self, session: usize, by_generation: bool) {
        let is_there = self.write_sessions().remove(IDS[session]).is_some();
        let begins = self.begins(session);
        self.excused[session] |= is_there;
        self.ended[session] |= if begins { by_generation } else { is_there };
    }

    fn end_from(&mut self, first: usize, by_generation: bool) {
        self.write().credential_generation += u64::from(by_generation);
        for session in first..IDS.len() {
            self.end(session, by_generation);
        }
    }

    /// `POST /token` with a refresh token: `replace_token`, and what follows where it is refused.
    fn replace(&mut self, attempt: Attempt, by_thief: bool) -> Option<Request> {
        let Attempt { token, now, .. } = attempt;
        let issued = self.of(token);
        let id = IDS[issued.session];
        let answer = match self.verdict(token, now) {
            _ if self.item.disabled => None,
            Verdict::Rotate => {
                if issued.replaced_at.is_some() {
                    self.broken = Some(ONE_SUCCESSOR);
                }
                let successor = self.issue(issued.session, issued.generation + 1);
                let rotation = self.rotation(successor, Some(token), now);
                let session = self.write_sessions().get_mut(id).unwrap();
                session.expires_at = POLICY.expires_at(session.created_at, Timestamp::from_unix(now));
                session.rotation = rotation;
                self.issued[usize::from(token)].replaced_at = Some(now);
                self.excused[issued.session] |= by_thief;
                Some(successor)
            }
            Verdict::Repeat => Some(token),
            Verdict::Replay => Some(self.sessions()[id].rotation.token[0]),
            Verdict::Reuse => return Some(Request::EndReused(attempt)),
            Verdict::Overtaken => return None,
            Verdict::Unknown => None,
        };
        Some(Request::Answer(attempt, answer))
    }

    /// One round of `begin_session`.
    fn begin(&mut self, attempt: Attempt, generation: u64, read: &Rc<SessionsState>) -> Request {
        let (session, now) = (self.of(attempt.token).session, Timestamp::from_unix(attempt.now));
        let id = IDS[session];
        let ended = match log_in(Some(read), generation, id, POLICY.max_sessions, now) {
            LogIn::Begin(ended) => ended,
            LogIn::Begun => return Request::Answer(attempt, Some(attempt.token)),
            LogIn::Refused | LogIn::Disabled => return Request::Answer(attempt, None),
        };
        // The generation is left to `log_in`, which decides about what comes back.
        let holds = self.sessions().len() < POLICY.max_sessions as usize + ended.len()
            && ended.iter().all(|id| self.sessions().contains_key(id))
            && !self.sessions().contains_key(id)
            && !matches!(
                log_in(Some(&self.item), generation, id, POLICY.max_sessions, now),
                LogIn::Refused | LogIn::Disabled
            );
        if !holds {
            if *read == self.item {
                self.broken = Some(AGREED);
            }
            return Request::Begin(attempt, generation, Rc::clone(&self.item));
        }
        for id in ended {
            self.write_sessions().remove(&id);
            self.excused[id.parse::<usize>().unwrap()] = true;
        }
        let begun = POLICY.begin(self.rotation(attempt.token, None, attempt.now), None, None);
        self.write_sessions().insert(id.to_owned(), begun);
        Request::Answer(attempt, Some(attempt.token))
    }

    /// `end_other_sessions` and `change_password`; where the condition does not hold, the client asks again.
    fn end_others(&mut self, ending: Ending, read: &SessionsState) {
        let kept = read.sessions.as_ref().and_then(|sessions| sessions.get(IDS[0]));
        let kept = kept.filter(|_| ending != Ending::AllByPassword).cloned();
        let newest = self.sessions().get(IDS[0]).map(|session| session.rotation.token);
        let by_password = ending != Ending::Others;
        if kept
            .as_ref()
            .is_some_and(|kept| newest != Some(kept.rotation.token))
            || by_password && self.item.credential_generation != read.credential_generation
        {
            return;
        }
        self.end_from(usize::from(kept.is_some()), by_password);
        if let Some(kept) = kept {
            self.write_sessions().insert(IDS[0].to_owned(), kept);
        }
    }

    /// A client gets its answer. It keeps the token only where it still holds the one that it sent: another tab may be ahead.
    fn receive(&mut self, device: usize, sent: Attempt, token: Option<Token>) {
        if token.is_none() && sent.in_time && !self.excused[device] {
            self.broken = Some(IN_TIME);
        }
        let device = &mut self.devices[device];
        if device.held.is_none_or(|held| held == sent.token) {
            let is_repeated = token == device.held;
            device.unanswered.retain(|time| is_repeated && *time > sent.now);
            device.held = token;
        }
    }
}

impl Clients {
    fn start(&self) -> State {
        let mut state = State {
            now: START,
            item: Rc::new(SessionsState {
                credential_generation: 0,
                disabled: false,
                sessions: Some(Sessions::new()),
            }),
            issued: Vec::new(),
            devices: Default::default(),
            requests: vec![None; self.actors.len()],
            excused: [false; 3],
            ended: [false; 3],
            broken: None,
        };
        let first = state.issue(0, 0);
        let session = POLICY.begin(state.rotation(first, None, 0), None, None);
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

impl World for Clients {
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
    let actors = &[Actor::Client(0), Actor::Client(0), Actor::Thief];
    let world = Clients { actors, until: 5 };
    explore(&world, &world.start(), 400_000);
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
