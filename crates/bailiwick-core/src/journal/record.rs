//! The record of an event: what a journal that stores only bytes keeps beside type and tags.
//!
//! 1. A record that was written once can be read for ever. Its first byte is the version of its
//!    layout; a version that is not known is refused as such.
//! 2. What this version does not know is kept: read, and written again, with the rest.
//! 3. Whatever the bytes are, reading them ends with an event or with a [`RecordError`].
//!
//! For an example see [`EncodedEvent`].
//!
//! # Version 1
//!
//! One byte `01`, then a [MessagePack](https://msgpack.org) map whose keys are texts. What is
//! absent is not written.
//!
//! | key | value |
//! |---|---|
//! | `at` | time of recording, in milliseconds since the Unix epoch |
//! | `v` | version of the event's fields; absent for 1 |
//! | `command` | name of the command that was decided |
//! | `by`, `id`, `due` | the aggregate that decided it: its `NAME`, its tag, its deadline afterwards |
//! | `due_v` | version of the rule by which that is its deadline; absent for 1 |
//! | `correlation`, `causation`, `principal` | texts, and between them the position of the causing event |
//! | `key`, `fingerprint`, `reply` | idempotency: the caller's key, a number, the encoded reply as bytes |
//! | `policy`, `run`, `source`, `to`, `to_id`, `ordinal` | the delivery: its policy, how often that was rewound (absent for 0), the position it reacted to, the target: the `NAME` and tag of an aggregate, or the name of a decision, or absent for the news as a whole; which of the commands for it |
//! | `deadlines` | of others, after it: an array of `NAME`, tag, version of the rule, deadline or nil, of each in turn |
//! | `hops` | how many deliveries led to it; absent for 0 |
//! | `form`, `form_events`, `as_of`, `read_upto` | the command that led to it, if that is recorded: encoded, as bytes, or nil if it was too large; how many events it emitted (absent for 1); of a refusal, up to which position it was judged; of a decision, up to which position its views were read |
//! | `event` or `bytes` | always the last: the payload, as it is if it is a map, else as bytes |
//!
//! So any tool for MessagePack shows a whole record, without its first byte. Later versions may add
//! entries before the last one without being another layout.

mod read;

use crate::codec::wire::{Reader, Writer, is_map};
use crate::journal::{
    DeadlineOf, Delivery, EncodedEvent, EventType, Idempotency, Malformed, Origin, RecordedCommand,
};
use crate::position::Position;
use crate::tag::{InvalidTag, Tags};
use crate::text::Text;
use crate::time::Timestamp;

/// The layout that is written.
const VERSION: u8 = 1;

/// Why bytes are not the record of an event.
///
/// For an example see [`EncodedEvent`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// There are no bytes at all.
    #[error("a record is never empty")]
    Empty,
    /// A later version of Bailiwick wrote it.
    #[error(
        "the record has layout {found}, but this version of Bailiwick reads up to {VERSION}: run \
         the version that wrote it, or a later one"
    )]
    NewerLayout {
        /// Its first byte.
        found: u8,
    },
    /// It is damaged.
    #[error("the record is damaged")]
    Malformed(#[from] Malformed),
    /// It lacks what belongs to something else that it has.
    #[error("the record is damaged: it has no {0:?}")]
    Missing(&'static str),
    /// A number is larger than it can be.
    #[error("the record is damaged: {entry:?} cannot be {found}")]
    OutOfRange {
        /// Which entry.
        entry: &'static str,
        /// The number.
        found: u64,
    },
    /// A tag is none.
    #[error("the record is damaged: {entry:?} is no tag")]
    Tag {
        /// Which entry.
        entry: &'static str,
        /// What is wrong with it.
        source: InvalidTag,
    },
}

/// Writes the record of `event` at the end of `out`: all of it but its type and its tags.
///
/// For an example see [`EncodedEvent`].
pub fn encode(event: &EncodedEvent, out: &mut Vec<u8>) {
    out.push(VERSION);
    let start = Writer(out).open_map();
    let mut entries = Entries { out, count: 0 };
    write(event, &mut entries);
    let count = entries.count;
    Writer(out).close_map(start, count);
}

/// Writes entries, and counts them.
struct Entries<'a> {
    out: &'a mut Vec<u8>,
    count: u32,
}

impl Entries<'_> {
    fn key(&mut self, key: &str) -> Writer<'_> {
        self.count += 1;
        let mut writer = Writer(self.out);
        writer.text(key);
        writer
    }

    fn text(&mut self, key: &str, text: Option<&Text>) {
        if let Some(text) = text {
            self.key(key).text(text.as_str());
        }
    }

    fn number(&mut self, key: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.key(key).number(number);
        }
    }
}

