//! MessagePack by hand, for what is not serde's: records, and the fields that an upcaster sees.
//!
//! Nothing here copies or recurses, and nothing panics whatever the bytes are.

use rmp::Marker;
use rmp::{decode, encode};

/// Why bytes are not what they should be, and where.
///
/// For an example see [`EncodedEvent`](crate::journal::EncodedEvent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{expected} was expected at byte {at}, but is not there")]
pub struct Malformed {
    /// What should have been there.
    pub expected: &'static str,
    /// How many bytes come before it.
    pub at: usize,
}

/// Whether `bytes` begin like a map.
pub(crate) fn is_map(bytes: &[u8]) -> bool {
    let first = bytes.first().map(|byte| Marker::from_u8(*byte));
    matches!(first, Some(Marker::FixMap(_) | Marker::Map16 | Marker::Map32))
}

/// Writes values at the end of a buffer.
pub(crate) struct Writer<'a>(pub(crate) &'a mut Vec<u8>);

/// A `Vec` takes what fits into memory.
const TAKEN: &str = "a Vec takes everything";

impl Writer<'_> {
    /// The number of entries; they follow.
    pub(crate) fn map(&mut self, entries: u32) {
        encode::write_map_len(self.0, entries).expect(TAKEN);
    }

    /// Begins a map whose number of entries is known only at its end. Says where it is.
    pub(crate) fn open_map(&mut self) -> usize {
        self.map(0);
        self.0.len() - 1
    }

    /// The map that begins there has come to its end.
    pub(crate) fn close_map(&mut self, start: usize, entries: u32) {
        match u8::try_from(entries) {
            // The common case: its head has room for the number.
            Ok(few @ 0..16) => self.0[start] = Marker::FixMap(few).to_u8(),
            _ => {
                let mut head = Vec::new();
                Writer(&mut head).map(entries);
                self.0.splice(start..=start, head);
            }
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        encode::write_str(self.0, text).expect(TAKEN);
    }

    pub(crate) fn number(&mut self, number: u64) {
        encode::write_uint(self.0, number).expect(TAKEN);
    }

    /// The number of values; they follow.
    pub(crate) fn array(&mut self, values: u32) {
        encode::write_array_len(self.0, values).expect(TAKEN);
    }

    pub(crate) fn nil(&mut self) {
        encode::write_nil(self.0).expect(TAKEN);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        encode::write_bin(self.0, bytes).expect(TAKEN);
    }

    /// Values that are encoded already.
    pub(crate) fn raw(&mut self, values: &[u8]) {
        self.0.extend_from_slice(values);
    }
}

/// Reads values from the front of some bytes.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    len: usize,
}

