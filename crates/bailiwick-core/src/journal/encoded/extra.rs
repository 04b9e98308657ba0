//! What stands beside few events.

use std::fmt;

use bytes::Bytes;

use super::{DeadlineOf, Delivery, RecordedCommand};
use crate::position::Position;
use crate::text::Text;

/// What few events carry beside themselves. Written only where there is something.
///
/// For an example see [`EncodedEvent`](crate::journal::EncodedEvent).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Extra {
    /// The conversation it belongs to.
    pub correlation: Option<Text>,
    /// The event that it is a consequence of.
    pub causation: Option<Position>,
    /// On whose behalf.
    pub principal: Option<Text>,
    /// What is remembered of its command, on the command's last event.
    pub idempotency: Option<Idempotency>,
    /// The delivery whose effect it is.
    pub delivery: Option<Delivery>,
    /// The deadlines of aggregates that did not decide it, but read it: of those that are known.
    pub deadlines: Vec<DeadlineOf>,
    /// How many deliveries led to it, one after the other, from what somebody did.
    pub hops: u32,
    /// Its command, if that is of a type that is [recorded](crate::Recording): on the command's first
    /// event.
    pub recorded: Option<RecordedCommand>,
    /// What a later version of Bailiwick wrote, and this one hands on.
    pub unknown: UnknownMetadata,
}

impl Extra {
    pub(super) const fn none() -> Self {
        let unknown = UnknownMetadata { entries: 0, bytes: Bytes::new() };
        Extra {
            correlation: None,
            causation: None,
            principal: None,
            idempotency: None,
            delivery: None,
            deadlines: Vec::new(),
            hops: 0,
            recorded: None,
            unknown,
        }
    }
}

/// What is remembered of a command that was accepted: whoever asks again with the same key gets the
/// same reply.
///
/// For an example see [`EncodedEvent`](crate::journal::EncodedEvent).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key of the caller.
    pub key: Text,
    /// What the command is recognised by.
    pub fingerprint: u64,
    /// The reply, encoded.
    pub reply: Bytes,
}

/// Metadata that this version does not know, as it was written.
///
/// For an example see [`EncodedEvent`](crate::journal::EncodedEvent).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UnknownMetadata {
    pub(crate) entries: u32,
    pub(crate) bytes: Bytes,
}

impl UnknownMetadata {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }
}

impl fmt::Debug for UnknownMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::codec::show(&self.bytes))
    }
}
