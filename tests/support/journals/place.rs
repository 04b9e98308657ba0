//! Fresh journals to test on, in memory and in a folder, and what is written to and read from one
//! around every runtime.

use std::sync::Arc;

use bailiwick::journal::{
    EncodedEvent, EventType, Journal, Metadata, Query, QueryItem, Read, RecordedEvent,
};
use bailiwick::{Event, MemoryJournal, Tags, Timestamp, tags_of};
use bailiwick_journal::FileJournal;
use tempfile::TempDir;

/// What becomes of a journal when its process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is gone.
    InMemory,
    /// It is in its folder.
    Durably,
}

/// Where a journal is. It goes with this.
pub enum Place {
    /// In memory.
    Memory(MemoryJournal),
    /// In this folder.
    Folder(TempDir),
}

/// Small files, so that a test has several of them.
const SEGMENT_BYTES: u64 = 4 << 20;

impl Place {
    /// A place where nothing is yet.
    pub fn fresh(kept: Kept) -> Place {
        match kept {
            Kept::InMemory => Place::Memory(MemoryJournal::new()),
            Kept::Durably => Place::Folder(tempfile::tempdir().expect("a folder")),
        }
    }

    /// The journal, as it is opened when a process starts. Waits until nobody else has it open.
    pub fn open(&self) -> Arc<dyn Journal> {
        match self {
            Place::Memory(journal) => Arc::new(journal.clone()),
            Place::Folder(folder) => {
                let options = FileJournal::options().segment_bytes(SEGMENT_BYTES);
                Arc::new(options.open(folder.path()).expect("a journal"))
            }
        }
    }
}

/// An event as a program without a runtime would write it: under the tags of its fields.
pub fn encoded<E: Event>(event: &E, at: Timestamp) -> EncodedEvent {
    let mut payload = Vec::new();
    event.encode(&mut payload).expect("it can be encoded");
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: event.descriptor().version(),
        tags: tags_of(&Tags::none(), event).expect("tags"),
        payload: payload.into(),
        recorded_at: at,
        metadata: Metadata::default(),
    }
}

/// All events that match, in order.
pub async fn matching(journal: &Arc<dyn Journal>, query: Query) -> Vec<RecordedEvent> {
    let (mut events, mut read) = (Vec::new(), Read::new(query));
    loop {
        let page = journal.read(read.clone()).await.expect("it can be read");
        events.extend(page.events);
        read.after = page.upto;
        if !page.more {
            return events;
        }
    }
}

/// All events of the set `E`, in order.
pub async fn events<E: Event>(journal: &Arc<dyn Journal>) -> Vec<E> {
    let types = E::TYPES.iter().map(|known| known.name);
    let query = QueryItem::new(types, []).expect("types");
    let events = matching(journal, query.into()).await;
    let decode = |recorded: &RecordedEvent| recorded.event.decode().expect("it is of the set");
    events.iter().filter_map(decode).collect()
}
