//! Fixture: a book in which decisions write lines: a view and nothing else.

use bailiwick::{Context, Decision, Event, Timestamp, View, id, require};
use serde::{Deserialize, Serialize};

id!(pub BookId: "book");

#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineWritten {
    #[tag]
    pub book: BookId,
    pub line: u64,
}

/// How many lines a book has. It can be copied, or not.
#[derive(Debug, Clone)]
pub struct Book<const COPIED: bool>(pub u64);

impl<const COPIED: bool> View for Book<COPIED> {
    type Key = BookId;
    type Event = LineWritten;

    fn new(_: &BookId) -> Self {
        Book(0)
    }

    fn apply(&mut self, event: &LineWritten, _: Timestamp) {
        assert_eq!(event.line, self.0 + 1, "a line is missing or repeated");
        self.0 = event.line;
    }

    fn try_clone(&self) -> Option<Self> {
        COPIED.then(|| self.clone())
    }
}

/// Writes a line, unless the book has so many.
#[derive(Debug, Clone)]
pub struct WriteLine<const COPIED: bool = false> {
    pub most: u64,
}

impl<const COPIED: bool> WriteLine<COPIED> {
    pub const FREELY: Self = WriteLine { most: u64::MAX };

    pub fn upto(most: u64) -> Self {
        WriteLine { most }
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the book is full")]
pub struct Full;

impl<const COPIED: bool> Decision for WriteLine<COPIED> {
    type Views = Book<COPIED>;
    type Event = LineWritten;
    type Reply = u64;
    type Rejection = Full;

    fn keys(&self) -> BookId {
        "b".into()
    }

    fn decide(&self, book: &Book<COPIED>, ctx: &mut Context<LineWritten>) -> Result<u64, Full> {
        require(book.0 < self.most, Full)?;
        ctx.emit(LineWritten { book: "b".into(), line: book.0 + 1 });
        Ok(book.0 + 1)
    }
}
