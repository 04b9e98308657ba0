//! A struct, a tuple or a variant that is being written: how many fields it has is a constant of its
//! type.

use serde::Serialize;
use serde::ser::{
    SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};

use super::{EncodeError, Encoder, Kind};

/// So many containers end with it: one, or that of a variant too.
pub(in crate::codec) struct Fixed<'e, 'o, const STRICT: bool, const LEVELS: usize> {
    encoder: &'e mut Encoder<'o, STRICT>,
}

impl<'e, 'o, const STRICT: bool, const LEVELS: usize> Fixed<'e, 'o, STRICT, LEVELS> {
    #[inline]
    pub(super) fn open(
        encoder: &'e mut Encoder<'o, STRICT>,
        kind: Kind,
        fields: usize,
    ) -> Result<Self, EncodeError> {
        encoder.open(kind, fields)?;
        Ok(Fixed { encoder })
    }
}

/// `a trait of serde: its method, which adds one more value`.
macro_rules! tuples {
    ($($serialize:ident $method:ident;)*) => {$(
        impl<const STRICT: bool, const LEVELS: usize> $serialize for Fixed<'_, '_, STRICT, LEVELS> {
            type Ok = ();
            type Error = EncodeError;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                value.serialize(&mut *self.encoder)
            }

            #[inline]
            fn end(self) -> Result<(), EncodeError> {
                self.encoder.depth += LEVELS;
                Ok(())
            }
        }
    )*};
}

tuples! {
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! structs {
    ($($serialize:ident)*) => {$(
        impl<const STRICT: bool, const LEVELS: usize> $serialize for Fixed<'_, '_, STRICT, LEVELS> {
            type Ok = ();
            type Error = EncodeError;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                self.encoder.text(name)?;
                value.serialize(&mut *self.encoder)
            }

            #[inline]
            fn end(self) -> Result<(), EncodeError> {
                self.encoder.depth += LEVELS;
                Ok(())
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }
