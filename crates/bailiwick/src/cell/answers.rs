//! What an aggregate remembers of commands with an idempotency key.
//!
//! 1. It is a fold like the state: what stands beside the aggregate's own events. So it is
//!    speculative when the state is, and rebuilt with it.
//! 2. A key is remembered for [`answers_for`](crate::Config::answers_for) from when its command was
//!    decided, and as long as that is not durable. It is never forgotten earlier, whatever the bounds
//!    are: those turn new keys away.
//! 3. Who comes later in the journal was decided later, whatever the clocks of other runtimes said. So
//!    they are forgotten in order.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bailiwick_core::journal::Idempotency;
use bailiwick_core::{Position, Text, Timestamp};
use bytes::Bytes;
use foldhash::fast::FixedState;

use crate::config::Config;
use crate::error::Cause;
use crate::request::entry::EventAt;

/// What an answer takes beside its key and its reply, about: its places in the map and in the order,
/// and what is allocated around the two.
const ANSWER_BYTES: usize = 200;
/// Room for this many is kept when others are forgotten.
const ROOM_KEPT: usize = 64;

/// What a command was answered.
pub(super) struct Answer {
    pub(super) fingerprint: u64,
    pub(super) reply: Bytes,
    pub(super) place: EventAt,
    /// When it was decided.
    at: Timestamp,
}

/// Looked up, and forgotten in the order in which it was remembered; never iterated otherwise, so
/// nothing depends on the order of the map.
#[derive(Default)]
pub(super) struct Answers {
    by_key: HashMap<Text, Answer, FixedState>,
    /// When each was decided; never before the one in front of it. A key that another runtime has
    /// forgotten earlier, and used again, is in it twice.
    order: VecDeque<(Timestamp, Text)>,
    /// Of all of them.
    bytes: usize,
}

impl Answers {
    /// The answer to an earlier command with this key, if its time is not over.
    pub(super) fn find(&self, key: &Text, now: Timestamp, window: Duration) -> Option<&Answer> {
        self.get(key).filter(|answer| !answer.is_old(now, window))
    }

    /// The same, however old.
    pub(super) fn get(&self, key: &Text) -> Option<&Answer> {
        self.by_key.get(key)
    }

    /// Why no new key is taken, if so. Only after [`forget`](Self::forget).
    pub(super) fn full(&self, now: Timestamp, config: &Config) -> Option<Cause> {
        let remembered = self.by_key.len();
        let too_heavy = self.bytes >= config.answers_bytes;
        let too_many = (remembered + 1).saturating_sub(config.answers);
        let first = too_many.max(usize::from(too_heavy)).checked_sub(1)?;
        let window = config.answers_for;
        let room_in = match self.order.get(first) {
            Some((at, _)) => window.saturating_sub(now.since(*at)),
            None => window,
        };
        Some(Cause::KeysFull { remembered, window, room_in })
    }

    /// Of a command that is decided now.
    pub(super) fn remember(&mut self, remembered: Idempotency, place: EventAt, now: Timestamp) {
        let Idempotency { key, fingerprint, reply } = remembered;
        let at = self.not_before_the_last(now);
        self.bytes += weight(&key, &reply);
        let answer = Answer { fingerprint, reply, place, at };
        if let Some(old) = self.by_key.insert(key.clone(), answer) {
            self.bytes -= weight(&key, &old.reply);
        }
        self.order.push_back((at, key));
    }

    /// What stands beside an event of the aggregate's own in the journal, that was decided at `at`.
    pub(super) fn fold(&mut self, known: &Idempotency, position: Position, at: Timestamp) {
        // Of its own, or it would keep all that was read with it.
        let reply = Bytes::copy_from_slice(&known.reply);
        let known = Idempotency { key: known.key.clone(), fingerprint: known.fingerprint, reply };
        self.remember(known, EventAt::Durable(position), at);
    }

    /// Those that are durable, in the order in which they were decided: the key, the fingerprint, the reply,
    /// the position, and when.
    pub(super) fn durable(&self) -> impl Iterator<Item = (&Text, &Answer, Position, Timestamp)> {
        self.order.iter().filter_map(|(at, key)| {
            let answer = self.by_key.get(key).filter(|answer| answer.at == *at)?;
            match answer.place {
                EventAt::Durable(position) => Some((key, answer, position, *at)),
                EventAt::Running(_) | EventAt::Forming(_) => None,
            }
        })
    }

