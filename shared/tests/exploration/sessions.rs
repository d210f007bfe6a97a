//! One user's item, the clients of its sessions, a thief, and an owner who ends sessions. A response may be lost and its client try again,
//! a function may crash between any two steps, a write may be sent twice, and each of them may be delayed for any time.

mod clients;

use std::collections::BTreeSet;
use std::rc::Rc;

use shared::clock::Timestamp;
use shared::scope::Scopes;
use shared::sessions::{
    LogIn, Policy, Presented, Rotation, Sessions, SessionsState, Verdict, log_in, verdict,
};

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
    /// When it presented that token, without a response so far.
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
    /// The function crashes, or its response is lost.
    Lose(usize),
    Revoke(usize),
    Disable(bool),
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
        let begun = POLICY.begin(
            self.rotation(attempt.token, None, attempt.now),
            None,
            None,
            Scopes::default(),
        );
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

    /// A client gets its response. It keeps the token only where it still holds the one that it sent: another tab may be ahead.
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
