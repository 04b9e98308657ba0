//! By what something is found, and what is found.

/// By what events are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term<'a> {
    /// Those with this tag, `key:value`.
    Tag(&'a str),
    /// Those of this type.
    Type(&'a str),
}

impl<'a> Term<'a> {
    /// What stands before its text in a key: types come before tags.
    pub(super) fn kind(self) -> u8 {
        match self {
            Term::Type(_) => 0,
            Term::Tag(_) => 1,
        }
    }

    pub(super) fn text(self) -> &'a str {
        match self {
            Term::Type(text) | Term::Tag(text) => text,
        }
    }

    /// The key under which it stands in the file of an index.
    pub(super) fn key(self) -> Vec<u8> {
        let mut key = Vec::with_capacity(1 + self.text().len());
        self.write_key(&mut key);
        key
    }

    pub(super) fn write_key(self, key: &mut Vec<u8>) {
        key.push(self.kind());
        key.extend_from_slice(self.text().as_bytes());
    }

    /// That with this key; none if it is no key.
    pub(super) fn of_key(key: &'a [u8]) -> Option<Term<'a>> {
        let (kind, text) = key.split_first()?;
        let text = std::str::from_utf8(text).ok()?;
        match kind {
            0 => Some(Term::Type(text)),
            1 => Some(Term::Tag(text)),
            _ => None,
        }
    }
}

/// An event that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posting {
    /// How far its position is behind the first of the index.
    pub nth: u32,
    /// The number of its type in this index.
    pub event_type: u32,
}

/// A value of a tag's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagValue {
    /// Of the tag `key:value`, what is behind the colon.
    pub value: String,
    /// The numbers, in this index, of the types of the events with that tag, in their order.
    pub types: Vec<u32>,
}

/// The direction in which postings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

/// Why something cannot be looked up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The system says no.
    #[error("an index cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is damaged, or of other segments: it is to be made again.
    #[error("an index is damaged, or belongs to other segments")]
    Damaged,
}
