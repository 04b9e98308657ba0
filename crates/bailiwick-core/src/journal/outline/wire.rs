//! How an outline is kept: its version, one byte, and MessagePack.
//!
//! An array of the last position, and whether it is complete; the names of types, of keys and of aggregates; shapes;
//! keys; deadlines. A name is given by its place among those of its kind. What is in no order within an outline is
//! written in order, so that the same outline is always the same bytes.

use super::Outline;
use super::deadlines::{Deadlines, Due};
use super::drawn::Drawn;
use super::names::{Names, Table};
use super::open::{Named, OfKey, Open};
use super::shapes::{Kept, Shapes};
use crate::codec::wire::{Reader, Writer};
use crate::journal::{Malformed, RecordedDeadline};
use crate::position::Position;
use crate::time::Timestamp;

/// The version that is written.
const VERSION: u8 = 1;

/// Why bytes are not an outline. It can be made again of the events.
///
/// For an example see [`Outline`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutlineError {
    /// Another version of Bailiwick wrote it.
    #[error("the outline has version {found}, and this version of Bailiwick reads {VERSION}")]
    OtherVersion {
        /// Its first byte.
        found: u8,
    },
    /// It is damaged.
    #[error("the outline is damaged")]
    Malformed(#[from] Malformed),
}

impl Outline {
    /// Writes it at the end of `out`.
    ///
    /// For an example see [`Outline`].
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        let mut out = Writer(out);
        out.number(self.upto.get());
        out.number(self.is_complete().into());
        let Names { types, keys, aggregates } = &self.names;
        for table in [types, keys, aggregates] {
            length(&mut out, table.len());
            table.iter().for_each(|text| out.text(text.as_str()));
        }
        length(&mut out, self.shapes.all().len());
        self.shapes.all().iter().for_each(|kept| kept.encode(&mut out));
        length(&mut out, self.keys.len());
        self.keys.iter().for_each(|key| key.encode(&mut out));
        self.deadlines.encode(&mut out);
    }

    /// Reads one.
    ///
    /// For an example see [`Outline`].
    ///
    /// # Errors
    /// If it is of another version, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Outline, OutlineError> {
        match bytes.split_first() {
            Some((&VERSION, bytes)) => Ok(decode(&mut Reader::new(bytes))?),
            found => {
                Err(OutlineError::OtherVersion { found: found.map_or(0, |(found, _)| *found) })
            }
        }
    }
}

fn decode(from: &mut Reader<'_>) -> Result<Outline, Malformed> {
    let upto = Position::new(from.number()?);
    if from.number()? == 0 {
        return Ok(Outline { upto, shapes: Shapes::full(), ..Outline::default() });
    }
    let mut names = Names::default();
    for table in [&mut names.types, &mut names.keys, &mut names.aggregates] {
        *table = read_table(from)?;
    }
    let mut shapes = Shapes::default();
    for _ in 0..from.array()? {
        shapes.keep(Kept::decode(from, &names)?, &names);
    }
    let keys = read(from, |from| OfKey::decode(from, &names))?;
    let deadlines = Deadlines::decode(from, &names)?;
    match from.rest() {
        [] => Ok(Outline { upto, names, shapes, deadlines, keys }),
        _ => Err(from.missing("the end of the outline")),
    }
}

fn length(out: &mut Writer<'_>, length: usize) {
    out.array(u32::try_from(length).expect("it is bounded"));
}

fn numbers(out: &mut Writer<'_>, numbers: impl IntoIterator<Item = u32>) {
    numbers.into_iter().for_each(|number| out.number(number.into()));
}

