//! A map or an array that is being written.

use rmp::encode;
use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::{EncodeError, Encoder, TAKEN};

/// A map or an array, one entry after the other.
pub(in crate::codec) struct Container<'e, 'o> {
    encoder: &'e mut Encoder<'o>,
    kind: Kind,
    /// Where its head is.
    start: usize,
    /// How many entries its head says there are.
    said: u32,
    /// How many entries there are so far.
    entries: usize,
    /// How many containers end with it.
    levels: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    Array,
    Map,
}

impl<'e, 'o> Container<'e, 'o> {
    #[inline]
    pub(super) fn array(encoder: &'e mut Encoder<'o>, said: usize) -> Result<Self, EncodeError> {
        Self::open(encoder, Kind::Array, said)
    }

    #[inline]
    pub(super) fn map(encoder: &'e mut Encoder<'o>, said: usize) -> Result<Self, EncodeError> {
        Self::open(encoder, Kind::Map, said)
    }

    /// It is the value of a variant, whose map ends with it.
    pub(super) fn within_variant(self) -> Self {
        Container { levels: 2, ..self }
    }

    fn open(encoder: &'e mut Encoder<'o>, kind: Kind, said: usize) -> Result<Self, EncodeError> {
        encoder.enter()?;
        let said = encoder.length(said)?;
        let start = encoder.out.len();
        kind.head(encoder.out, said);
        Ok(Container { encoder, kind, start, said, entries: 0, levels: 1 })
    }

    #[inline]
    fn entry<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.entries += 1;
        value.serialize(&mut *self.encoder)
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), EncodeError> {
        self.encoder.text(name)?;
        self.entry(value)
    }

    #[inline]
    fn close(mut self) -> Result<(), EncodeError> {
        let entries = self.encoder.length(self.entries)?;
        if entries != self.said {
            self.correct(entries);
        }
        self.encoder.depth += self.levels;
        Ok(())
    }

    /// Its number of entries was not known, or another one was said.
    #[cold]
    fn correct(&mut self, entries: u32) {
        let mut head = Vec::new();
        self.kind.head(&mut head, self.said);
        let before = head.len();
        head.clear();
        self.kind.head(&mut head, entries);
        self.encoder.out.splice(self.start..self.start + before, head);
    }
}

impl Kind {
    #[inline]
    fn head(self, out: &mut Vec<u8>, entries: u32) {
        match self {
            Kind::Array => encode::write_array_len(out, entries),
            Kind::Map => encode::write_map_len(out, entries),
        }
        .expect(TAKEN);
    }
}

/// `a trait of serde: its method, which adds one more value`.
macro_rules! arrays {
    ($($serialize:ident $method:ident;)*) => {$(
        impl $serialize for Container<'_, '_> {
            type Ok = ();
            type Error = EncodeError;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.entry(value)
            }

            fn end(self) -> Result<(), EncodeError> {
                self.close()
            }
        }
    )*};
}

arrays! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! structs {
    ($($serialize:ident)*) => {$(
        impl $serialize for Container<'_, '_> {
            type Ok = ();
            type Error = EncodeError;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                self.field(name, value)
            }

            #[inline]
            fn end(self) -> Result<(), EncodeError> {
                self.close()
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Container<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.entry(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        value.serialize(&mut *self.encoder)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}
