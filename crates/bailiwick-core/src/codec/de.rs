//! Gives the fields of an event to a struct, or to the variant that has its name.

use rmp_serde::decode::Error;
use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IgnoredAny, IntoDeserializer, MapAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{MAX_DEPTH, Reader, reader, wire};

/// The fields of an event of the named type. Only a map is accepted for them.
pub(super) struct FieldsOf<'a, 'de> {
    pub event_type: &'a str,
    pub fields: Fields<'a, 'de>,
}

/// The fields of an event: a map, at which the reader stands.
pub(super) struct Fields<'a, 'de> {
    pub payload: &'de [u8],
    pub reader: &'a mut Reader<'de>,
}

impl<'de> Deserializer<'de> for FieldsOf<'_, 'de> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.fields.read(visitor)
    }

    /// A struct with a field that is `#[serde(flatten)]`.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.fields.read(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.fields.pass_over()?;
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(not_fields())
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit newtype_struct seq tuple tuple_struct identifier ignored_any
    }

    fn is_human_readable(&self) -> bool {
        self.fields.reader.is_human_readable()
    }
}

impl<'a, 'de> EnumAccess<'de> for FieldsOf<'a, 'de> {
    type Error = Error;
    type Variant = Fields<'a, 'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Fields<'a, 'de>), Error> {
        let name: StrDeserializer<'a, Error> = self.event_type.into_deserializer();
        Ok((seed.deserialize(name)?, self.fields))
    }
}

/// The fields of the variant that was chosen by its name.
impl<'de> VariantAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.read(visitor)
    }

    fn unit_variant(self) -> Result<(), Error> {
        self.pass_over()
    }

    /// A variant with a field that is `#[serde(flatten)]`.
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Err(not_fields())
    }
}

impl<'a, 'de> Fields<'a, 'de> {
    fn read<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut entries = self.open()?;
        let value = visitor.visit_map(&mut entries)?;
        entries.close()?;
        Ok(value)
    }

    fn pass_over(self) -> Result<(), Error> {
        IgnoredAny::deserialize(self.reader)?;
        Ok(())
    }

    /// The reader goes on behind the head of the map.
    fn open(self) -> Result<Entries<'a, 'de>, Error> {
        let mut head = wire::Reader::new(self.payload);
        let left = head.map().map_err(Error::custom)?;
        *self.reader = reader(head.rest(), MAX_DEPTH - 1);
        Ok(Entries { left, reader: self.reader })
    }
}

/// The entries of the map. By hand, because `rmp-serde` has a case for whatever could be there, and is
/// compiled anew for every event.
struct Entries<'a, 'de> {
    left: u32,
    reader: &'a mut Reader<'de>,
}

impl<'de> Entries<'_, 'de> {
    fn key(&mut self) -> Result<Option<&'de str>, Error> {
        match self.left.checked_sub(1) {
            None => Ok(None),
            Some(left) => {
                self.left = left;
                <&str>::deserialize(&mut *self.reader).map(Some)
            }
        }
    }

    fn close(self) -> Result<(), Error> {
        if self.left == 0 { Ok(()) } else { Err(Error::LengthMismatch(self.left)) }
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(key) = self.key()? else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        usize::try_from(self.left).ok()
    }
}

fn not_fields() -> Error {
    Error::custom("an event is stored as the map of its fields")
}
