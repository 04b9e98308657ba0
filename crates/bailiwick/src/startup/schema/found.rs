//! An event of the journal, as an error shows it.

use std::fmt::{self, Display, Formatter};

use bailiwick_core::journal::RecordedEvent;
use bailiwick_core::{Position, Tags, Text};

/// An event of the journal that a start refuses: what it is, where it is, of whom, and whose.
///
/// For an example see [`StartError`](crate::StartError).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Found {
    /// The name of its type.
    pub event_type: Text,
    /// Where it is: the first of its kind.
    pub position: Position,
    /// What it concerns.
    pub tags: Tags,
    /// The `NAME` of the aggregate that decided it; none if it was no aggregate, or is not recorded.
    pub aggregate: Option<Text>,
    /// The command or decision that it came of; none for a deadline, or if it is not recorded.
    pub command: Option<Text>,
}

impl Found {
    pub(crate) fn of(recorded: &RecordedEvent) -> Box<Found> {
        let event = &recorded.event;
        Box::new(Found {
            event_type: event.event_type.clone(),
            position: recorded.position,
            tags: event.tags.clone(),
            aggregate: event.metadata.origin.as_ref().map(|origin| origin.aggregate.clone()),
            command: event.metadata.command.clone(),
        })
    }
}

/// `"Painted" at position 2 (hall:h; decided by the aggregate Hall on Paint)`
impl Display for Found {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at position {} (", self.event_type.as_str(), self.position)?;
        for (nth, tag) in self.tags.iter().enumerate() {
            write!(f, "{}{tag}", if nth == 0 { "" } else { ", " })?;
        }
        if self.tags.as_slice().is_empty() {
            f.write_str("without tags")?;
        }
        match (&self.aggregate, &self.command) {
            (None, None) => {}
            (Some(aggregate), None) => write!(f, "; decided by the aggregate {aggregate}")?,
            (None, Some(command)) => write!(f, "; decided on {command}")?,
            (Some(aggregate), Some(command)) => {
                write!(f, "; decided by the aggregate {aggregate} on {command}")?;
            }
        }
        f.write_str(")")
    }
}
