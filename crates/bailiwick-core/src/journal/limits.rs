//! What an append may hold: one contract, kept by every journal and looked at by whoever appends.
//!
//! How bytes are counted is said here and nowhere else, so that whoever forms an append knows what a
//! journal will say of it. The count is never less than what a journal that keeps
//! [records](crate::journal::record) writes.
//!
//! Why it is as it is: docs/decisions/admission-and-bounds.md.

use crate::journal::{DeadlineOf, EncodedEvent, Extra, Metadata, RecordedCommand};
use crate::text::Text;

/// What an append may hold. Whatever is within is taken, as far as this is concerned; whatever is
/// beyond is refused as [`OverLimit`], and always will be.
///
/// ```
/// use bailiwick_core::journal::{AppendLimits, OverLimit};
///
/// let limits = AppendLimits::STANDARD.with_bytes(1_000);
/// assert_eq!(limits.check_bytes(1_000), Ok(()));
/// let too_large = OverLimit::TooLarge { bytes: 1_001, most: 1_000 };
/// assert_eq!(limits.check_bytes(1_001), Err(too_large));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppendLimits {
    /// How many bytes its events may have together, as [`EncodedEvent::counted_bytes`] counts them.
    pub bytes: usize,
    /// How many tags each of its events may have.
    pub tags: usize,
    /// How many bytes the name of an event's type may have. It has one at least.
    pub type_bytes: usize,
}

/// What an event counts for beside its payload, its names and its texts, in bytes.
const EVENT_BYTES: usize = 96;
/// What a tag counts for beside its text, in bytes.
const TAG_BYTES: usize = 8;
/// What a text of the metadata counts for beside itself, in bytes.
const TEXT_BYTES: usize = 24;
/// What metadata that few events have counts for beside its texts, in bytes.
const EXTRA_BYTES: usize = 56;
/// What the deadline of another aggregate takes beside its texts.
const DEADLINE_BYTES: usize = 32;

impl AppendLimits {
    /// What every journal takes unless it was told otherwise: 16 MiB, 65 534 tags, names of types of
    /// 65 534 bytes.
    pub const STANDARD: AppendLimits =
        AppendLimits { bytes: 16 << 20, tags: 65_534, type_bytes: 65_534 };

    /// The same with another bound for the bytes.
    #[must_use]
    pub const fn with_bytes(self, bytes: usize) -> AppendLimits {
        AppendLimits { bytes, ..self }
    }

    /// How many bytes an append of these events has, if it is within the limits.
    ///
    /// # Errors
    /// If a journal with these limits never takes it.
    pub fn check(&self, events: &[EncodedEvent]) -> Result<usize, OverLimit> {
        events.iter().try_for_each(|event| self.check_names(event))?;
        let bytes = events.iter().map(EncodedEvent::counted_bytes).sum();
        self.check_bytes(bytes)?;
        Ok(bytes)
    }

    /// Whether an append of so many bytes is within the limits.
    ///
    /// # Errors
    /// If it is not.
    pub fn check_bytes(&self, bytes: usize) -> Result<(), OverLimit> {
        let most = self.bytes;
        if bytes > most { Err(OverLimit::TooLarge { bytes, most }) } else { Ok(()) }
    }

    /// Whether the type and the tags of an event are within the limits.
    ///
    /// # Errors
    /// If they are not.
    pub fn check_names(&self, event: &EncodedEvent) -> Result<(), OverLimit> {
        let (bytes, most) = (event.event_type.as_str().len(), self.type_bytes);
        if bytes == 0 || bytes > most {
            return Err(OverLimit::TypeName { bytes, most });
        }
        let (tags, most) = (event.tags.as_slice().len(), self.tags);
        if tags > most { Err(OverLimit::Tags { tags, most }) } else { Ok(()) }
    }
}

