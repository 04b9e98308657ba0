//! Who asks for what: accounts with sessions that begin, are kept alive a few times, and end. What was
//! acknowledged is remembered, so that it can be looked for afterwards.

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::turn::{Expected, Kind, Outcome, Plan, Turn};
use super::wire::Target;
use crate::dice::Dice;
use crate::leases::now_ms;

/// All of them.
pub struct Population {
    plan: Plan,
    /// In the names of sessions: so that those of an earlier run are others.
    run: u64,
    seats: Vec<Seat>,
    /// Until when an account does not ask, as it was told.
    waits: Vec<Option<Instant>>,
    dice: Dice,
    /// Sessions whose lease was acknowledged, and of which a rule said before its time that they have none.
    broken: u64,
}

/// Where an account has one session after the other.
#[derive(Debug, Clone, Default)]
struct Seat {
    /// How many sessions there were, the present one included.
    number: u32,
    state: State,
    beats_left: u32,
    under_way: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Empty,
    /// Acknowledged, until then.
    Held(u64),
    /// Nobody knows whether it begins or ends: not looked for afterwards, and not asked about any more.
    Unknown,
}

#[derive(Deserialize)]
struct Expiry {
    expires_at: u64,
}

/// A lease may have run out on its way, as long before its time.
pub const MARGIN_MS: u64 = 2_000;
/// How many seats are tried for one that is free and may ask.
const TRIES: usize = 64;

impl Population {
    /// Nobody has a session yet.
    pub fn new(plan: Plan) -> Population {
        Population {
            run: now_ms(),
            seats: vec![Seat::default(); plan.accounts * plan.sessions],
            waits: vec![None; plan.accounts],
            dice: Dice::new(plan.seed),
            broken: 0,
            plan,
        }
    }

    /// How many of what.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whose turn it is, by chance; none if the ones that were tried have a request under way or were told
    /// to come later.
    pub fn next(&mut self) -> Option<Turn> {
        let seats = self.seats.len();
        let drawn = self.dice.below(seats as u64) as usize;
        let free = (0..TRIES.min(seats))
            .map(|n| (drawn + n) % seats)
            .find(|seat| !self.seats[*seat].under_way && !self.waits(*seat));
        free.map(|seat| self.begin(seat))
    }

    fn begin(&mut self, at: usize) -> Turn {
        let (seat, beats) = (&mut self.seats[at], u64::from(self.plan.beats));
        let kind = match seat.state {
            State::Held(_) if seat.beats_left > 0 => Kind::Beat,
            State::Held(_) => Kind::Stop,
            State::Empty | State::Unknown => Kind::Start,
        };
        if kind == Kind::Start {
            seat.number += 1;
            seat.beats_left = self.dice.below(2 * beats + 1) as u32;
        }
        seat.under_way = true;
        Turn { seat: at, kind }
    }

