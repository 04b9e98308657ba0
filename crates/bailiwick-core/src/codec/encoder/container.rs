//! A list or a map that is being written, of which serde may not know how many entries it has.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq};

use super::{EncodeError, Encoder, Kind};

pub(in crate::codec) struct Container<'e, 'o, const STRICT: bool> {
    encoder: &'e mut Encoder<'o, STRICT>,
    kind: Kind,
    /// Where its head is.
    start: usize,
    /// How many entries its head says there are.
    said: u32,
    /// How many entries there are so far.
    entries: usize,
}

impl<'e, 'o, const STRICT: bool> Container<'e, 'o, STRICT> {
    pub(super) fn open(
        encoder: &'e mut Encoder<'o, STRICT>,
        kind: Kind,
        said: usize,
    ) -> Result<Self, EncodeError> {
        let start = encoder.out.len();
        let said = encoder.open(kind, said)?;
        Ok(Container { encoder, kind, start, said, entries: 0 })
    }

    fn entry<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.entries += 1;
        value.serialize(&mut *self.encoder)
    }

    fn close(mut self) -> Result<(), EncodeError> {
        let entries = self.encoder.length(self.entries)?;
        if entries != self.said {
            self.correct(entries);
        }
        self.encoder.depth += 1;
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

impl<const STRICT: bool> SerializeSeq for Container<'_, '_, STRICT> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.entry(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}

impl<const STRICT: bool> SerializeMap for Container<'_, '_, STRICT> {
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
