//! The canonical form of a value: equal values have equal bytes, whatever they are like in memory.
//! Only ever hashed, never read back.
//!
//! | value | bytes |
//! |---|---|
//! | none, `()` | `n` |
//! | true, false | `t`, `f` |
//! | an integer of any width | `u`, or `i` if it is negative, and 16 bytes |
//! | a float of any width | `d` and the 8 bytes of the `f64`: `-0.0` as `0.0`, each NaN as `7ff8000000000000` |
//! | a text or a `char` | `s`, its length in 8 bytes, and its bytes |
//! | bytes | `b`, their number in 8 bytes, and they |
//! | a list, a tuple | `[`, its values, `]` |
//! | a set | `(`, its values in order, `)` |
//! | a map, a struct | `{`, its entries in order (key, value), `}`; a field is a text; one that is none is left out |
//! | a variant | `v`, its name as a text, and its value |
//! | a newtype | its value |
//! | a struct or variant without anything | as with no fields: so it can gain some |
//! | some value | that value, after a `?` if that begins with `n` or `?`: so a field can become an option |
//!
//! Numbers are big-endian, and *in order* is in the order of the bytes. What tells two values of one
//! type apart is in it; that two values of different types may have the same is intended, so that a
//! type may change without becoming another command.
//!
//! Why it is as it is: docs/decisions/idempotency.md.

mod parts;

use std::any::type_name;

use serde::de::value::Error;
use serde::ser::{Error as _, Serialize, Serializer};

use parts::{Kind, Parts, sized};

/// How deep a value may be nested: more than what came from JSON, too little for the stack.
const MOST_NESTED: usize = 256;

/// Writes the canonical form of `value` at the end of `out`.
pub(super) fn write<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
    value.serialize(Canonical { out, depth: 0, options: 0 })
}

struct Canonical<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    /// In how many options the value is directly.
    options: usize,
}

impl<'a> Canonical<'a> {
    fn mark(self, marker: u8) -> &'a mut Vec<u8> {
        self.out.push(marker);
        self.out
    }

    fn none(self) -> Result<(), Error> {
        self.out.resize(self.out.len() + self.options, b'?');
        self.out.push(b'n');
        Ok(())
    }

    fn natural(self, number: u128) -> Result<(), Error> {
        self.mark(b'u').extend_from_slice(&number.to_be_bytes());
        Ok(())
    }

    fn integer(self, number: i128) -> Result<(), Error> {
        if let Ok(natural) = u128::try_from(number) {
            return self.natural(natural);
        }
        self.mark(b'i').extend_from_slice(&number.to_be_bytes());
        Ok(())
    }

    fn variant(self, name: &str) -> Self {
        self.out.push(b'v');
        sized(self.out, b's', name.as_bytes());
        Canonical { options: 0, ..self }
    }

    /// One level deeper: whatever it looks like in the form, it takes its part of the stack.
    fn within(self) -> Result<Self, Error> {
        if self.depth == MOST_NESTED {
            let problem = format!("it is nested deeper than {MOST_NESTED} levels");
            return Err(Error::custom(problem));
        }
        Ok(Canonical { depth: self.depth + 1, ..self })
    }

    fn open(self, kind: Kind) -> Result<Parts<'a>, Error> {
        let Canonical { out, depth, .. } = self.within()?;
        Ok(Parts::open(out, depth, kind))
    }
}

/// Whether this is the type of a set that is iterated in an order that is not part of its value. Serde
/// calls it a list, but for the name of its type.
fn is_set(name: &str) -> bool {
    let name = name.trim_start_matches('&');
    let name = name.split('<').next().unwrap_or(name);
    matches!(name.rsplit("::").next(), Some("HashSet" | "IndexSet"))
}

impl<'a> Serializer for Canonical<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.mark(if value { b't' } else { b'f' });
        Ok(())
    }

    fn serialize_i8(self, number: i8) -> Result<(), Error> {
        self.integer(number.into())
    }

    fn serialize_i16(self, number: i16) -> Result<(), Error> {
        self.integer(number.into())
    }

    fn serialize_i32(self, number: i32) -> Result<(), Error> {
        self.integer(number.into())
    }

    fn serialize_i64(self, number: i64) -> Result<(), Error> {
        self.integer(number.into())
    }

    fn serialize_i128(self, number: i128) -> Result<(), Error> {
        self.integer(number)
    }

    fn serialize_u8(self, number: u8) -> Result<(), Error> {
        self.natural(number.into())
    }

    fn serialize_u16(self, number: u16) -> Result<(), Error> {
        self.natural(number.into())
    }

    fn serialize_u32(self, number: u32) -> Result<(), Error> {
        self.natural(number.into())
    }

    fn serialize_u64(self, number: u64) -> Result<(), Error> {
        self.natural(number.into())
    }

    fn serialize_u128(self, number: u128) -> Result<(), Error> {
        self.natural(number)
    }

    fn serialize_f32(self, number: f32) -> Result<(), Error> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<(), Error> {
        // `-0.0 + 0.0` is `0.0`.
        let bits = if number.is_nan() { 0x7ff8 << 48 } else { (number + 0.0).to_bits() };
        self.mark(b'd').extend_from_slice(&bits.to_be_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        sized(self.out, b's', text.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Error> {
        sized(self.out, b'b', bytes);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        let options = self.options + 1;
        value.serialize(Canonical { options, ..self.within()? })
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.open(Kind::Map)?.close()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.variant(variant).open(Kind::Map)?.close()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self.within()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self.variant(variant).within()?)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Error> {
        self.open(Kind::List)
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Error> {
        self.open(Kind::List)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Error> {
        self.open(Kind::List)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Error> {
        self.variant(variant).open(Kind::List)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Error> {
        self.open(Kind::Map)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Error> {
        self.open(Kind::Map)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Error> {
        self.variant(variant).open(Kind::Map)
    }

    fn collect_seq<I>(self, values: I) -> Result<(), Error>
    where
        I: IntoIterator<Item: Serialize>,
    {
        let kind = if is_set(type_name::<I>()) { Kind::Set } else { Kind::List };
        let mut parts = self.open(kind)?;
        values.into_iter().try_for_each(|value| parts.item(&value))?;
        parts.close()
    }
}

#[cfg(test)]
mod tests;
