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

use rmp::Marker;
use rmp::encode;
use serde::{Serialize, Serializer};

use container::Container;
pub(super) use error::{EncodeError, Refusal};
use fixed::Fixed;

use super::MAX_DEPTH;

/// How often what has no depth of its own in the encoding (`Some`, a newtype) may be wrapped, in
/// values: it takes its part of the stack all the same.
const MAX_WRAPS: usize = 4 * MAX_DEPTH;

/// A newtype of this name is an extension type to `rmp-serde`, which would not read it as what is
/// written here.
const EXTENSION: &str = rmp_serde::MSGPACK_EXT_STRUCT_NAME;

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

/// `method(type) with a method of the encoder`.
macro_rules! numbers {
    ($($method:ident($type:ty) $as:ident;)*) => {$(
        #[inline]
        fn $method(self, number: $type) -> Result<(), EncodeError> {
            self.$as(number.into())
        }
    )*};
}

impl<'e, 'o, const STRICT: bool> Serializer for &'e mut Encoder<'o, STRICT> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Container<'e, 'o, STRICT>;
    type SerializeTuple = Fixed<'e, 'o, STRICT, 1>;
    type SerializeTupleStruct = Fixed<'e, 'o, STRICT, 1>;
    type SerializeTupleVariant = Fixed<'e, 'o, STRICT, 2>;
    type SerializeMap = Container<'e, 'o, STRICT>;
    type SerializeStruct = Fixed<'e, 'o, STRICT, 1>;
    type SerializeStructVariant = Fixed<'e, 'o, STRICT, 2>;

    numbers! {
        serialize_i8(i8) signed;
        serialize_i16(i16) signed;
        serialize_i32(i32) signed;
        serialize_i64(i64) signed;
        serialize_u8(u8) number;
        serialize_u16(u16) number;
        serialize_u32(u32) number;
        serialize_u64(u64) number;
    }

    fn serialize_i128(self, number: i128) -> Result<(), EncodeError> {
        self.serialize_bytes(&number.to_be_bytes())
    }

    fn serialize_u128(self, number: u128) -> Result<(), EncodeError> {
        self.serialize_bytes(&number.to_be_bytes())
    }

    fn serialize_bool(self, truth: bool) -> Result<(), EncodeError> {
        encode::write_bool(self.out, truth).expect(TAKEN);
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<(), EncodeError> {
        encode::write_f32(self.out, number).expect(TAKEN);
        Ok(())
    }

    fn serialize_f64(self, number: f64) -> Result<(), EncodeError> {
        encode::write_f64(self.out, number).expect(TAKEN);
        Ok(())
    }

    fn serialize_char(self, letter: char) -> Result<(), EncodeError> {
        self.text(letter.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), EncodeError> {
        self.text(text)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.length(bytes.len())?;
        encode::write_bin(self.out, bytes).expect(TAKEN);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        let before = self.out.len();
        self.wrap(value)?;
        if STRICT && self.out.get(before..) == Some(&[Marker::Null.to_u8()]) {
            return self.refuse(Refusal::SomeOfNothing);
        }
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        encode::write_nil(self.out).expect(TAKEN);
        Ok(())
    }

    /// Not nothing, so that `Some` of it is something.
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), EncodeError> {
        encode::write_array_len(self.out, 0).expect(TAKEN);
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        if name == EXTENSION {
            return self.refuse(Refusal::Extension);
        }
        self.wrap(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.variant(variant)?;
        value.serialize(&mut *self)?;
        self.depth += 1;
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, EncodeError> {
        Container::open(self, Kind::Array, len.unwrap_or(0))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, EncodeError> {
        Container::open(self, Kind::Map, len.unwrap_or(0))
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, EncodeError> {
        Fixed::open(self, Kind::Array, len)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, EncodeError> {
        Fixed::open(self, Kind::Array, len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, EncodeError> {
        self.variant(variant)?;
        Fixed::open(self, Kind::Array, len)
    }

    #[inline]
    fn serialize_struct(
        self,
        _: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, EncodeError> {
        Fixed::open(self, Kind::Map, len)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, EncodeError> {
        self.variant(variant)?;
        Fixed::open(self, Kind::Map, len)
    }

    fn is_human_readable(&self) -> bool {
        true
    }
}
