//! Events in tephra's form, and back.
//!
//! tephra has a type, tags and a payload; the payload is the [record]. The type tag
//! is added here, and taken away here.

use bailiwick_core::journal::{EncodedEvent, EventType, RecordedEvent, record};
use bailiwick_core::{BoxError, Position, Tag, Tags};
use tephra::event::DecodeError;
use tephra::{Event, EventRef};

use crate::terms::TYPE_TAG;

/// An event that has no form in tephra. None that is within the limits of the journal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotEncoded {
    #[error("the name of its type is empty or too long")]
    Type,
    #[error("it has too many tags")]
    Tags,
    #[error("tephra does not take its form")]
    Form(#[from] DecodeError),
}

/// Puts events into tephra's form, one after the other, in the same buffer.
#[derive(Default)]
pub(crate) struct Encoder {
    buffer: Vec<u8>,
}

/// What an event has beside its payload, mostly: so that the buffer is large enough at once.
const BESIDE_THE_PAYLOAD: usize = 512;

impl Encoder {
    /// For events whose payload has up to so many bytes.
    pub(crate) fn for_payloads_of(bytes: usize) -> Encoder {
        Encoder { buffer: Vec::with_capacity(bytes.saturating_add(BESIDE_THE_PAYLOAD)) }
    }

    /// tephra's form is the lengths of type and tags, then type, tags and payload. It makes one from
    /// its own types only, each in an allocation of its own; so the form is written here, and tephra
    /// checks it.
    pub(crate) fn encode(&mut self, event: &EncodedEvent) -> Result<Event, NotEncoded> {
        let event_type = event.event_type.as_str();
        let tags = event.tags.as_slice();
        let type_length = u16::try_from(event_type.len()).ok();
        let type_length = type_length.filter(|length| (1..u16::MAX).contains(length));
        let type_length = type_length.ok_or(NotEncoded::Type)?;
        let tag_count = u16::try_from(tags.len() + 1).map_err(|_| NotEncoded::Tags)?;
        // In order, as tephra wants them: the type tag comes between those before and behind it.
        let before =
            tags.partition_point(|tag| tag.as_str().as_bytes() < [TYPE_TAG as u8].as_slice());
        let (before, behind) = tags.split_at(before);

        let buffer = &mut self.buffer;
        buffer.clear();
        buffer.extend_from_slice(&type_length.to_le_bytes());
        buffer.extend_from_slice(&tag_count.to_le_bytes());
        before.iter().for_each(|tag| length(tag, buffer));
        buffer.extend_from_slice(&(type_length + 1).to_le_bytes());
        behind.iter().for_each(|tag| length(tag, buffer));
        buffer.extend_from_slice(event_type.as_bytes());
        before.iter().for_each(|tag| buffer.extend_from_slice(tag.as_str().as_bytes()));
        buffer.push(TYPE_TAG as u8);
        buffer.extend_from_slice(event_type.as_bytes());
        behind.iter().for_each(|tag| buffer.extend_from_slice(tag.as_str().as_bytes()));
        record::encode(event, buffer);
        Ok(EventRef::from_bytes(buffer)?.to_owned())
    }
}

fn length(tag: &Tag, buffer: &mut Vec<u8>) {
    let length = u16::try_from(tag.as_str().len()).expect("a tag has 251 bytes at most");
    buffer.extend_from_slice(&length.to_le_bytes());
}

/// Reads events of tephra. Those of a page have few types and often the same tags: what an event has
/// in common with those before it is shared.
#[derive(Default)]
pub(crate) struct Decoder {
    types: Vec<EventType>,
    tags: Tags,
}

/// How many types are remembered: a page rarely has more.
const TYPES: usize = 16;

impl Decoder {
    pub(crate) fn decode(
        &mut self,
        position: Position,
        event: EventRef<'_>,
    ) -> Result<RecordedEvent, BoxError> {
        let event_type = self.event_type(event.event_type());
        let tags = self.tags(event)?;
        Ok(RecordedEvent { position, event: record::decode(event_type, tags, event.data())? })
    }

    fn event_type(&mut self, name: &str) -> EventType {
        if let Some(known) = self.types.iter().find(|known| **known == *name) {
            return known.clone();
        }
        let event_type = EventType::from(name.to_owned());
        if self.types.len() < TYPES {
            self.types.push(event_type.clone());
        }
        event_type
    }

    fn tags(&mut self, event: EventRef<'_>) -> Result<Tags, BoxError> {
        let stored = || event.tags().filter(|tag| !tag.starts_with(TYPE_TAG));
        if !self.tags.iter().map(Tag::as_str).eq(stored()) {
            self.tags = stored().map(str::parse::<Tag>).collect::<Result<_, _>>()?;
        }
        Ok(self.tags.clone())
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::Timestamp;
    use bailiwick_core::journal::{AppendLimits, Metadata};
    use bytes::Bytes;

    use super::*;
    use crate::store::RECORD_OVERHEAD;

    /// How many bytes the name of a type, and how many tags an event may have in tephra, which has
    /// the type as a tag as well.
    const NAMES: usize = tephra::MAX_NAME_LEN - 1;

    fn event(event_type: &str, tags: &[&str]) -> EncodedEvent {
        EncodedEvent {
            event_type: event_type.to_owned().into(),
            version: 1,
            tags: tags.iter().map(|tag| tag.parse::<Tag>().unwrap()).collect(),
            payload: Bytes::from_static(b"payload"),
            recorded_at: Timestamp::from_millis(7),
            metadata: Metadata::default(),
        }
    }

    #[test]
    fn what_comes_back_is_what_was_stored_and_not_the_type_tag() {
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        // Tags before and behind the type tag, and none at all.
        for tags in [&["-:1", "0:1", "9:z", "a:1", "b:1"][..], &["z:1"], &["1:1"], &[], &["z:1"]] {
            for event_type in ["A", "=A", "Z", "a:1", "ü 語"] {
                let event = event(event_type, tags);
                let stored = encoder.encode(&event).unwrap();
                let type_tag = format!("={event_type}");
                assert!(stored.tags().any(|tag| tag == type_tag), "{stored:?}");
                let position = Position::new(3);
                let back = decoder.decode(position, stored.as_ref()).unwrap();
                assert_eq!(back, RecordedEvent { position, event });
            }
        }
    }

    #[test]
    fn tephra_takes_what_the_limits_of_every_journal_allow() {
        let standard = AppendLimits::STANDARD;
        assert!(standard.type_bytes <= NAMES && standard.tags <= NAMES);
        let mut encoder = Encoder::default();
        for bytes in [0, NAMES + 1] {
            let refused = encoder.encode(&event(&"x".repeat(bytes), &[])).unwrap_err();
            assert!(matches!(refused, NotEncoded::Type), "{refused}");
        }
        encoder.encode(&event(&"x".repeat(NAMES), &[])).unwrap();
    }

    #[test]
    fn the_count_of_the_port_is_never_less_than_what_tephra_stores() {
        let mut encoder = Encoder::default();
        let tags: Vec<String> = (0..300).map(|n| format!("t:{n}")).collect();
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        for event_type in ["A", &"x".repeat(NAMES)] {
            for tags in [&tags[..0], &tags[..1], &tags] {
                for payload in [0, 1, 255, 256, 65_536] {
                    let mut event = event(event_type, tags);
                    event.payload = vec![0x80; payload].into();
                    let stored = encoder.encode(&event).unwrap().as_bytes().len();
                    let stored = stored + RECORD_OVERHEAD;
                    assert!(stored <= event.counted_bytes(), "{stored} of {event:?}");
                }
            }
        }
    }
}
