//! Which journal it is, and a place in it that is kept somewhere else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Answer, Head, Journal, JournalReadError};
use crate::position::Position;

/// The identity of a journal: 128 bits, random when it is made, stored with it, and the same for as
/// long as it lives: over restarts, [`reopen`](Journal::reopen), and in copies of it. As a text, 32
/// hexadecimal digits.
///
/// Two copies that are both written to afterwards have the same identity and differ: it tells journals
/// apart that were made apart, not those that were.
///
/// ```
/// use bailiwick_core::journal::JournalId;
///
/// let id = JournalId::from_u128(0xb);
/// assert_eq!(id.to_string(), "0000000000000000000000000000000b");
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JournalId(u128);

impl JournalId {
    /// For authors of journals: `bits` are to be random, all of them.
    pub const fn from_u128(bits: u128) -> JournalId {
        JournalId(bits)
    }

    /// Its bits.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for JournalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JournalId({self})")
    }
}

impl FromStr for JournalId {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<JournalId, InvalidCursor> {
        let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 32 || !text.bytes().all(digits) {
            return Err(InvalidCursor);
        }
        u128::from_str_radix(text, 16).map(JournalId).map_err(|_| InvalidCursor)
    }
}

/// A place in a journal, with which journal it is of: for whoever keeps its place outside of the
/// journal, as a projection, a snapshot or a client does. As a text, `journal@position`; the same in
/// serde.
///
/// [`resolve`](Self::resolve) refuses one of another journal, or beyond the end of this one.
///
/// ```
/// use bailiwick_core::journal::{Cursor, JournalId};
/// use bailiwick_core::Position;
///
/// let cursor = Cursor::new(JournalId::from_u128(0xb), Position::new(17));
/// assert_eq!(cursor.to_string(), "0000000000000000000000000000000b@17");
/// assert_eq!(cursor.to_string().parse(), Ok(cursor));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cursor {
    /// Which journal.
    pub journal: JournalId,
    /// Everything up to here was seen.
    pub position: Position,
}

impl Cursor {
    /// This place in that journal.
    pub const fn new(journal: JournalId, position: Position) -> Cursor {
        Cursor { journal, position }
    }

    /// Where it is in `journal`. Asks for its head: a cursor that somebody made after an event could be
    /// read is not beyond it.
    ///
    /// # Errors
    /// [`CursorError`]: if it is of another journal, or beyond the head of this one, which then is an
    /// older copy of the one it was made on.
    pub fn resolve(self, journal: &dyn Journal) -> Answer<Result<Position, CursorError>> {
        let (cursor, id) = (self, journal.id());
        if cursor.journal != id {
            return Answer::ready(Err(CursorError::OtherJournal { cursor, journal: id }));
        }
        journal.head().map(move |head| cursor.within(head.map_err(CursorError::Unread)?))
    }

    fn within(self, head: Head) -> Result<Position, CursorError> {
        let head = head.position;
        if self.position > head {
            return Err(CursorError::BeyondHead { cursor: self, head });
        }
        Ok(self.position)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.journal, self.position)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Cursor, InvalidCursor> {
        let (journal, position) = text.split_once('@').ok_or(InvalidCursor)?;
        let number: u64 = position.parse().map_err(|_| InvalidCursor)?;
        // One text for each place: neither `+17` nor `017`.
        if number.to_string() != position {
            return Err(InvalidCursor);
        }
        Ok(Cursor::new(journal.parse()?, Position::new(number)))
    }
}

/// What should be the text of a [`JournalId`] or a [`Cursor`] is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the identity of a journal is 32 hexadecimal digits; a place in it is `identity@position`")]
pub struct InvalidCursor;

/// Why a [`Cursor`] is no place in a journal.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// It is of another journal.
    #[error(
        "position {} is one of the journal {}, and this is the journal {journal}; begin anew, or open \
         the other one",
        cursor.position,
        cursor.journal
    )]
    OtherJournal {
        /// What was to be looked up.
        cursor: Cursor,
        /// Where.
        journal: JournalId,
    },
    /// It is beyond the end of the journal.
    #[error(
        "position {} is beyond the journal's head at {head}: the journal is an older copy of the one \
         that was read; restore a later copy, or begin anew",
        cursor.position
    )]
    BeyondHead {
        /// What was to be looked up.
        cursor: Cursor,
        /// The last position that the journal has.
        head: Position,
    },
    /// The journal's head could not be read.
    #[error("whether the position is one of the journal cannot be told now")]
    Unread(#[source] JournalReadError),
}

macro_rules! serde_as_text {
    ($($name:ty)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

serde_as_text!(JournalId Cursor);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_each_place_has_one() {
        for bits in [0, 1, u128::MAX, 0xabcd << 64] {
            for position in [0, 1, u64::MAX] {
                let cursor = Cursor::new(JournalId::from_u128(bits), Position::new(position));
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
                let json = serde_json::to_string(&cursor).unwrap();
                assert_eq!(json, format!("\"{cursor}\""));
                assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
            }
        }
        let id = JournalId::from_u128(0xb).to_string();
        for text in
            ["", "@", "1@1", &id, &format!("{id}@"), &format!("{id}@+1"), &format!("{id}@01")]
        {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
        assert!(id.to_uppercase().parse::<JournalId>().is_err());
    }
}
