//! The deadlines that are armed, as far as they were recorded.

use std::collections::HashMap;

use crate::journal::RecordedDeadline;
use crate::position::Position;

/// By the values of tags: of aggregates that were renamed, the entries of both names, or of both keys, are together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Deadlines(HashMap<Box<str>, Vec<Due>>);

/// The last deadline that was recorded for a tag, of aggregates of one type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Due {
    /// The number of the key.
    pub(super) key: u32,
    /// The number of the name.
    pub(super) aggregate: u32,
    pub(super) deadline: RecordedDeadline,
    /// Where it was recorded.
    pub(super) at: Position,
}

impl Due {
    fn is_armed(&self) -> bool {
        self.deadline.at().is_some()
    }

    /// Whether both may be of one aggregate that was renamed.
    fn may_be(&self, other: &Due) -> bool {
        self.key == other.key || self.aggregate == other.aggregate
    }
}

impl Deadlines {
    pub(super) fn record(&mut self, value: &str, due: Due) {
        let Some(known) = self.0.get_mut(value) else {
            if due.is_armed() {
                self.0.insert(value.into(), vec![due]);
            }
            return;
        };
        known.retain(|other| (other.key, other.aggregate) != (due.key, due.aggregate));
        known.push(due);
        // That nothing is due is kept where something earlier says otherwise.
        let armed: Vec<Due> = known.iter().filter(|due| due.is_armed()).copied().collect();
        known.retain(|due| due.is_armed() || armed.iter().any(|armed| armed.may_be(due)));
        if known.is_empty() {
            self.0.remove(value);
        }
    }

    /// As it was recorded before.
    pub(super) fn keep(&mut self, value: &str, known: Vec<Due>) {
        self.0.insert(value.into(), known);
    }

    pub(super) fn with_room_for(values: usize) -> Self {
        Deadlines(HashMap::with_capacity(values))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[Due])> {
        self.0.iter().map(|(value, known)| (&**value, &**known))
    }
}
