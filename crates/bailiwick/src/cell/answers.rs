//! What an aggregate remembers of commands with an idempotency key.
//!
//! 1. It is a fold like the state: what stands beside the aggregate's own events. So it is
//!    speculative when the state is, and rebuilt with it.
//! 2. It holds the latest [`answers`](crate::Config::answers), for
//!    [`answers_for`](crate::Config::answers_for). A key that is older is new again.

use std::collections::{HashMap, VecDeque};

use bailiwick_core::{EncodedEvent, Position, Text, Timestamp};
use bytes::Bytes;
use foldhash::fast::FixedState;

use crate::config::Config;

/// Where the last event of a command is, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the journal.
    Durable(Position),
    /// The so manieth event of the batch that is being appended.
    Running(u32),
    /// The so manieth event of the batch behind it.
    Forming(u32),
}

/// What a command was answered.
pub(super) struct Answer {
    pub(super) fingerprint: u64,
    pub(super) reply: Bytes,
    pub(super) place: Place,
    /// When it was decided.
    at: Timestamp,
}

/// Looked up, and forgotten in the order in which it was remembered; never iterated otherwise, so
/// nothing depends on the order of the map.
#[derive(Default)]
pub(super) struct Answers {
    by_key: HashMap<Text, Answer, FixedState>,
    order: VecDeque<Text>,
}

impl Answers {
    /// The answer to an earlier command with this key.
    pub(super) fn find(&self, key: &Text, now: Timestamp, config: &Config) -> Option<&Answer> {
        self.by_key.get(key).filter(|answer| !answer.is_old(now, config))
    }

    pub(super) fn remember(
        &mut self,
        key: Text,
        (fingerprint, reply): (u64, Bytes),
        place: Place,
        now: Timestamp,
        config: &Config,
    ) {
        let answer = Answer { fingerprint, reply, place, at: now };
        if self.by_key.insert(key.clone(), answer).is_some() {
            // It was too old to be found, but not forgotten yet.
            self.order.retain(|known| *known != key);
        }
        self.order.push_back(key);
        self.forget_old(now, config);
    }

    /// What stands beside an event of the aggregate's own in the journal.
    pub(super) fn fold(&mut self, event: &EncodedEvent, position: Position, config: &Config) {
        if let Some(known) = &event.metadata.extra().idempotency {
            let answer = (known.fingerprint, known.reply.clone());
            let place = Place::Durable(position);
            self.remember(known.key.clone(), answer, place, event.recorded_at, config);
        }
    }

    /// The command with this key is somewhere else now.
    pub(super) fn moved(&mut self, key: &Text, to: impl FnOnce(Place) -> Place) {
        if let Some(answer) = self.by_key.get_mut(key) {
            answer.place = to(answer.place);
        }
    }

    fn forget_old(&mut self, now: Timestamp, config: &Config) {
        while let Some(first) = self.order.front()
            && (self.order.len() > config.answers.get()
                || self.by_key.get(first).is_none_or(|answer| answer.is_old(now, config)))
        {
            self.by_key.remove(first);
            self.order.pop_front();
        }
    }
}

impl Answer {
    fn is_old(&self, now: Timestamp, config: &Config) -> bool {
        now.since(self.at) >= config.answers_for
    }
}

impl Place {
    /// The batch that was forming is given to the journal.
    pub(super) fn submitted(self) -> Place {
        match self {
            Place::Forming(nth) => Place::Running(nth),
            place => place,
        }
    }

    /// The batch that was running is in the journal, from `first`.
    pub(super) fn committed(self, first: Position) -> Place {
        match self {
            Place::Running(nth) => Place::Durable(first.plus(u64::from(nth).saturating_sub(1))),
            place => place,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use super::*;

    fn config(answers: usize, millis: u64) -> Config {
        Config {
            answers: NonZeroUsize::new(answers).unwrap(),
            answers_for: Duration::from_millis(millis),
            ..Config::default()
        }
    }

    fn with(keys: &[(&'static str, u64)], config: &Config) -> Answers {
        let mut answers = Answers::default();
        for (key, at) in keys {
            let place = Place::Durable(Position::new(*at));
            answers.remember(
                Text::literal(key),
                (*at, Bytes::new()),
                place,
                Timestamp::from_millis(*at),
                config,
            );
        }
        answers
    }

    fn finds(answers: &Answers, key: &'static str, now: u64, config: &Config) -> Option<u64> {
        let found = answers.find(&Text::literal(key), Timestamp::from_millis(now), config);
        found.map(|answer| answer.fingerprint)
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let config = config(2, 1_000);
        let answers = with(&[("a", 1), ("b", 2), ("c", 3)], &config);
        assert_eq!(finds(&answers, "a", 3, &config), None);
        assert_eq!(finds(&answers, "b", 3, &config), Some(2));
        assert_eq!(finds(&answers, "c", 3, &config), Some(3));
        assert_eq!((answers.by_key.len(), answers.order.len()), (2, 2));
    }

    #[test]
    fn a_key_is_new_again_when_its_time_is_over() {
        let config = config(10, 100);
        let answers = with(&[("a", 1), ("b", 2)], &config);
        assert_eq!(finds(&answers, "a", 100, &config), Some(1));
        assert_eq!(finds(&answers, "a", 101, &config), None);
        let answers = with(&[("a", 1), ("b", 2), ("a", 101)], &config);
        assert_eq!(finds(&answers, "a", 102, &config), Some(101));
        assert_eq!(answers.order.len(), answers.by_key.len());
    }

    #[test]
    fn a_place_becomes_a_position_when_its_batch_is_in_the_journal() {
        let first = Position::new(10);
        assert_eq!(Place::Forming(3).submitted().committed(first).committed(first), {
            Place::Durable(Position::new(12))
        });
        assert_eq!(Place::Forming(3).committed(first), Place::Forming(3));
    }
}
