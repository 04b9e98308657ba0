//! Writes what serde gives it, in the form that `rmp-serde` reads: fields by name, enums by the name
//! of their variant, types in their form for people.
//!
//! 1. What is nested deeper than can be read again is refused before more of the stack is used.
//! 2. `Some` of what is stored as nothing is refused where that matters: it would be read as `None`.
//! 3. The number of entries that stands before them is the number that there are, whatever serde was
//!    told it would be.

mod container;
mod error;

use rmp::Marker;
use rmp::encode;
use serde::{Serialize, Serializer};

use container::Container;
pub(super) use error::EncodeError;

use super::MAX_DEPTH;

/// How often what has no depth of its own in the encoding (`Some`, a newtype) may be wrapped, in
/// values: it takes its part of the stack all the same.
const MAX_WRAPS: usize = 4 * MAX_DEPTH;

/// A newtype of this name is an extension type to `rmp-serde`, which would not read it as what is
/// written here.
const EXTENSION: &str = rmp_serde::MSGPACK_EXT_STRUCT_NAME;

/// A `Vec` takes what fits into memory.
const TAKEN: &str = "a Vec takes everything";

/// Encodes values at the end of a buffer.
pub(super) struct Encoder<'o> {
    out: &'o mut Vec<u8>,
    /// How many containers may still be opened within each other.
    depth: usize,
    /// How many wraps may still be put around what comes.
    wraps: usize,
    /// Whether `Some` of nothing may be written as `None`.
    lenient: bool,
    /// The first failure of the encoder's own, so that nobody can pass over it.
    failed: Option<EncodeError>,
}

impl<'o> Encoder<'o> {
    /// Refuses what would not come back.
    pub(super) fn strict(out: &'o mut Vec<u8>) -> Self {
        // The innermost value counts.
        Encoder { out, depth: MAX_DEPTH - 1, wraps: MAX_WRAPS, lenient: false, failed: None }
    }

    /// Writes `Some` of nothing like `None`, which is what serde makes of it.
    pub(super) fn lenient(out: &'o mut Vec<u8>) -> Self {
        Encoder { lenient: true, ..Encoder::strict(out) }
    }

    /// Whether all went well: a type's code may have passed over what did not.
    pub(super) fn finish(self) -> Result<(), EncodeError> {
        self.failed.map_or(Ok(()), Err)
    }

    #[cold]
    fn fail(&mut self, error: EncodeError) -> EncodeError {
        self.failed.get_or_insert(error).clone()
    }

    fn enter(&mut self) -> Result<(), EncodeError> {
        match self.depth.checked_sub(1) {
            Some(depth) => {
                self.depth = depth;
                Ok(())
            }
            None => Err(self.fail(EncodeError::TooDeep)),
        }
    }

    fn wrap<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let Some(wraps) = self.wraps.checked_sub(1) else {
            return Err(self.fail(EncodeError::TooDeep));
        };
        self.wraps = wraps;
        value.serialize(&mut *self)?;
        self.wraps += 1;
        Ok(())
    }

    /// A length that is written before what it counts.
    fn length(&mut self, len: usize) -> Result<u32, EncodeError> {
        u32::try_from(len).map_err(|_| self.fail(EncodeError::TooLong))
    }

    fn text(&mut self, text: &str) -> Result<(), EncodeError> {
        self.length(text.len())?;
        encode::write_str(self.out, text).expect(TAKEN);
        Ok(())
    }

    fn number(&mut self, number: u64) -> Result<(), EncodeError> {
        encode::write_uint(self.out, number).expect(TAKEN);
        Ok(())
    }

    fn signed(&mut self, number: i64) -> Result<(), EncodeError> {
        encode::write_sint(self.out, number).expect(TAKEN);
        Ok(())
    }

    /// A map of one entry, by the name of a variant; its value comes next.
    fn variant(&mut self, name: &str) -> Result<(), EncodeError> {
        self.enter()?;
        encode::write_map_len(self.out, 1).expect(TAKEN);
        self.text(name)
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

impl<'e, 'o> Serializer for &'e mut Encoder<'o> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Container<'e, 'o>;
    type SerializeTuple = Container<'e, 'o>;
    type SerializeTupleStruct = Container<'e, 'o>;
    type SerializeTupleVariant = Container<'e, 'o>;
    type SerializeMap = Container<'e, 'o>;
    type SerializeStruct = Container<'e, 'o>;
    type SerializeStructVariant = Container<'e, 'o>;

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
        if !self.lenient && self.out.get(before..) == Some(&[Marker::Null.to_u8()]) {
            return Err(self.fail(EncodeError::SomeOfNothing));
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
            return Err(self.fail(EncodeError::Extension));
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

    fn serialize_seq(self, len: Option<usize>) -> Result<Container<'e, 'o>, EncodeError> {
        Container::array(self, len.unwrap_or(0))
    }

    fn serialize_tuple(self, len: usize) -> Result<Container<'e, 'o>, EncodeError> {
        Container::array(self, len)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        len: usize,
    ) -> Result<Container<'e, 'o>, EncodeError> {
        Container::array(self, len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Container<'e, 'o>, EncodeError> {
        self.variant(variant)?;
        Ok(Container::array(self, len)?.within_variant())
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Container<'e, 'o>, EncodeError> {
        Container::map(self, len.unwrap_or(0))
    }

    #[inline]
    fn serialize_struct(
        self,
        _: &'static str,
        len: usize,
    ) -> Result<Container<'e, 'o>, EncodeError> {
        Container::map(self, len)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Container<'e, 'o>, EncodeError> {
        self.variant(variant)?;
        Ok(Container::map(self, len)?.within_variant())
    }

    fn is_human_readable(&self) -> bool {
        true
    }
}
