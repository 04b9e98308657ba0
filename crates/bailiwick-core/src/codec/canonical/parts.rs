//! What is made of several values: lists, and what is put in order before it is closed.

use serde::de::value::Error;
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::Canonical;

/// Bytes with their length.
pub(super) fn sized(out: &mut Vec<u8>, marker: u8, bytes: &[u8]) {
    out.push(marker);
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    List,
    Set,
    Map,
}

impl Kind {
    fn opens(self) -> u8 {
        match self {
            Kind::List => b'[',
            Kind::Set => b'(',
            Kind::Map => b'{',
        }
    }

    fn closes(self) -> u8 {
        match self {
            Kind::List => b']',
            Kind::Set => b')',
            Kind::Map => b'}',
        }
    }
}

/// What is made of several values.
pub(super) struct Parts<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    kind: Kind,
    /// Where the first value, or entry, begins.
    first: usize,
    /// Where each of them begins, if they are to be in order.
    starts: Vec<usize>,
}

impl<'a> Parts<'a> {
    pub(super) fn open(out: &'a mut Vec<u8>, depth: usize, kind: Kind) -> Self {
        out.push(kind.opens());
        Parts { first: out.len(), out, depth, kind, starts: Vec::new() }
    }

    fn begin(&mut self) {
        if self.kind != Kind::List {
            self.starts.push(self.out.len());
        }
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Canonical { out: self.out, depth: self.depth, options: 0 })
    }

    pub(super) fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.begin();
        self.value(item)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        let start = self.out.len();
        sized(self.out, b's', name.as_bytes());
        let named = self.out.len();
        self.value(value)?;
        if self.out[named..] == [b'n'] {
            self.out.truncate(start);
        } else {
            self.starts.push(start);
        }
        Ok(())
    }

    pub(super) fn close(self) -> Result<(), Error> {
        let Parts { out, kind, first, starts, .. } = self;
        let ends = starts.iter().skip(1).copied().chain([out.len()]);
        let mut parts: Vec<_> =
            starts.iter().zip(ends).map(|(start, end)| &out[*start..end]).collect();
        if !parts.is_sorted() {
            parts.sort_unstable();
            let ordered = parts.concat();
            out.truncate(first);
            out.extend_from_slice(&ordered);
        }
        out.push(kind.closes());
        Ok(())
    }
}

/// Values in a row: `Trait::method`.
macro_rules! items {
    ($($kind:ident::$method:ident)*) => {$(
        impl $kind for Parts<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}

items! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

/// Values with names.
macro_rules! fields {
    ($($kind:ident)*) => {$(
        impl $kind for Parts<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}

fields! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.item(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}
