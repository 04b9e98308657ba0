//! What stands beside the state in a snapshot of an aggregate, and how it is stored.

use bailiwick_core::journal::Idempotency;
use bailiwick_core::{Position, Text, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::answers::Answers;
use crate::request::entry::EventAt;

/// What stands beside the state of an aggregate.
#[derive(Serialize, Deserialize)]
pub(super) struct Beside {
    /// The deadline of the state, by the rule of this version.
    pub(super) deadline: Option<Timestamp>,
    pub(super) rule: u32,
    /// What was decided from then on, and has a key, is among the answers.
    pub(super) remembers_from: Timestamp,
    pub(super) answers: Vec<Remembered>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) key: Text,
    pub(super) fingerprint: u64,
    pub(super) reply: Bytes,
    pub(super) position: u64,
    pub(super) at: Timestamp,
}

impl Beside {
    pub(super) fn answers(self, now: Timestamp) -> Option<Box<Answers>> {
        let mut answers = Answers::default();
        for Remembered { key, fingerprint, reply, position, at } in self.answers {
            let known = Idempotency { key, fingerprint, reply };
            answers.remember(known, EventAt::Durable(Position::new(position)), at.min(now));
        }
        (!answers.is_empty()).then(|| Box::new(answers))
    }
}