type Found<T> = Result<T, Malformed>;

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes, len: bytes.len() }
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes have been read.
    pub(crate) fn at(&self) -> usize {
        self.len - self.rest.len()
    }

    /// The number of entries of a map; they follow.
    pub(crate) fn map(&mut self) -> Found<u32> {
        let missing = self.missing("a map");
        decode::read_map_len(&mut self.rest).map_err(|_| missing)
    }

    pub(crate) fn text(&mut self) -> Found<&'a str> {
        let missing = self.missing("a text");
        let len = decode::read_str_len(&mut self.rest).map_err(|_| missing)?;
        str::from_utf8(self.take(len, missing)?).map_err(|_| missing)
    }

    pub(crate) fn number(&mut self) -> Found<u64> {
        let missing = self.missing("a number from 0 to 2^64 - 1");
        decode::read_int(&mut self.rest).map_err(|_| missing)
    }

    pub(crate) fn number_or_nil(&mut self) -> Found<Option<u64>> {
        let mut ahead = self.rest;
        if decode::read_nil(&mut ahead).is_ok() {
            self.rest = ahead;
            return Ok(None);
        }
        self.number().map(Some)
    }

    /// The number of values of an array; they follow.
    pub(crate) fn array(&mut self) -> Found<u32> {
        let missing = self.missing("an array");
        decode::read_array_len(&mut self.rest).map_err(|_| missing)
    }

    pub(crate) fn bytes(&mut self) -> Found<&'a [u8]> {
        let missing = self.missing("bytes");
        let len = decode::read_bin_len(&mut self.rest).map_err(|_| missing)?;
        self.take(len, missing)
    }

    pub(crate) fn bytes_or_nil(&mut self) -> Found<Option<&'a [u8]>> {
        let mut ahead = self.rest;
        if decode::read_nil(&mut ahead).is_ok() {
            self.rest = ahead;
            return Ok(None);
        }
        self.bytes().map(Some)
    }

    /// One value of any kind, as it is encoded.
    pub(crate) fn value(&mut self) -> Found<&'a [u8]> {
        let whole = self.rest;
        let mut left = 1_u64;
        while left > 0 {
            let (bytes, values) = self.head()?;
            self.take(bytes, self.missing("the rest of a value"))?;
            left = left - 1 + values;
        }
        Ok(&whole[..whole.len() - self.rest.len()])
    }

    /// Whether one value has no more than so many within each other, the innermost one included.
    pub(crate) fn is_flatter_than(mut self, most: usize) -> bool {
        // Of each container that is open: how many values are still to come.
        let mut open = Vec::with_capacity(most);
        loop {
            let Ok((bytes, values)) = self.head() else { return true };
            if self.take(bytes, self.missing("the rest of a value")).is_err() {
                // Whoever reads it will say what is missing.
                return true;
            }
            open.push(values);
            if open.len() > most {
                return false;
            }
            while open.last() == Some(&0) {
                open.pop();
                match open.last_mut() {
                    Some(left) => *left -= 1,
                    None => return true,
                }
            }
        }
    }

    /// Of the next value: how many bytes, then how many values follow its marker and its length.
    pub(crate) fn head(&mut self) -> Found<(u32, u64)> {
        let missing = self.missing("a value");
        let marker = decode::read_marker(&mut self.rest).map_err(|_| missing)?;
        Ok(match marker {
            Marker::Null | Marker::True | Marker::False => (0, 0),
            Marker::FixPos(_) | Marker::FixNeg(_) => (0, 0),
            Marker::U8 | Marker::I8 => (1, 0),
            Marker::U16 | Marker::I16 => (2, 0),
            Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
            Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
            Marker::FixStr(len) => (len.into(), 0),
            Marker::Str8 | Marker::Bin8 => (self.length(1)?, 0),
            Marker::Str16 | Marker::Bin16 => (self.length(2)?, 0),
            Marker::Str32 | Marker::Bin32 => (self.length(4)?, 0),
            Marker::FixArray(len) => (0, len.into()),
            Marker::Array16 => (0, self.length(2)?.into()),
            Marker::Array32 => (0, self.length(4)?.into()),
            Marker::FixMap(len) => (0, 2 * u64::from(len)),
            Marker::Map16 => (0, 2 * u64::from(self.length(2)?)),
            Marker::Map32 => (0, 2 * u64::from(self.length(4)?)),
            Marker::FixExt1 => (2, 0),
            Marker::FixExt2 => (3, 0),
            Marker::FixExt4 => (5, 0),
            Marker::FixExt8 => (9, 0),
            Marker::FixExt16 => (17, 0),
            Marker::Ext8 => (self.length(1)?.saturating_add(1), 0),
            Marker::Ext16 => (self.length(2)?.saturating_add(1), 0),
            Marker::Ext32 => (self.length(4)?.saturating_add(1), 0),
            Marker::Reserved => return Err(missing),
        })
    }

    /// A length that is written with this many bytes.
    fn length(&mut self, bytes: u32) -> Found<u32> {
        let written = self.take(bytes, self.missing("a length"))?;
        Ok(written.iter().fold(0, |length, byte| length << 8 | u32::from(*byte)))
    }

    pub(crate) fn take(&mut self, bytes: u32, otherwise: Malformed) -> Found<&'a [u8]> {
        let bytes = usize::try_from(bytes).map_err(|_| otherwise)?;
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(otherwise)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn missing(&self, expected: &'static str) -> Malformed {
        Malformed { expected, at: self.at() }
    }
}
