//! Writes what serde gives it, in the form that `rmp-serde` reads: fields by name, enums by the name
//! of their variant, types in their form for people.
//!
//! 1. What is nested deeper than can be read again is refused before more of the stack is used.
//! 2. `Some` of what is stored as nothing is refused where that matters: it would be read as `None`.
//! 3. The number of entries that stands before those of a list or a map is the number that there are,
//!    whether serde knew it or not.
//!
//! It is generic and written to be inlined, because it is where names are constants that encoding
//! them is a copy of a few bytes: what is short has a way of its own.

mod container;
mod error;
mod fixed;
mod serializer;

use rmp::Marker;
use rmp::encode;
use serde::Serialize;

pub(super) use error::{EncodeError, Refusal};

use super::MAX_DEPTH;

/// How often what has no depth of its own in the encoding (`Some`, a newtype) may be wrapped, in
/// values: it takes its part of the stack all the same.
const MAX_WRAPS: usize = 4 * MAX_DEPTH;

/// A `Vec` takes what fits into memory.
const TAKEN: &str = "a Vec takes everything";

/// Encodes values at the end of a buffer. A `STRICT` one refuses what would not come back; else `Some`
/// of nothing is written like `None`, which is what serde makes of it.
pub(super) struct Encoder<'o, const STRICT: bool> {
    out: &'o mut Vec<u8>,
    /// How many containers may still be opened within each other.
    depth: usize,
    /// How many wraps may still be put around what comes.
    wraps: usize,
    /// The first refusal of the encoder's own, so that nobody can pass over it.
    refused: Option<Refusal>,
}

impl<'o, const STRICT: bool> Encoder<'o, STRICT> {
    #[inline]
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        // The innermost value counts.
        Encoder { out, depth: MAX_DEPTH - 1, wraps: MAX_WRAPS, refused: None }
    }

    /// Whether all went well: a type's code may have passed over what did not.
    #[inline]
    pub(super) fn finish(self) -> Result<(), EncodeError> {
        match self.refused {
            None => Ok(()),
            Some(refusal) => Err(refusal.into()),
        }
    }

    #[cold]
    fn refuse<T>(&mut self, refusal: Refusal) -> Result<T, EncodeError> {
        Err((*self.refused.get_or_insert(refusal)).into())
    }

    #[inline]
    fn enter(&mut self) -> Result<(), EncodeError> {
        let Some(depth) = self.depth.checked_sub(1) else {
            return self.refuse(Refusal::TooDeep);
        };
        self.depth = depth;
        Ok(())
    }

    /// A list or a map of so many entries; they come next.
    #[inline]
    fn open(&mut self, kind: Kind, entries: usize) -> Result<u32, EncodeError> {
        self.enter()?;
        let entries = self.length(entries)?;
        kind.head(self.out, entries);
        Ok(entries)
    }

    #[inline]
    fn wrap<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let Some(wraps) = self.wraps.checked_sub(1) else {
            return self.refuse(Refusal::TooDeep);
        };
        self.wraps = wraps;
        value.serialize(&mut *self)?;
        self.wraps += 1;
        Ok(())
    }

    /// A length that is written before what it counts.
    #[inline]
    fn length(&mut self, len: usize) -> Result<u32, EncodeError> {
        match u32::try_from(len) {
            Ok(len) => Ok(len),
            Err(_) => self.refuse(Refusal::TooLong),
        }
    }

    #[inline]
    fn text(&mut self, text: &str) -> Result<(), EncodeError> {
        match u8::try_from(text.len()) {
            Ok(few @ 0..32) => self.out.push(Marker::FixStr(few).to_u8()),
            _ => {
                let len = self.length(text.len())?;
                encode::write_str_len(self.out, len).expect(TAKEN);
            }
        }
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    #[inline]
    fn number(&mut self, number: u64) -> Result<(), EncodeError> {
        encode::write_uint(self.out, number).expect(TAKEN);
        Ok(())
    }

    #[inline]
    fn signed(&mut self, number: i64) -> Result<(), EncodeError> {
        encode::write_sint(self.out, number).expect(TAKEN);
        Ok(())
    }

    /// A map of one entry, by the name of a variant; its value comes next.
    #[inline]
    fn variant(&mut self, name: &str) -> Result<(), EncodeError> {
        self.enter()?;
        self.out.push(Marker::FixMap(1).to_u8());
        self.text(name)
    }
}

/// What has entries.
#[derive(Clone, Copy)]
enum Kind {
    Array,
    Map,
}

impl Kind {
    #[inline]
    fn head(self, out: &mut Vec<u8>, entries: u32) {
        match (self, u8::try_from(entries)) {
            (Kind::Array, Ok(few @ 0..16)) => out.push(Marker::FixArray(few).to_u8()),
            (Kind::Map, Ok(few @ 0..16)) => out.push(Marker::FixMap(few).to_u8()),
            (Kind::Array, _) => drop(encode::write_array_len(out, entries).expect(TAKEN)),
            (Kind::Map, _) => drop(encode::write_map_len(out, entries).expect(TAKEN)),
        }
    }
}