/// Why a journal never takes an append, whatever its state.
///
/// For an example see [`AppendLimits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OverLimit {
    /// It is too large.
    #[error(
        "what is to be appended has {bytes} bytes, and the journal takes {most} at once; emit fewer \
         or smaller events"
    )]
    TooLarge {
        /// How many bytes its events have, as [`EncodedEvent::counted_bytes`] counts them.
        bytes: usize,
        /// How many they may have.
        most: usize,
    },
    /// An event has too many tags.
    #[error("an event has {tags} tags, and the journal takes {most}; let it concern fewer things")]
    Tags {
        /// How many it has.
        tags: usize,
        /// How many it may have.
        most: usize,
    },
    /// The name of an event's type is empty or too long.
    #[error("the name of an event's type has {bytes} bytes, and the journal takes 1 to {most}")]
    TypeName {
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
}

impl EncodedEvent {
    /// What it counts for in [`AppendLimits::bytes`]: its payload, the name of its type twice (once
    /// to be found by it), its tags and the texts of its metadata, and something for each of them.
    pub fn counted_bytes(&self) -> usize {
        let names = 2 * self.event_type.as_str().len();
        let tags: usize = self.tags.iter().map(|tag| tag.as_str().len() + TAG_BYTES).sum();
        EVENT_BYTES + self.payload.len() + names + tags + self.metadata.counted_bytes()
    }
}

impl Metadata {
    fn counted_bytes(&self) -> usize {
        let origin = self.origin.as_ref().map_or(0, |origin| {
            2 * TEXT_BYTES + origin.aggregate.as_str().len() + origin.tag.as_str().len()
        });
        let extra = if self.has_extra() { self.extra().counted_bytes() } else { 0 };
        text(self.command.as_ref()) + origin + extra
    }
}

impl Extra {
    fn counted_bytes(&self) -> usize {
        let idempotency = self
            .idempotency
            .as_ref()
            .map_or(0, |known| 2 * TEXT_BYTES + known.key.as_str().len() + known.reply.len());
        let delivery = self.delivery.as_ref().map_or(0, |delivery| {
            let target = delivery.target.as_ref().map_or(0, |target| {
                let tag = target.tag.as_ref().map_or(0, |tag| tag.as_str().len());
                target.name.as_str().len() + tag
            });
            4 * TEXT_BYTES + delivery.policy.as_str().len() + target
        });
        let deadlines = self.deadlines.iter().map(DeadlineOf::counted_bytes).sum::<usize>();
        let recorded = self.recorded.as_ref().map_or(0, RecordedCommand::counted_bytes);
        let texts = recorded + text(self.correlation.as_ref()) + text(self.principal.as_ref());
        EXTRA_BYTES + texts + idempotency + delivery + deadlines + self.unknown.bytes.len()
    }
}

impl RecordedCommand {
    fn counted_bytes(&self) -> usize {
        Self::BYTES + self.form.as_ref().map_or(0, bytes::Bytes::len)
    }
}

impl DeadlineOf {
    /// What it adds to [`EncodedEvent::counted_bytes`].
    #[doc(hidden)]
    pub fn counted_bytes(&self) -> usize {
        DEADLINE_BYTES + self.aggregate.as_str().len() + self.tag.as_str().len()
    }
}

