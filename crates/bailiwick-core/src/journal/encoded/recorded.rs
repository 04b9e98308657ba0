//! A command beside its events, so that it can be decided again.

use bytes::Bytes;

use crate::position::Position;

/// The command that led to an event, of a type that is [recorded](crate::Recording). It stands beside the
/// first event of the command, or beside the one that says that it was refused.
///
/// For an example see [`EncodedEvent`](crate::journal::EncodedEvent).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedCommand {
    /// The command, encoded; none if it was larger than a runtime records, or could not be encoded.
    pub form: Option<Bytes>,
    /// How many events it emitted: this one, and those at the positions that follow. 0 if this is an event
    /// of Bailiwick's own.
    pub events: u32,
    /// Of a refusal: what it was judged on is what is in the journal up to here.
    pub as_of: Option<Position>,
    /// Of a decision: up to here were its views read; beyond that they hold what they guard, and nothing
    /// else.
    pub read_upto: Option<Position>,
}

impl RecordedCommand {
    /// A command that emitted so many events.
    pub fn new(form: Option<Bytes>, events: u32) -> Self {
        RecordedCommand { form, events, as_of: None, read_upto: None }
    }

    /// How many bytes it takes at most, beside its form.
    pub(crate) const BYTES: usize = 80;
}
