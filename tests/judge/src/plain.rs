//! The port itself, with as few words as a case needs. Used by the cases of other suites.

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bailiwick::MemoryJournal;
use bailiwick_core::{
    AppendCondition, AppendError, Appended, EncodedEvent, Journal, Metadata, Position, Query,
    QueryItem, Read, RecordedEvent, Tag, Timestamp,
};
use bailiwick_journal::{FileJournal, Options};

use crate::mutants::mutated;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(out) => return out,
            Poll::Pending => thread::park(),
        }
    }
}

/// Of what is known already: an answer within ten seconds.
pub fn soon<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(10) {
        if let Poll::Ready(out) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return out;
        }
        thread::park_timeout(Duration::from_secs(1));
    }
    panic!("no answer within ten seconds");
}

pub fn tag(text: &str) -> Tag {
    text.parse().unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

/// An event: type, payload, tags.
pub fn ev(event_type: &str, payload: impl AsRef<[u8]>, tags: &[&str]) -> EncodedEvent {
    EncodedEvent {
        event_type: event_type.to_owned().into(),
        version: 1,
        tags: tags.iter().map(|text| tag(text)).collect(),
        payload: payload.as_ref().to_vec().into(),
        recorded_at: Timestamp::from_millis(1_000),
        metadata: Metadata::default(),
    }
}

pub fn all() -> Query {
    Query::all()
}

/// Items, each of types and tags.
pub fn q(items: &[(&[&str], &[&str])]) -> Query {
    let item = |(types, tags): &(&[&str], &[&str])| {
        let types = types.iter().map(|name| (*name).to_owned());
        QueryItem::new(types, tags.iter().map(|text| tag(text))).unwrap()
    };
    Query::any_of(items.iter().map(item)).unwrap()
}

pub fn of(types: &[&str]) -> Query {
    q(&[(types, &[])])
}

pub fn with(tags: &[&str]) -> Query {
    q(&[(&[], tags)])
}

pub fn cond(query: Query, after: u64) -> AppendCondition {
    AppendCondition::new(query).after(Position::new(after))
}

#[derive(Clone)]
pub struct J {
    pub journal: Arc<dyn Journal>,
    /// How many events a page has: reads go on until there is no more.
    pub page: usize,
    pub _folder: Option<Arc<tempfile::TempDir>>,
}

pub fn memory() -> J {
    J { journal: mutated(Arc::new(MemoryJournal::new())), page: 1000, _folder: None }
}

/// A folder, in memory where there is one: what survives is not asked here, and a disk that others keep busy
/// may take minutes for so many syncs.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub fn file_of(options: Options) -> J {
    let folder = folder();
    let journal = mutated(Arc::new(options.open(folder.path()).unwrap()));
    J { journal, page: 1000, _folder: Some(Arc::new(folder)) }
}

pub fn file() -> J {
    file_of(FileJournal::options())
}

/// Many small files, small pages.
pub fn file_small() -> J {
    let small = FileJournal::options().segment_bytes(Options::MIN_SEGMENT_BYTES);
    J { page: 2, ..file_of(small) }
}

impl J {
    pub fn try_append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Result<Appended, AppendError> {
        block_on(self.journal.append(events, condition))
    }

    /// Unconditionally: the last position.
    pub fn put(&self, events: Vec<EncodedEvent>) -> u64 {
        let many = events.len() as u64;
        let appended = self.try_append(events, None).unwrap();
        assert_eq!(appended.first.get() + many - 1, appended.last.get());
        appended.last.get()
    }

    /// The last position, or the one that conflicts.
    pub fn put_if(&self, events: Vec<EncodedEvent>, query: Query, after: u64) -> Result<u64, u64> {
        match self.try_append(events, Some(cond(query.clone(), after))) {
            Ok(appended) => Ok(appended.last.get()),
            Err(AppendError::Conflict { at }) => {
                // What a conflict names matches, beyond `after`.
                let there = self.read(&query, at.get() - 1, 1);
                assert_eq!(there.first().map(|event| event.position), Some(at));
                assert!(at.get() > after);
                Err(at.get())
            }
            Err(why) => panic!("{why:?}"),
        }
    }

    /// At most `limit` events beyond `after`, in pages.
    pub fn read(&self, query: &Query, after: u64, limit: usize) -> Vec<RecordedEvent> {
        let mut events = Vec::new();
        let mut after = Position::new(after);
        while events.len() < limit {
            let page = self.page.min(limit - events.len());
            let read = Read::new(query.clone()).after(after);
            let page = self.journal.read(read.limit(NonZeroUsize::new(page).unwrap()));
            let page = block_on(page).unwrap();
            events.extend(page.events);
            if !page.more {
                break;
            }
            assert!(page.upto > after);
            after = page.upto;
        }
        events
    }

    pub fn everything(&self) -> Vec<RecordedEvent> {
        self.read(&all(), 0, usize::MAX)
    }

    pub fn positions(&self, query: &Query, after: u64) -> Vec<u64> {
        let events = self.read(query, after, usize::MAX);
        // `last` agrees with every read, without its `after`.
        let last = block_on(self.journal.last(query.clone())).unwrap();
        let newest = last.event.map_or(0, |event| event.position.get());
        let read = events.last().map_or(0, |event| event.position.get());
        assert!(if newest > after { newest == read } else { read == 0 }, "last: {newest}, {read}");
        assert_eq!(last.upto.get(), self.head());
        // Nobody waits for what is there.
        if newest > after {
            soon(self.journal.changed(query.clone(), Position::new(after))).unwrap();
        }
        events.iter().map(|event| event.position.get()).collect()
    }

    pub fn head(&self) -> u64 {
        block_on(self.journal.head()).unwrap().position.get()
    }

    pub fn last(&self, query: &Query) -> Option<u64> {
        let last = block_on(self.journal.last(query.clone())).unwrap();
        last.event.map(|event| event.position.get())
    }
}

pub fn payloads(events: &[RecordedEvent]) -> Vec<String> {
    let text = |event: &RecordedEvent| String::from_utf8(event.event.payload.to_vec()).unwrap();
    events.iter().map(text).collect()
}

pub fn types(events: &[RecordedEvent]) -> Vec<String> {
    events.iter().map(|event| event.event.event_type.as_str().to_owned()).collect()
}

/// Each case once for each journal.
#[macro_export]
macro_rules! cases {
    ($source:ident { $($(#[$doc:meta])* fn $name:ident($j:ident) $body:block)* }) => {
        mod $source {
            use super::*;
            $(pub fn $name($j: &judge::plain::J) $body)*
            mod memory { $(#[test] fn $name() { super::$name(&judge::plain::memory()); })* }
            mod file { $(#[test] fn $name() { super::$name(&judge::plain::file()); })* }
            mod file_small { $(#[test] fn $name() { super::$name(&judge::plain::file_small()); })* }
        }
    };
}
