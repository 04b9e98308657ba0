//! tephra alone: what a client of it has to do by itself.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use bailiwick::journal::EncodedEvent;
use tephra::{
    AppendCondition, AppendError, Event, EventType, Position, Query, QueryItem, SegmentConfig,
    SegmentSet, Tag, Tags, WriteCoordinator, WriteHandle, WriterConfig,
};

/// As large as Bailiwick's.
const SEGMENT_BYTES: usize = 32 << 20;
const AT_ONCE: usize = 1_000;

pub struct Alone {
    writer: WriteHandle,
    /// How often somebody lost, and had to read again.
    conflicts: AtomicU64,
    _coordinator: WriteCoordinator,
}

impl Alone {
    pub fn open(folder: &Path) -> Alone {
        let set = SegmentSet::open(folder, SegmentConfig::new(SEGMENT_BYTES)).expect("a log");
        let (coordinator, writer) =
            WriteCoordinator::start(set, WriterConfig::default()).expect("a writer");
        Alone { writer, conflicts: AtomicU64::new(0), _coordinator: coordinator }
    }

    pub async fn fill(&self, events: impl IntoIterator<Item = EncodedEvent>) {
        let mut events = events.into_iter().map(|event| stored(&event));
        loop {
            let some: Vec<_> = events.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                return;
            }
            self.writer.append_async(some, None).await.expect("it is open");
        }
    }

    /// Gives each event that matches to `fold`, and returns up to where it has read.
    pub fn read(&self, query: &Query, after: Position, mut fold: impl FnMut(&str)) -> Position {
        let mut found = self.writer.reader().read(query, after, None);
        let upto = found.watermark();
        while let Some(event) = found.next() {
            fold(event.expect("it can be read").event.event_type());
        }
        upto
    }

    /// Gives the payload of the last event that matches to `look`, and returns up to where there is
    /// no other.
    pub fn last(&self, query: &Query, look: impl FnOnce(&[u8])) -> Position {
        let mut found = self.writer.reader().read_back(query, Position::MAX, Some(1));
        let upto = found.watermark();
        if let Some(event) = found.next() {
            look(event.expect("it can be read").event.data());
        }
        upto
    }

    /// Whether it was appended.
    pub async fn append(&self, event: &EncodedEvent, unless: &Query, after: Position) -> bool {
        let condition = AppendCondition::new(unless.clone()).after(after);
        match self.writer.append_async(vec![stored(event)], Some(condition)).await {
            Ok(_) => true,
            Err(AppendError::Conflict { .. }) => {
                self.conflicts.fetch_add(1, Ordering::Relaxed);
                false
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub fn conflicts(&self) -> u64 {
        self.conflicts.load(Ordering::Relaxed)
    }
}

/// Events of these types that carry the tag.
pub fn item(types: &[&str], tag: &str) -> QueryItem {
    let types = types.iter().map(|name| EventType::new(*name).expect("a type")).collect();
    QueryItem::new(types, Tags::new([tag_of(tag)]).expect("a set"))
}

/// Events of this type, by the tag that says so: by the type itself, tephra would look at all.
pub fn of_type(name: &str) -> Query {
    Query::item(QueryItem::with_tags(Tags::new([tag_of(&format!("={name}"))]).expect("a set")))
}

fn tag_of(text: &str) -> Tag {
    Tag::new(text.to_owned()).expect("a tag")
}

/// The same type, tags and bytes; less than Bailiwick writes, which keeps metadata as well.
fn stored(event: &EncodedEvent) -> Event {
    let name = event.event_type.as_str();
    let own = event.tags.iter().map(|tag| tag_of(tag.as_str()));
    let tags = Tags::new(own.chain([tag_of(&format!("={name}"))])).expect("a set");
    Event::new(&EventType::new(name).expect("a type"), &tags, &event.payload).expect("an event")
}
