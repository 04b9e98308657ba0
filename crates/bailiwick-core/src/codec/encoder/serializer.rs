//! What serde says of a value, and what is written then.

use rmp::Marker;
use rmp::encode;
use serde::{Serialize, Serializer};

use super::container::Container;
use super::fixed::Fixed;
use super::{EncodeError, Encoder, Kind, Refusal, TAKEN};

/// A newtype of this name is an extension type to `rmp-serde`, which would not read it as what is
/// written here.
const EXTENSION: &str = rmp_serde::MSGPACK_EXT_STRUCT_NAME;

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
