//! Fixture: a small domain on which much can be seen: notes on pages, some of which nobody can read.

use bailiwick::{Builder, MemoryJournal, Runtime};
use bailiwick::{Context, Decision, Event, Timestamp, View, id, require};
use bailiwick_tests::journals::faulty::FaultyJournal;
use serde::{Deserialize, Serialize};

use super::once::{Jot, Notes};

id!(pub PageId: "page");

/// What makes a view panic.
pub const UNREADABLE: &str = "unreadable";

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteWritten {
    #[tag]
    pub page: PageId,
    pub text: String,
}

/// The notes of a page.
pub struct Page(pub Vec<String>);

impl View for Page {
    type Key = PageId;
    type Event = NoteWritten;

    fn new(_: &PageId) -> Self {
        Page(Vec::new())
    }

    fn apply(&mut self, event: &NoteWritten, _: Timestamp) {
        assert_ne!(event.text, UNREADABLE, "nobody can read that");
        self.0.push(event.text.clone());
    }
}

/// Where it panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Panics {
    Never,
    InKeys,
    InDecide,
}

/// Writes a note, on a page that has fewer than ten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Write {
    pub page: &'static str,
    pub text: &'static str,
    pub panics: Panics,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the page is full")]
pub struct Full;

impl Decision for Write {
    type Views = Page;
    type Event = NoteWritten;
    type Reply = usize;
    type Rejection = Full;

    fn keys(&self) -> PageId {
        assert_ne!(self.panics, Panics::InKeys, "no keys");
        self.page.into()
    }

    fn decide(&self, page: &Page, ctx: &mut Context<NoteWritten>) -> Result<usize, Full> {
        ctx.emit(NoteWritten { page: self.page.into(), text: self.text.into() });
        assert_ne!(self.panics, Panics::InDecide, "no decision");
        require(page.0.len() < 10, Full)?;
        Ok(page.0.len() + 1)
    }
}

pub fn write(page: &'static str, text: &'static str) -> Write {
    Write { page, text, panics: Panics::Never }
}

/// A runtime on a journal that the test controls.
pub async fn desk() -> (Runtime, FaultyJournal) {
    let journal = FaultyJournal::new(MemoryJournal::new());
    (on(&journal).await, journal)
}

pub async fn on(journal: &FaultyJournal) -> Runtime {
    start(Runtime::builder(journal.clone()).entropy(7)).await
}

/// With the decisions about notes.
pub async fn start(builder: Builder) -> Runtime {
    let builder = builder.decision::<Write>().decision::<Notes>().decision::<Jot>();
    builder.start().await.unwrap()
}

/// The notes in the journal, in order.
pub async fn texts(journal: &FaultyJournal) -> Vec<String> {
    let read = bailiwick::journal::Read::new(bailiwick::journal::Query::all());
    let page = journal.inner().read(read).await.unwrap();
    let decode =
        |event: &bailiwick::journal::EncodedEvent| event.decode::<NoteWritten>().unwrap().unwrap();
    let notes = page.events.iter().filter(|recorded| !recorded.event.is_reserved());
    notes.map(|recorded| decode(&recorded.event).text).collect()
}