    /// Writes the request into `to`.
    pub fn write(&self, turn: Turn, target: &Target, to: &mut Vec<u8>) {
        let (account, session) = self.names(turn.seat);
        let lease_ms = self.plan.lease_ms;
        match turn.kind {
            Kind::Start => target.write(
                to,
                "POST",
                format_args!("/accounts/{account}/sessions"),
                Some(format_args!(r#"{{"session":"{session}","lease_ms":{lease_ms}}}"#)),
            ),
            Kind::Beat => target.write(
                to,
                "PUT",
                format_args!("/accounts/{account}/sessions/{session}/lease"),
                Some(format_args!(r#"{{"lease_ms":{lease_ms}}}"#)),
            ),
            Kind::Stop => {
                let path = format_args!("/accounts/{account}/sessions/{session}");
                target.write(to, "DELETE", path, None);
            }
        }
    }

    /// The request has ended so.
    pub fn ended(&mut self, turn: Turn, outcome: Outcome<'_>, now: Instant) {
        let account = self.account_of(turn.seat);
        let seat = &mut self.seats[turn.seat];
        seat.under_way = false;
        let holds = matches!(seat.state, State::Held(until) if until > now_ms() + MARGIN_MS);
        self.broken += u64::from(holds && outcome == Outcome::Rejected);
        seat.state = match (turn.kind, outcome) {
            (Kind::Start | Kind::Beat, Outcome::Accepted(body)) => {
                seat.beats_left -= u32::from(turn.kind == Kind::Beat);
                // An answer that cannot be read acknowledges nothing.
                serde_json::from_slice(body)
                    .map_or(State::Unknown, |Expiry { expires_at }| State::Held(expires_at))
            }
            (Kind::Stop, Outcome::Accepted(_)) | (_, Outcome::Rejected) => State::Empty,
            // It may have been renewed: what was acknowledged holds at least.
            (Kind::Beat, Outcome::Unknown) | (_, Outcome::Refused(_)) => seat.state,
            (_, Outcome::Unknown) => State::Unknown,
        };
        if let Outcome::Refused(Some(seconds)) = outcome {
            self.waits[account] = Some(now + Duration::from_secs(seconds.into()));
        }
    }

    fn waits(&mut self, seat: usize) -> bool {
        let account = self.account_of(seat);
        let wait = &mut self.waits[account];
        if wait.is_some_and(|until| until <= Instant::now()) {
            *wait = None;
        }
        wait.is_some()
    }

    fn account_of(&self, seat: usize) -> usize {
        seat / self.plan.sessions
    }

    /// The names of all accounts.
    pub fn accounts(&self) -> impl Iterator<Item = String> + use<> {
        let seed = self.plan.seed;
        (0..self.plan.accounts).map(move |n| format!("load-{seed}-{n}"))
    }

    fn names(&self, at: usize) -> (String, String) {
        let (account, seed) = (self.account_of(at), self.plan.seed);
        (format!("load-{seed}-{account}"), self.session(at, self.seats[at].number))
    }

    fn session(&self, at: usize, number: u32) -> String {
        format!("s{:x}-{at}-{number}", self.run)
    }

    /// What the account must show, and what it must not.
    pub fn expected(&self, account: usize) -> Expected {
        let seats = account * self.plan.sessions..(account + 1) * self.plan.sessions;
        let mut expected = Expected::default();
        for at in seats {
            let seat = &self.seats[at];
            match seat.state {
                State::Held(until) => expected.held.push((self.session(at, seat.number), until)),
                State::Empty if seat.number > 0 => {
                    expected.ended.push(self.session(at, seat.number));
                }
                State::Empty | State::Unknown => {}
            }
        }
        expected
    }

    /// A request that ends a session that is held, if there is one in this seat.
    pub fn stop(&mut self, seat: usize) -> Option<Turn> {
        let held = matches!(self.seats[seat].state, State::Held(_));
        self.seats[seat].under_way |= held;
        held.then_some(Turn { seat, kind: Kind::Stop })
    }

    /// How many sessions were said to have no lease though it was acknowledged and had not run out.
    pub fn broken(&self) -> u64 {
        self.broken
    }

    /// How many sessions there may be at once.
    pub fn seats(&self) -> usize {
        self.seats.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: &[u8] = br#"{"session":"s","expires_at":5000,"in_use":1,"limit":5,"token":7}"#;

    fn one(beats: u32) -> Population {
        Population::new(Plan { accounts: 1, sessions: 1, beats, lease_ms: 60_000, seed: 3 })
    }

    fn ended(population: &mut Population, outcome: Outcome<'_>) -> Kind {
        let turn = population.next().expect("it is free");
        assert_eq!(population.next(), None, "one request at a time");
        population.ended(turn, outcome, Instant::now());
        turn.kind
    }

    #[test]
    fn a_session_begins_is_kept_alive_and_ends() {
        let mut population = one(2);
        assert_eq!(ended(&mut population, Outcome::Accepted(LEASE)), Kind::Start);
        let held = population.expected(0).held;
        assert_eq!(held.iter().map(|(_, until)| *until).collect::<Vec<_>>(), [5_000]);
        let mut beats = 0;
        while ended(&mut population, Outcome::Accepted(LEASE)) == Kind::Beat {
            beats += 1;
        }
        assert!(beats <= 4, "{beats}");
        let Expected { held, ended: over } = population.expected(0);
        assert_eq!((held.len(), over.len()), (0, 1));
        assert_eq!(ended(&mut population, Outcome::Rejected), Kind::Start);
    }

    #[test]
    fn what_was_refused_is_as_before_and_what_is_unknown_is_not_looked_for() {
        let mut population = one(0);
        assert_eq!(ended(&mut population, Outcome::Refused(None)), Kind::Start);
        assert_eq!(ended(&mut population, Outcome::Accepted(LEASE)), Kind::Start);
        let held = population.expected(0);
        assert_eq!(ended(&mut population, Outcome::Refused(None)), Kind::Stop);
        assert_eq!(population.expected(0), held);
        assert_eq!(ended(&mut population, Outcome::Unknown), Kind::Stop);
        assert_eq!(population.expected(0), Expected::default());
    }

    #[test]
    fn a_lease_that_was_acknowledged_and_is_denied_is_noted() {
        let mut population = one(0);
        let far = format!(r#"{{"expires_at":{}}}"#, now_ms() + 100_000);
        ended(&mut population, Outcome::Accepted(far.as_bytes()));
        assert_eq!(population.broken(), 0);
        assert_eq!(ended(&mut population, Outcome::Rejected), Kind::Stop);
        assert_eq!(population.broken(), 1);
        ended(&mut population, Outcome::Accepted(LEASE));
        assert_eq!(ended(&mut population, Outcome::Rejected), Kind::Stop);
        assert_eq!(population.broken(), 1, "that one had run out");
    }

    #[test]
    fn who_was_told_to_come_later_does_not_ask_before() {
        let mut population = one(0);
        let turn = population.next().expect("it is free");
        population.ended(turn, Outcome::Refused(Some(3_600)), Instant::now());
        assert_eq!(population.next(), None);
        population.waits[0] = Some(Instant::now());
        assert!(population.next().is_some());
    }

    #[test]
    fn a_request_names_account_and_session() {
        let mut population = one(0);
        let turn = population.next().expect("it is free");
        let (target, mut bytes) = (Target::parse("http://h:1", None).expect("a URL"), Vec::new());
        population.write(turn, &target, &mut bytes);
        let text = String::from_utf8(bytes).expect("it is text");
        assert!(text.starts_with("POST /accounts/load-3-0/sessions HTTP/1.1\r\n"), "{text}");
        assert!(text.ends_with(r#"-0-1","lease_ms":60000}"#), "{text}");
    }
}
