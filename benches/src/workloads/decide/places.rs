//! Where the journals are, and what is in them before a round.

use std::path::Path;
use std::sync::Arc;

use bailiwick::journal::{EncodedEvent, EventType, Journal, Metadata};
use bailiwick::{Config, Event, MemoryJournal, Runtime, Tags, Timestamp, tags_of};
use bailiwick_examples::classics::invoice_number::CreateInvoice;
use bailiwick_examples::registration::{CourseEvent, StudentEvent, Subscribe};
use bailiwick_journal::FileJournal;
use tempfile::TempDir;

/// What is written at once before a round.
const AT_ONCE: usize = 1_000;

/// Where Bailiwick's journal is.
pub enum Place {
    Memory(MemoryJournal),
    Folder(TempDir),
}

impl Place {
    pub fn memory() -> Place {
        Place::Memory(MemoryJournal::new())
    }

    pub fn durable() -> Place {
        Place::Folder(tempfile::tempdir().expect("a folder"))
    }

    pub fn open(&self) -> Arc<dyn Journal> {
        match self {
            Place::Memory(journal) => Arc::new(journal.clone()),
            Place::Folder(folder) => Arc::new(journal_in(folder.path())),
        }
    }

    /// Opens it, and starts a runtime on it.
    pub async fn start(&self, change: impl FnOnce(Config) -> Config) -> Runtime {
        start(self.open(), change).await
    }
}

fn journal_in(folder: &Path) -> FileJournal {
    FileJournal::open(folder).expect("a journal")
}

pub async fn start(journal: Arc<dyn Journal>, change: impl FnOnce(Config) -> Config) -> Runtime {
    let builder = Runtime::builder_shared(journal).config(change);
    // Students and courses are written before a round, by nobody here.
    let builder = builder.emits::<StudentEvent>().emits::<CourseEvent>();
    let builder = builder.decision::<Subscribe>().decision::<CreateInvoice>();
    builder.start().await.expect("it starts")
}

/// Writes what has happened before.
pub async fn fill(journal: &Arc<dyn Journal>, events: impl IntoIterator<Item = EncodedEvent>) {
    let mut events = events.into_iter();
    loop {
        let some: Vec<_> = events.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return;
        }
        journal.append(some, None).await.expect("it is open");
    }
}

/// An event as it is stored, under the tags of its fields and these.
pub fn encoded<E: Event>(own: impl Into<Tags>, event: &E) -> EncodedEvent {
    let mut payload = Vec::new();
    event.encode(&mut payload).expect("it can be encoded");
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: event.descriptor().version(),
        tags: tags_of(&own.into(), event).expect("tags"),
        payload: payload.into(),
        recorded_at: Timestamp::EPOCH,
        metadata: Metadata::default(),
    }
}