fn write(event: &EncodedEvent, out: &mut Entries<'_>) {
    let metadata = &event.metadata;
    out.number("at", Some(event.recorded_at.as_millis()));
    out.number("v", Some(event.version).filter(|v| *v != 1).map(u64::from));
    out.text("command", metadata.command.as_ref());
    if let Some(Origin { aggregate, tag, deadline }) = &metadata.origin {
        out.text("by", Some(aggregate));
        out.key("id").text(tag.as_str());
        out.number("due", deadline.at().map(Timestamp::as_millis));
        out.number("due_v", Some(deadline.version()).filter(|v| *v != 1).map(u64::from));
    }
    if metadata.has_extra() {
        write_extra(event, out);
    }
    if is_map(&event.payload) && is_one_value(&event.payload) {
        out.key("event").raw(&event.payload);
    } else {
        out.key("bytes").bytes(&event.payload);
    }
}

fn write_extra(event: &EncodedEvent, out: &mut Entries<'_>) {
    let extra = event.metadata.extra();
    out.text("correlation", extra.correlation.as_ref());
    out.number("causation", extra.causation.map(Position::get));
    out.text("principal", extra.principal.as_ref());
    if let Some(Idempotency { key, fingerprint, reply }) = &extra.idempotency {
        out.text("key", Some(key));
        out.number("fingerprint", Some(*fingerprint));
        out.key("reply").bytes(reply);
    }
    if let Some(Delivery { policy, run, source, target, ordinal }) = &extra.delivery {
        out.text("policy", Some(policy));
        out.number("run", Some(*run).filter(|run| *run > 0).map(u64::from));
        out.number("source", Some(source.get()));
        out.text("to", target.as_ref().map(|target| &target.name));
        if let Some(tag) = target.as_ref().and_then(|target| target.tag.as_ref()) {
            out.key("to_id").text(tag.as_str());
        }
        out.number("ordinal", Some(u64::from(*ordinal)));
    }
    write_deadlines(&extra.deadlines, out);
    out.number("hops", Some(extra.hops).filter(|hops| *hops > 0).map(u64::from));
    if let Some(RecordedCommand { form, events, as_of, read_upto }) = &extra.recorded {
        match form {
            Some(form) => out.key("form").bytes(form),
            None => out.key("form").nil(),
        }
        out.number("form_events", Some(*events).filter(|events| *events != 1).map(u64::from));
        out.number("as_of", as_of.map(Position::get));
        out.number("read_upto", read_upto.map(Position::get));
    }
    out.count += extra.unknown.entries;
    Writer(out.out).raw(&extra.unknown.bytes);
}

fn write_deadlines(deadlines: &[DeadlineOf], out: &mut Entries<'_>) {
    if deadlines.is_empty() {
        return;
    }
    let mut values = out.key("deadlines");
    values.array(u32::try_from(4 * deadlines.len()).unwrap_or(u32::MAX));
    for DeadlineOf { aggregate, tag, deadline } in deadlines {
        values.text(aggregate.as_str());
        values.text(tag.as_str());
        values.number(deadline.version().into());
        match deadline.at() {
            Some(at) => values.number(at.as_millis()),
            None => values.nil(),
        }
    }
}

impl Malformed {
    /// The byte before the map counts too.
    fn behind_version(self) -> Malformed {
        Malformed { at: self.at + 1, ..self }
    }
}

fn is_one_value(payload: &[u8]) -> bool {
    let mut reader = Reader::new(payload);
    reader.value().is_ok() && reader.rest().is_empty()
}

/// When the event of a record was recorded, without reading all of it.
///
/// # Errors
/// If the bytes are no record, or one of a later version, as far as they are looked at.
///
/// For an example see [`EncodedEvent`].
pub fn recorded_at(bytes: &[u8]) -> Result<Timestamp, RecordError> {
    let at = read::recorded_at(map_of(bytes)?).map_err(Malformed::behind_version)?;
    at.map(Timestamp::from_millis).ok_or(RecordError::Missing("at"))
}

/// Reads a record that was written for an event of this type with these tags.
///
/// # Errors
/// If the bytes are no record, or one of a later version.
///
/// For an example see [`EncodedEvent`].
pub fn decode(
    event_type: EventType,
    tags: Tags,
    bytes: &[u8],
) -> Result<EncodedEvent, RecordError> {
    read::version_1(event_type, tags, map_of(bytes)?)
}

/// What follows the first byte.
fn map_of(bytes: &[u8]) -> Result<&[u8], RecordError> {
    match bytes {
        [] => Err(RecordError::Empty),
        [VERSION, map @ ..] => Ok(map),
        [0, ..] => Err(Malformed { expected: "the version of the layout", at: 0 }.into()),
        [found, ..] => Err(RecordError::NewerLayout { found: *found }),
    }
}
