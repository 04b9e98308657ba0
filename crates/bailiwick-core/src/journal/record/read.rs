//! Reading the first layout.

use std::sync::Arc;

use bytes::Bytes;

use super::RecordError;
use crate::codec::wire::Reader;
use crate::journal::{
    DeadlineOf, Delivery, DeliveryTarget, EncodedEvent, EventType, Extra, Idempotency, Malformed,
    Metadata, Origin, RecordedCommand, RecordedDeadline, UnknownMetadata,
};
use crate::position::Position;
use crate::tag::{Tag, Tags};
use crate::text::Text;
use crate::time::Timestamp;

/// The entries of a record, as far as they are known.
#[derive(Default)]
struct Entries<'a> {
    at: Option<u64>,
    v: Option<u64>,
    command: Option<&'a str>,
    by: Option<&'a str>,
    id: Option<&'a str>,
    due: Option<u64>,
    due_v: Option<u64>,
    correlation: Option<&'a str>,
    causation: Option<u64>,
    principal: Option<&'a str>,
    key: Option<&'a str>,
    fingerprint: Option<u64>,
    reply: Option<&'a [u8]>,
    policy: Option<&'a str>,
    source: Option<u64>,
    run: Option<u64>,
    to: Option<&'a str>,
    to_id: Option<&'a str>,
    ordinal: Option<u64>,
    deadlines: Vec<OfOther<'a>>,
    hops: Option<u64>,
    /// Bytes, or nil.
    form: Option<Option<&'a [u8]>>,
    form_events: Option<u64>,
    as_of: Option<u64>,
    read_upto: Option<u64>,
    payload: Option<&'a [u8]>,
    unknown: Vec<&'a [u8]>,
}

/// The deadline of an aggregate that did not decide the event.
struct OfOther<'a> {
    aggregate: &'a str,
    tag: &'a str,
    version: u64,
    at: Option<u64>,
}

/// Reads what follows the first byte.
pub(super) fn version_1(
    event_type: EventType,
    tags: Tags,
    map: &[u8],
) -> Result<EncodedEvent, RecordError> {
    let entries = entries(map).map_err(Malformed::behind_version)?;
    let payload = entries.payload.ok_or(RecordError::Missing("event"))?;
    let at = entries.at.ok_or(RecordError::Missing("at"))?;
    let version = small("v", entries.v.or(Some(1)))?;
    let mut metadata = Metadata::default();
    metadata.command = entries.command.map(text);
    metadata.origin = entries.origin()?;
    let extra = entries.extra()?;
    if extra != Extra::default() {
        *metadata.extra_mut() = extra;
    }
    Ok(EncodedEvent {
        event_type,
        version,
        tags,
        payload: Bytes::copy_from_slice(payload),
        recorded_at: Timestamp::from_millis(at),
        metadata,
    })
}

/// When it was recorded, which stands first in what this version writes.
pub(super) fn recorded_at(map: &[u8]) -> Result<Option<u64>, Malformed> {
    let mut reader = Reader::new(map);
    for _ in 0..reader.map()? {
        if reader.text()? == "at" {
            return reader.number().map(Some);
        }
        reader.value()?;
    }
    Ok(None)
}

fn entries(map: &[u8]) -> Result<Entries<'_>, Malformed> {
    let mut reader = Reader::new(map);
    let mut entries = Entries::default();
    for _ in 0..reader.map()? {
        let entry = reader.rest();
        let key = reader.text()?;
        match key {
            "at" => entries.at = Some(reader.number()?),
            "v" => entries.v = Some(reader.number()?),
            "command" => entries.command = Some(reader.text()?),
            "by" => entries.by = Some(reader.text()?),
            "id" => entries.id = Some(reader.text()?),
            "due" => entries.due = Some(reader.number()?),
            "due_v" => entries.due_v = Some(reader.number()?),
            "event" => entries.payload = Some(reader.value()?),
            "bytes" => entries.payload = Some(reader.bytes()?),
            "correlation" => entries.correlation = Some(reader.text()?),
            "causation" => entries.causation = Some(reader.number()?),
            "principal" => entries.principal = Some(reader.text()?),
            "key" => entries.key = Some(reader.text()?),
            "fingerprint" => entries.fingerprint = Some(reader.number()?),
            "reply" => entries.reply = Some(reader.bytes()?),
            "policy" => entries.policy = Some(reader.text()?),
            "source" => entries.source = Some(reader.number()?),
            "run" => entries.run = Some(reader.number()?),
            "to" => entries.to = Some(reader.text()?),
            "to_id" => entries.to_id = Some(reader.text()?),
            "ordinal" => entries.ordinal = Some(reader.number()?),
            "deadlines" => entries.deadlines = of_others(&mut reader)?,
            "hops" => entries.hops = Some(reader.number()?),
            "form" => entries.form = Some(reader.bytes_or_nil()?),
            "form_events" => entries.form_events = Some(reader.number()?),
            "as_of" => entries.as_of = Some(reader.number()?),
            "read_upto" => entries.read_upto = Some(reader.number()?),
            _ => {
                reader.value()?;
                entries.unknown.push(&entry[..entry.len() - reader.rest().len()]);
            }
        }
    }
    match reader.rest() {
        [] => Ok(entries),
        _ => Err(reader.missing("the end of the record")),
    }
}