fn text(text: Option<&Text>) -> usize {
    text.map_or(0, |text| TEXT_BYTES + text.as_str().len())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::journal::{
        Delivery, DeliveryTarget, EventType, Idempotency, Origin, RecordedDeadline, record,
    };
    use crate::position::Position;
    use crate::tag::{Tag, Tags};
    use crate::time::Timestamp;

    /// How many bytes a text may have so that its length takes the most room.
    const LONG: usize = 70_000;

    fn event(type_bytes: usize, tags: usize, payload: usize) -> EncodedEvent {
        EncodedEvent {
            event_type: EventType::from("x".repeat(type_bytes)),
            version: u32::MAX,
            tags: (0..tags).map(|n| Tag::new("t", n).unwrap()).collect::<Tags>(),
            payload: vec![0xff; payload].into(),
            recorded_at: Timestamp::MAX,
            metadata: Metadata::default(),
        }
    }

    fn everything(event: &mut EncodedEvent, bytes: usize) {
        let text = || Text::from("y".repeat(bytes));
        let tag = Tag::new("course", "z".repeat(bytes.clamp(1, 200))).unwrap();
        let deadline = RecordedDeadline::new(Some(Timestamp::MAX), u32::MAX);
        let origin = Origin { aggregate: text(), tag: tag.clone(), deadline };
        event.metadata.command = Some(text());
        event.metadata.origin = Some(origin);
        let extra = event.metadata.extra_mut();
        extra.correlation = Some(text());
        extra.causation = Some(Position::new(u64::MAX));
        extra.principal = Some(text());
        let reply = Bytes::from(vec![1; bytes]);
        extra.idempotency = Some(Idempotency { key: text(), fingerprint: u64::MAX, reply });
        let (policy, source) = (text(), Position::new(u64::MAX));
        let target = Some(DeliveryTarget { name: text(), tag: Some(tag) });
        let (run, ordinal) = (u32::MAX, u32::MAX);
        extra.delivery = Some(Delivery { policy, run, source, target, ordinal });
        let (aggregate, tag) = (text(), Tag::new("x", "y").unwrap());
        extra.deadlines = vec![DeadlineOf { aggregate, tag, deadline }; 20];
        extra.hops = u32::MAX;
        let mut recorded = RecordedCommand::new(Some(vec![1; bytes].into()), u32::MAX);
        recorded.as_of = Some(Position::new(u64::MAX));
        recorded.read_upto = Some(Position::new(u64::MAX));
        extra.recorded = Some(recorded);
    }

    #[test]
    fn the_count_is_never_less_than_what_is_written() {
        for bytes in [0, 1, 31, 32, 255, 256, LONG] {
            for tags in [0, 1, 20] {
                let mut event = event(bytes.max(1), tags, bytes);
                let check = |event: &EncodedEvent| {
                    let mut written = Vec::new();
                    record::encode(event, &mut written);
                    // Lengths, types twice and tags as a journal of bytes writes them, and 40 bytes
                    // for what it wants beside them.
                    let tags: usize = event.tags.iter().map(|tag| tag.as_str().len() + 4).sum();
                    let names = 2 * event.event_type.as_str().len() + tags + 40;
                    let (counted, written) = (event.counted_bytes(), names + written.len());
                    assert!(counted >= written, "{counted} < {written}: {bytes} bytes, {tags}");
                };
                check(&event);
                everything(&mut event, bytes);
                check(&event);
            }
        }
    }

    #[test]
    fn what_is_beyond_a_limit_is_said() {
        let limits = AppendLimits { bytes: 1_000, tags: 3, type_bytes: 5 };
        let one = event(5, 3, 0);
        let bytes = one.counted_bytes();
        assert_eq!(limits.check(&[one.clone(), one.clone()]), Ok(2 * bytes));
        let exactly = event(5, 3, 1_000 - bytes);
        assert_eq!(limits.check(std::slice::from_ref(&exactly)), Ok(1_000));
        let refused = |events: &[EncodedEvent]| limits.check(events).unwrap_err();
        assert_eq!(refused(&[event(0, 0, 0)]), OverLimit::TypeName { bytes: 0, most: 5 });
        assert_eq!(refused(&[event(6, 0, 0)]), OverLimit::TypeName { bytes: 6, most: 5 });
        assert_eq!(refused(&[event(1, 4, 0)]), OverLimit::Tags { tags: 4, most: 3 });
        let too_large = OverLimit::TooLarge { bytes: 1_001, most: 1_000 };
        assert_eq!(refused(&[event(5, 3, 1_001 - bytes)]), too_large);
        let together = refused(&[exactly, one]);
        assert_eq!(together, OverLimit::TooLarge { bytes: 1_000 + bytes, most: 1_000 });
    }
}
