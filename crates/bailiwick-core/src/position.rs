//! Where an event stands in the journal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The place of an event in the journal: unique, in order of appending, from 1. A journal may leave
/// [holes](crate::journal::Journal) between two appends, and none within one.
///
/// [`Position::START`] is the place before the first event: nothing has it. Because positions of
/// one aggregate only grow, the position of its last event serves as a fencing token.
///
/// ```
/// use bailiwick_core::Position;
///
/// let first = Position::new(1);
/// assert!(Position::START < first && first < first.plus(1));
/// assert_eq!((first.get(), first.to_string()), (1, "1".into()));
/// ```
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first event.
    pub const START: Position = Position(0);

    /// The place with this number; the first is 1.
    pub const fn new(number: u64) -> Self {
        Position(number)
    }

    /// The number of this place; 0 is [`Position::START`].
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place `n` further on: within an append, that of its `n`th next event.
    #[must_use]
    pub const fn plus(self, n: u64) -> Self {
        Position(self.0 + n)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