fn of_others<'a>(reader: &mut Reader<'a>) -> Result<Vec<OfOther<'a>>, Malformed> {
    let missing = reader.missing("an array of four values for each aggregate");
    let values = reader.array()?;
    if values % 4 != 0 {
        return Err(missing);
    }
    let mut all = Vec::new();
    for _ in 0..values / 4 {
        let (aggregate, tag) = (reader.text()?, reader.text()?);
        let (version, at) = (reader.number()?, reader.number_or_nil()?);
        all.push(OfOther { aggregate, tag, version, at });
    }
    Ok(all)
}

impl Entries<'_> {
    fn origin(&self) -> Result<Option<Origin>, RecordError> {
        let Some(aggregate) = self.by else {
            let deadline = [self.due.is_some(), self.due_v.is_some()];
            return all_absent("by", [self.id.is_some(), deadline.contains(&true)]);
        };
        Ok(Some(Origin {
            aggregate: text(aggregate),
            tag: tag("id", self.id)?,
            deadline: deadline(self.due, small("due_v", self.due_v.or(Some(1)))?),
        }))
    }

    fn extra(&self) -> Result<Extra, RecordError> {
        Ok(Extra {
            correlation: self.correlation.map(text),
            causation: self.causation.map(Position::new),
            principal: self.principal.map(text),
            idempotency: self.idempotency()?,
            delivery: self.delivery()?,
            deadlines: self.deadlines()?,
            hops: small("hops", self.hops.or(Some(0)))?,
            recorded: self.recorded()?,
            unknown: UnknownMetadata {
                entries: u32::try_from(self.unknown.len()).unwrap_or(u32::MAX),
                bytes: self.unknown.concat().into(),
            },
        })
    }

    fn deadlines(&self) -> Result<Vec<DeadlineOf>, RecordError> {
        let read = |of: &OfOther<'_>| {
            Ok(DeadlineOf {
                aggregate: text(of.aggregate),
                tag: tag("deadlines", Some(of.tag))?,
                deadline: deadline(of.at, small("deadlines", Some(of.version))?),
            })
        };
        self.deadlines.iter().map(read).collect()
    }

    fn recorded(&self) -> Result<Option<RecordedCommand>, RecordError> {
        let Some(form) = self.form else {
            let judged = [self.as_of.is_some(), self.read_upto.is_some()];
            return all_absent("form", [self.form_events.is_some(), judged.contains(&true)]);
        };
        Ok(Some(RecordedCommand {
            form: form.map(Bytes::copy_from_slice),
            events: small("form_events", self.form_events.or(Some(1)))?,
            as_of: self.as_of.map(Position::new),
            read_upto: self.read_upto.map(Position::new),
        }))
    }

    fn idempotency(&self) -> Result<Option<Idempotency>, RecordError> {
        let Some(key) = self.key else {
            return all_absent("key", [self.fingerprint.is_some(), self.reply.is_some()]);
        };
        Ok(Some(Idempotency {
            key: text(key),
            fingerprint: self.fingerprint.ok_or(RecordError::Missing("fingerprint"))?,
            reply: Bytes::copy_from_slice(self.reply.ok_or(RecordError::Missing("reply"))?),
        }))
    }

    fn delivery(&self) -> Result<Option<Delivery>, RecordError> {
        let target = [self.to.is_some(), self.to_id.is_some(), self.ordinal.is_some()];
        let Some(policy) = self.policy else {
            let of = [self.source.is_some(), self.run.is_some(), target.contains(&true)];
            return all_absent("policy", of);
        };
        if self.to.is_none() {
            all_absent::<(), 1>("to", [self.to_id.is_some()])?;
        }
        let tag = self.to_id.map(|text| tag("to_id", Some(text))).transpose()?;
        Ok(Some(Delivery {
            policy: text(policy),
            run: small("run", self.run.or(Some(0)))?,
            source: Position::new(self.source.ok_or(RecordError::Missing("source"))?),
            target: self.to.map(|name| DeliveryTarget { name: text(name), tag }),
            ordinal: small("ordinal", self.ordinal)?,
        }))
    }
}

fn deadline(at: Option<u64>, version: u32) -> RecordedDeadline {
    RecordedDeadline::new(at.map(Timestamp::from_millis), version)
}

/// Nothing, if nothing of what belongs to the absent entry is there either.
fn all_absent<T, const N: usize>(
    absent: &'static str,
    present: [bool; N],
) -> Result<Option<T>, RecordError> {
    if present.contains(&true) { Err(RecordError::Missing(absent)) } else { Ok(None) }
}

fn text(text: &str) -> Text {
    Text::from(Arc::<str>::from(text))
}

fn tag(entry: &'static str, text: Option<&str>) -> Result<Tag, RecordError> {
    let text = text.ok_or(RecordError::Missing(entry))?;
    text.parse().map_err(|source| RecordError::Tag { entry, source })
}

fn small(entry: &'static str, number: Option<u64>) -> Result<u32, RecordError> {
    let found = number.ok_or(RecordError::Missing(entry))?;
    u32::try_from(found).map_err(|_| RecordError::OutOfRange { entry, found })
}
