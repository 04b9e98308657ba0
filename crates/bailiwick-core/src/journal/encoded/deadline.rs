//! Deadlines beside events, so that nobody has to be loaded to know them.

use crate::tag::Tag;
use crate::text::Text;
use crate::time::Timestamp;

/// The deadline of an aggregate, and by which version of its rule
/// ([`DEADLINE_VERSION`](crate::Aggregate::DEADLINE_VERSION)).
///
/// For an example see [`EncodedEvent`](crate::journal::EncodedEvent).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedDeadline(Due);

/// As small as a time that may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Never { version: u32 },
    At { version: u32, at: Timestamp },
}

impl RecordedDeadline {
    /// None: nothing falls due by itself.
    pub const fn new(at: Option<Timestamp>, version: u32) -> Self {
        RecordedDeadline(match at {
            Some(at) => Due::At { version, at },
            None => Due::Never { version },
        })
    }

    /// When something falls due by itself.
    pub const fn at(self) -> Option<Timestamp> {
        match self.0 {
            Due::Never { .. } => None,
            Due::At { at, .. } => Some(at),
        }
    }

    /// The version of the rule. One that was recorded by another version says nothing.
    pub const fn version(self) -> u32 {
        match self.0 {
            Due::Never { version } | Due::At { version, .. } => version,
        }
    }
}

/// The deadline that an aggregate has after an event of somebody else.
///
/// For an example see [`EncodedEvent`](crate::journal::EncodedEvent).
#[derive(Clone, Debug, PartialEq)]
pub struct DeadlineOf {
    /// The `NAME` of the aggregate's type.
    pub aggregate: Text,
    /// The aggregate's own tag.
    pub tag: Tag,
    /// Its deadline after all events of the same append.
    pub deadline: RecordedDeadline,
}
