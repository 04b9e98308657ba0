//! The trail of a call: what it may leave in the journal, and what its callers were told.

use bailiwick::{Position, Timestamp};

use super::plan::Call;

/// What a call may leave in the journal.
#[derive(Debug)]
pub(super) struct Trail {
    pub(super) call: Call,
    /// Whom it was asked of: if it has a key, perhaps several.
    pub(super) seats: Vec<usize>,
    /// How many came before it to the same runtime, for the same counter.
    pub(super) arrived: Option<u64>,
    /// The alarm that it sets, as a time.
    pub(super) alarm: Option<Timestamp>,
    /// Where its event is.
    pub(super) written: Option<Position>,
    /// Where its answer is, if that is an event of its own.
    pub(super) answered: Option<Position>,
    /// Its caller was told that it had no effect.
    pub(super) denied: bool,
    /// Its caller was told that it may have had one.
    pub(super) unclear: bool,
    /// Its caller was told that it had.
    pub(super) replied: bool,
}

impl Trail {
    pub(super) fn new(call: Call, alarm: Option<Timestamp>) -> Self {
        Trail {
            call,
            seats: Vec::new(),
            arrived: None,
            alarm,
            written: None,
            answered: None,
            denied: false,
            unclear: false,
            replied: false,
        }
    }

    /// The position that its reply comes with, if it has had its effect.
    pub(super) fn end(&self) -> Option<Position> {
        self.answered.or(self.written)
    }
}
