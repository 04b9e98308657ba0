//! What a record of the log holds: an event's type and tags, for whoever looks for it, and its
//! [`record`], which has all else.
//!
//! | bytes | what |
//! |---|---|
//! | 0 and 1 | how long the name of its type is |
//! | 2 and 3 | how many tags it has |
//! | 2 each | how long each of them is |
//! | on | the name, the tags in their order, and the record |

use bailiwick_core::journal::record::{self, RecordError};
use bailiwick_core::journal::{EncodedEvent, EventType, RecordedEvent};
use bailiwick_core::{InvalidTag, Position, Tag, Tags, Timestamp};

/// Why a record of the log is no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// It ends before its type or tags do, or they are no text.
    #[error("an event is damaged: its type or its tags cannot be read")]
    Names,
    /// One of its tags is none.
    #[error("an event is damaged: one of its tags is none")]
    Tag(#[source] InvalidTag),
    /// All else of it.
    #[error("an event cannot be read")]
    Record(#[source] RecordError),
}

/// Writes an event at the end of `out`.
///
/// # Panics
/// If it is beyond the [limits](bailiwick_core::journal::AppendLimits) of every journal.
pub fn encode(event: &EncodedEvent, out: &mut Vec<u8>) {
    let (event_type, tags) = (event.event_type.as_str(), event.tags.as_slice());
    let mut length = |length: usize| {
        let length = u16::try_from(length).expect("a name, and the number of tags, are limited");
        out.extend_from_slice(&length.to_le_bytes());
    };
    length(event_type.len());
    length(tags.len());
    tags.iter().for_each(|tag| length(tag.as_str().len()));
    out.extend_from_slice(event_type.as_bytes());
    tags.iter().for_each(|tag| out.extend_from_slice(tag.as_str().as_bytes()));
    record::encode(event, out);
}

/// The type and tags of an event, without reading all else.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    event_type: &'a str,
    lengths: &'a [u8],
    tags: &'a str,
    record: &'a [u8],
}

impl<'a> Names<'a> {
    /// Of a record of the log.
    ///
    /// # Errors
    /// If it is no event.
    pub fn of(bytes: &'a [u8]) -> Result<Names<'a>, StoredError> {
        Self::split(bytes).ok_or(StoredError::Names)
    }

    fn split(bytes: &'a [u8]) -> Option<Names<'a>> {
        let (event_type, rest) = bytes.split_first_chunk::<2>()?;
        let (count, rest) = rest.split_first_chunk::<2>()?;
        let lengths = rest.get(..2 * usize::from(u16::from_le_bytes(*count)))?;
        let rest = &rest[lengths.len()..];
        let (event_type, rest) = text(rest, usize::from(u16::from_le_bytes(*event_type)))?;
        let (tags, record) = text(rest, each(lengths).sum())?;
        Some(Names { event_type, lengths, tags, record })
    }

    /// The name of its type.
    pub fn event_type(&self) -> &'a str {
        self.event_type
    }

    /// When it was recorded.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn recorded_at(&self) -> Result<Timestamp, StoredError> {
        record::recorded_at(self.record).map_err(StoredError::Record)
    }

    /// Its tags, in their order.
    pub fn tags(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let mut rest = self.tags;
        each(self.lengths).map(move |length| {
            let (tag, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
            rest = behind;
            tag
        })
    }
}

fn text(bytes: &[u8], length: usize) -> Option<(&str, &[u8])> {
    let (text, rest) = bytes.split_at_checked(length)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

fn each(lengths: &[u8]) -> impl Iterator<Item = usize> {
    lengths.chunks_exact(2).map(|length| usize::from(u16::from_le_bytes([length[0], length[1]])))
}

/// Reads events. Those of a page have few types and often the same tags: what an event has in common with those
/// before it is shared.
#[derive(Debug, Default)]
pub struct Decoder {
    types: Vec<EventType>,
    tags: Tags,
}

/// How many types are remembered: a page rarely has more.
const TYPES: usize = 16;

impl Decoder {
    /// Reads the record that stands at this position.
    ///
    /// # Errors
    /// If it is no event.
    pub fn decode(
        &mut self,
        position: Position,
        bytes: &[u8],
    ) -> Result<RecordedEvent, StoredError> {
        let names = Names::of(bytes)?;
        let event_type = self.event_type(names.event_type());
        let known = self.tags.iter().map(Tag::as_str);
        if !names.tags().eq(known) {
            let tags = names.tags().map(str::parse::<Tag>).collect::<Result<_, _>>();
            self.tags = tags.map_err(StoredError::Tag)?;
        }
        let event = record::decode(event_type, self.tags.clone(), names.record);
        Ok(RecordedEvent { position, event: event.map_err(StoredError::Record)? })
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
}

#[cfg(test)]
mod tests {
    use bailiwick_core::journal::Metadata;

    use super::*;

    fn event(event_type: &str, tags: &[&str], payload: usize) -> EncodedEvent {
        EncodedEvent {
            event_type: event_type.to_owned().into(),
            version: 1,
            tags: tags.iter().map(|tag| tag.parse::<Tag>().expect("a tag")).collect(),
            payload: vec![0x80; payload].into(),
            recorded_at: Timestamp::from_millis(7),
            metadata: Metadata::default(),
        }
    }

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let mut decoder = Decoder::default();
        for tags in [&["a:1", "b:1"][..], &["z:1"], &[], &["z:1"]] {
            for event_type in ["A", "ü 語"] {
                let (event, position) = (event(event_type, tags, 9), Position::new(3));
                let mut bytes = Vec::new();
                encode(&event, &mut bytes);
                let names = Names::of(&bytes).expect("an event");
                assert_eq!(names.event_type(), event_type);
                assert!(names.tags().eq(tags.iter().copied()));
                assert_eq!(names.recorded_at().ok(), Some(event.recorded_at));
                let back = decoder.decode(position, &bytes).expect("an event");
                assert_eq!(back, RecordedEvent { position, event });
            }
        }
    }

    #[test]
    fn the_count_of_the_port_is_never_less_than_what_is_stored() {
        const FRAME: usize = 32 + 7;
        let tags: Vec<String> = (0..300).map(|n| format!("t:{n}")).collect();
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        for event_type in ["A", &"x".repeat(250)] {
            for tags in [&tags[..0], &tags[..1], &tags] {
                for payload in [0, 1, 255, 256, 65_536] {
                    let event = event(event_type, tags, payload);
                    let mut bytes = Vec::new();
                    encode(&event, &mut bytes);
                    assert!(bytes.len() + FRAME <= event.counted_bytes(), "{event:?}");
                }
            }
        }
    }

    #[test]
    fn whatever_the_bytes_are_reading_them_ends() {
        let mut bytes = Vec::new();
        encode(&event("Opened", &["a:1", "b:22"], 20), &mut bytes);
        for end in 0..bytes.len() {
            drop(Decoder::default().decode(Position::new(1), &bytes[..end]));
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            drop(Decoder::default().decode(Position::new(1), &changed));
        }
    }
}