    fn not_before_the_last(&self, at: Timestamp) -> Timestamp {
        self.order.back().map_or(at, |(last, _)| at.max(*last))
    }

    /// The command with this key is somewhere else now.
    pub(super) fn moved(&mut self, key: &Text, to: impl FnOnce(EventAt) -> EventAt) {
        if let Some(answer) = self.by_key.get_mut(key) {
            answer.place = to(answer.place);
        }
    }

    /// What was answered with these keys was never written.
    pub(super) fn undo<'a>(&mut self, keys: impl Iterator<Item = &'a Text>) {
        for key in keys {
            if let Some(answer) = self.by_key.remove(key) {
                self.bytes -= weight(key, &answer.reply);
            }
        }
        // They are the last ones.
        while let Some((at, key)) = self.order.back()
            && self.by_key.get(key).is_none_or(|answer| answer.at != *at)
        {
            self.order.pop_back();
        }
    }

    /// Forgets those whose time is over.
    pub(super) fn forget(&mut self, now: Timestamp, window: Duration) {
        let before = self.order.len();
        while let Some((at, key)) = self.order.front()
            && now.since(*at) >= window
        {
            match self.by_key.get(key) {
                Some(answer) if answer.at == *at => {
                    if !answer.is_old(now, window) {
                        break;
                    }
                    self.bytes -= weight(key, &answer.reply);
                    self.by_key.remove(key);
                }
                // It was used again since.
                _ => {}
            }
            self.order.pop_front();
        }
        if self.order.len() < before && self.order.capacity() / 4 > self.order.len().max(ROOM_KEPT)
        {
            self.order.shrink_to(2 * self.order.len());
            self.by_key.shrink_to(2 * self.by_key.len());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many bytes it holds, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn weight(key: &Text, reply: &Bytes) -> usize {
    ANSWER_BYTES + key.as_str().len() + reply.len()
}

impl Answer {
    fn is_old(&self, now: Timestamp, window: Duration) -> bool {
        matches!(self.place, EventAt::Durable(_)) && now.since(self.at) >= window
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    const WINDOW: Duration = Duration::from_millis(100);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn known(key: &str, fingerprint: u64) -> Idempotency {
        let reply = Bytes::from_static(b"reply");
        Idempotency { key: Text::from(key.to_owned()), fingerprint, reply }
    }

    /// Answers to keys, each decided at this time and recognised by it.
    fn with<'a>(keys: impl IntoIterator<Item = (&'a str, u64)>) -> Answers {
        let mut answers = Answers::default();
        for (key, millis) in keys {
            let place = EventAt::Durable(Position::new(millis));
            answers.remember(known(key, millis), place, at(millis));
        }
        answers
    }

    fn finds(answers: &Answers, key: &'static str, now: u64) -> Option<u64> {
        let found = answers.find(&Text::literal(key), at(now), WINDOW);
        found.map(|answer| answer.fingerprint)
    }

    fn weighs(answers: &Answers) -> usize {
        let entries = answers.by_key.iter();
        entries.map(|(key, answer)| weight(key, &answer.reply)).sum()
    }

    #[test]
    fn a_key_is_new_again_when_its_time_is_over_and_not_before() {
        let mut answers = with([("a", 1), ("b", 2)]);
        answers.forget(at(100), WINDOW);
        assert_eq!((finds(&answers, "a", 100), finds(&answers, "b", 100)), (Some(1), Some(2)));
        assert_eq!(finds(&answers, "a", 101), None);
        answers.forget(at(101), WINDOW);
        assert_eq!((answers.by_key.len(), answers.order.len()), (1, 1));
        assert_eq!(answers.bytes(), weighs(&answers));
        answers.forget(at(102), WINDOW);
        assert!(answers.is_empty());
        assert_eq!(answers.bytes(), 0);
    }

    #[test]
    fn a_key_that_was_used_again_has_its_later_answer() {
        let mut answers = with([("a", 1), ("b", 2), ("a", 50)]);
        assert_eq!(answers.bytes(), weighs(&answers));
        answers.forget(at(101), WINDOW);
        assert_eq!((finds(&answers, "a", 101), finds(&answers, "b", 101)), (Some(50), Some(2)));
        answers.forget(at(150), WINDOW);
        assert!(answers.is_empty() && answers.by_key.is_empty());
        assert_eq!(answers.bytes(), 0);
    }

    #[test]
    fn what_was_never_written_is_undone() {
        let mut answers = with([("a", 1), ("b", 2)]);
        let before = answers.bytes();
        for key in ["c", "a", "d"] {
            answers.remember(known(key, 101), EventAt::Forming(1), at(101));
        }
        answers.undo([Text::literal("d"), Text::literal("c")].iter());
        assert_eq!((finds(&answers, "c", 101), finds(&answers, "b", 101)), (None, Some(2)));
        answers.undo([Text::literal("a")].iter());
        assert_eq!(finds(&answers, "a", 101), None, "its first answer was too old by then");
        answers.forget(at(101), WINDOW);
        assert_eq!((answers.order.len(), answers.bytes()), (1, before / 2));
        answers.forget(at(102), WINDOW);
        assert!(answers.is_empty() && answers.bytes() == 0);
    }

    #[test]
    fn what_is_not_durable_is_not_forgotten() {
        let mut answers = Answers::default();
        answers.remember(known("a", 1), EventAt::Forming(1), at(1));
        answers.forget(at(1_000), WINDOW);
        assert_eq!(finds(&answers, "a", 1_000), Some(1));
        answers.moved(&Text::literal("a"), |_| EventAt::Durable(Position::new(1)));
        assert_eq!(finds(&answers, "a", 1_000), None);
        answers.forget(at(1_000), WINDOW);
        assert!(answers.is_empty());
    }

    #[test]
    fn new_keys_are_turned_away_until_there_is_room() {
        let full = |answers: &Answers, now, most, bytes| {
            let config = Config::new().answers(most).answers_bytes(bytes).answers_for(WINDOW);
            answers.full(at(now), &config).map(|cause| match cause {
                Cause::KeysFull { room_in, .. } => room_in.as_millis(),
                cause => panic!("{cause}"),
            })
        };
        let answers = with([("a", 1), ("b", 2), ("c", 30)]);
        assert_eq!(full(&answers, 30, 4, 10_000), None);
        assert_eq!(full(&answers, 30, 3, 10_000), Some(71), "until a is forgotten");
        assert_eq!(full(&answers, 30, 2, 10_000), Some(72), "a and b");
        assert_eq!(full(&answers, 30, 1, 10_000), Some(100), "all of them");
        assert_eq!(full(&answers, 30, 4, answers.bytes() + 1), None);
        assert_eq!(full(&answers, 30, 4, answers.bytes()), Some(71));
        assert_eq!(full(&Answers::default(), 30, 1, 1), None);
    }

    #[test]
    fn who_comes_later_is_not_forgotten_earlier() {
        let mut answers = with([("a", 50), ("b", 1)]);
        answers.forget(at(149), WINDOW);
        assert_eq!(finds(&answers, "b", 149), Some(1));
        answers.forget(at(150), WINDOW);
        assert!(answers.is_empty());
    }

    #[test]
    fn what_was_forgotten_takes_no_room() {
        let keys: Vec<_> = (0..10_000).map(|n| n.to_string()).collect();
        let mut answers = with(keys.iter().map(|key| (key.as_str(), 1)));
        answers.remember(known("last", 2), EventAt::Durable(Position::new(2)), at(2));
        answers.forget(at(101), WINDOW);
        assert_eq!(answers.order.len(), 1);
        assert!(answers.by_key.capacity() <= ROOM_KEPT && answers.order.capacity() <= ROOM_KEPT);
    }

    #[test]
    fn a_place_becomes_a_position_when_its_batch_is_in_the_journal() {
        let first = Position::new(10);
        assert_eq!(EventAt::Forming(3).submitted().committed(first).committed(first), {
            EventAt::Durable(Position::new(12))
        });
        assert_eq!(EventAt::Forming(3).committed(first), EventAt::Forming(3));
    }
}
