//! A book in which decisions write lines: a view and nothing else.

use bailiwick::{Context, Decision, Event, Timestamp, View, id, require};
use serde::{Deserialize, Serialize};

id!(pub BookId: "book");

#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineWritten {
    #[tag]
    pub book: BookId,
    pub line: u64,
}

/// How many lines a book has. Cannot be copied.
#[derive(Debug)]
pub struct Book(pub u64);

impl View for Book {
    type Key = BookId;
    type Event = LineWritten;

    fn new(_: &BookId) -> Book {
        Book(0)
    }

    fn apply(&mut self, event: &LineWritten, _: Timestamp) {
        assert_eq!(event.line, self.0 + 1, "a line is missing or repeated");
        self.0 = event.line;
    }
}

/// Writes a line, unless the book has so many.
#[derive(Debug, Clone)]
pub struct WriteLine {
    pub most: u64,
}

impl WriteLine {
    pub const FREELY: WriteLine = WriteLine { most: u64::MAX };
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the book is full")]
pub struct Full;

impl Decision for WriteLine {
    type Views = Book;
    type Event = LineWritten;
    type Reply = u64;
    type Rejection = Full;

    fn keys(&self) -> BookId {
        "b".into()
    }

    fn decide(&self, book: &Book, ctx: &mut Context<LineWritten>) -> Result<u64, Full> {
        require(book.0 < self.most, Full)?;
        ctx.emit(LineWritten { book: "b".into(), line: book.0 + 1 });
        Ok(book.0 + 1)
    }
}