fn read<T>(
    from: &mut Reader<'_>,
    each: impl Fn(&mut Reader<'_>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    (0..from.array()?).map(|_| each(from)).collect()
}

fn read_table(from: &mut Reader<'_>) -> Result<Table, Malformed> {
    let mut table = Table::default();
    for expected in 0..from.array()? {
        let twice = from.missing("a name that was not there before");
        if table.number(from.text()?) != expected {
            return Err(twice);
        }
    }
    Ok(table)
}

/// The number of a name in a table.
fn read_name(from: &mut Reader<'_>, table: &Table) -> Result<u32, Malformed> {
    let missing = from.missing("the number of a name");
    let number = u32::try_from(from.number()?).map_err(|_| missing)?;
    if (number as usize) < table.len() { Ok(number) } else { Err(missing) }
}

fn read_small(from: &mut Reader<'_>) -> Result<u32, Malformed> {
    let missing = from.missing("a number below 2^32");
    u32::try_from(from.number()?).map_err(|_| missing)
}

impl Kept {
    fn encode(&self, out: &mut Writer<'_>) {
        out.number(self.event_type.into());
        out.number(self.version.into());
        let origin = self.origin.map_or(vec![], |(aggregate, key)| vec![aggregate, key]);
        for some in [&origin, &self.keys] {
            length(out, some.len());
            numbers(out, some.iter().copied());
        }
        [self.first.get(), self.last.get(), self.count]
            .iter()
            .for_each(|number| out.number(*number));
    }

    fn decode(from: &mut Reader<'_>, names: &Names) -> Result<Kept, Malformed> {
        let event_type = read_name(from, &names.types)?;
        let version = read_small(from)?;
        let missing = from.missing("who decided it");
        let origin = match from.array()? {
            0 => None,
            2 => Some((read_name(from, &names.aggregates)?, read_name(from, &names.keys)?)),
            _ => return Err(missing),
        };
        let keys = read(from, |from| read_name(from, &names.keys))?;
        let (first, last) = (Position::new(from.number()?), Position::new(from.number()?));
        Ok(Kept { event_type, version, origin, keys, first, last, count: from.number()? })
    }
}

impl OfKey {
    fn encode(&self, out: &mut Writer<'_>) {
        length(out, self.names.len());
        for Named { aggregate, rule, drawn } in &self.names {
            numbers(out, [*aggregate, *rule]);
            length(out, drawn.len());
            drawn.values().for_each(|value| out.text(value));
        }
        length(out, self.sets.len());
        for Open { tags, beyond } in &self.sets {
            let mut tags: Vec<_> = tags.iter().collect();
            tags.sort_unstable();
            length(out, tags.len());
            for (value, types) in tags {
                out.text(value);
                length(out, types.len());
                numbers(out, types.iter().copied());
            }
            length(out, beyond.len());
            numbers(out, beyond.iter().copied());
        }
    }

    fn decode(from: &mut Reader<'_>, names: &Names) -> Result<OfKey, Malformed> {
        let named = read(from, |from| {
            let (aggregate, rule) = (read_name(from, &names.aggregates)?, read_small(from)?);
            let mut drawn = Drawn::default();
            for _ in 0..from.array()? {
                drawn.offer(from.text()?);
            }
            Ok(Named { aggregate, rule, drawn })
        })?;
        let missing = from.missing("a set for each set of names");
        let sets = read(from, |from| {
            let types = |from: &mut Reader<'_>| read(from, |from| read_name(from, &names.types));
            let tags = read(from, |from| Ok((from.text()?.into(), types(from)?)))?;
            Ok(Open { tags: tags.into_iter().collect(), beyond: types(from)? })
        })?;
        let expected = u32::try_from(named.len()).ok().and_then(|names| 1_usize.checked_shl(names));
        if !sets.is_empty() && Some(sets.len()) != expected {
            return Err(missing);
        }
        Ok(OfKey { names: named, sets })
    }
}

impl Deadlines {
    fn encode(&self, out: &mut Writer<'_>) {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_unstable_by_key(|(value, _)| *value);
        length(out, all.len());
        for (value, known) in all {
            out.text(value);
            length(out, known.len());
            for Due { key, aggregate, deadline, at } in known {
                numbers(out, [*key, *aggregate, deadline.version()]);
                match deadline.at() {
                    Some(due) => out.number(due.as_millis()),
                    None => out.nil(),
                }
                out.number(at.get());
            }
        }
    }

    fn decode(from: &mut Reader<'_>, names: &Names) -> Result<Deadlines, Malformed> {
        let values = from.array()? as usize;
        // A length that is not so is no reason to ask for much memory.
        let mut deadlines = Deadlines::with_room_for(values.min(from.rest().len() / 8));
        for _ in 0..values {
            let value = from.text()?;
            let known = read(from, |from| {
                let key = read_name(from, &names.keys)?;
                let aggregate = read_name(from, &names.aggregates)?;
                let rule = read_small(from)?;
                let due = from.number_or_nil()?.map(Timestamp::from_millis);
                let at = Position::new(from.number()?);
                Ok(Due { key, aggregate, deadline: RecordedDeadline::new(due, rule), at })
            })?;
            deadlines.keep(value, known);
        }
        Ok(deadlines)
    }
}
