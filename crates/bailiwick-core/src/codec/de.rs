//! Gives the fields of an event to a struct, or to the variant that has its name.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, IntoDeserializer, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

/// The fields of an event of the named type. Only a map is accepted for them.
pub(super) struct FieldsOf<'a, D> {
    pub event_type: &'a str,
    pub fields: D,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for FieldsOf<'_, D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.fields.deserialize_map(visitor)
    }

    /// A struct with a field that is `#[serde(flatten)]`.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.fields.deserialize_map(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.fields.deserialize_map(IgnoredAny)?;
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_enum(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, D::Error> {
        Err(not_fields())
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit newtype_struct seq tuple tuple_struct identifier ignored_any
    }

    fn is_human_readable(&self) -> bool {
        self.fields.is_human_readable()
    }
}

impl<'a, 'de, D: Deserializer<'de>> EnumAccess<'de> for FieldsOf<'a, D> {
    type Error = D::Error;
    type Variant = FieldsOfVariant<D>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), D::Error> {
        let name: StrDeserializer<'a, D::Error> = self.event_type.into_deserializer();
        Ok((seed.deserialize(name)?, FieldsOfVariant(self.fields)))
    }
}

/// The fields of the variant that was chosen by its name.
pub(super) struct FieldsOfVariant<D>(D);

impl<'de, D: Deserializer<'de>> VariantAccess<'de> for FieldsOfVariant<D> {
    type Error = D::Error;

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    fn unit_variant(self) -> Result<(), D::Error> {
        self.0.deserialize_map(IgnoredAny)?;
        Ok(())
    }

    /// A variant with a field that is `#[serde(flatten)]`.
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, D::Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, D::Error> {
        Err(not_fields())
    }
}

fn not_fields<E: Error>() -> E {
    E::custom("an event is stored as the map of its fields")
}
