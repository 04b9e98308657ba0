//! What is called: parcels that hold what their ID says, in a journal that is never written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bailiwick::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, EventType, Head,
    Health, Journal, JournalId, JournalReadError, LastMatch, Metadata, Page, Query, Read,
    ReadValues, RecordedEvent, ReopenError, ValuesPage,
};
use bailiwick::{Aggregate, Context, Decide, Event, Position, Timestamp, View, id};
use serde::{Deserialize, Serialize};

id!(
    /// Its number, and what it holds: `17-2000`; with a `?` before it if the journal knows nothing
    /// of it.
    pub(super) ParcelId: "parcel"
);

/// It holds what its ID says, or at least says so.
pub(super) struct Parcel {
    heap: usize,
}

#[derive(Event, Debug, Clone, Serialize, Deserialize)]
pub(super) enum ParcelEvent {
    Sent {},
}

/// Open it: that is refused.
pub(super) struct Open;

#[derive(Debug)]
pub(super) struct Sealed;

impl std::fmt::Display for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it is not yours")
    }
}

impl std::error::Error for Sealed {}

impl Parcel {
    /// The `n`th ID.
    pub(super) fn id(n: u32, heap: u32) -> ParcelId {
        format!("{n}-{heap}").parse().expect("an ID")
    }

    /// The `n`th ID of which the journal knows nothing.
    pub(super) fn unknown(n: u32) -> ParcelId {
        format!("?{n}-0").parse().expect("an ID")
    }
}

impl View for Parcel {
    type Key = ParcelId;
    type Event = ParcelEvent;

    fn new(id: &ParcelId) -> Self {
        let text = id.to_string();
        let heap = text.split_once('-').and_then(|(_, heap)| heap.parse().ok());
        Parcel { heap: heap.expect("an ID says what it holds") }
    }

    fn apply(&mut self, _: &ParcelEvent, _: Timestamp) {}

    fn heap_bytes(&self) -> usize {
        self.heap
    }
}

impl Aggregate for Parcel {
    const NAME: &'static str = "Parcel";
}

impl Decide<Open> for Parcel {
    type Reply = ();
    type Rejection = Sealed;

    fn decide(&self, _: &Open, _: &mut Context<ParcelEvent>) -> Result<(), Sealed> {
        Err(Sealed)
    }
}

/// A journal in which every parcel that is known has one event.
#[derive(Clone)]
pub(super) struct Parcels {
    loads: Arc<AtomicU64>,
    payload: Arc<[u8]>,
}

impl Parcels {
    pub(super) fn new() -> Self {
        let mut payload = Vec::new();
        ParcelEvent::Sent {}.encode(&mut payload).expect("it can be encoded");
        Parcels { loads: Arc::default(), payload: payload.into() }
    }

    /// How many parcels were loaded.
    pub(super) fn loads(&self) -> u64 {
        self.loads.load(Relaxed)
    }

    fn event(&self, read: &Read) -> Option<RecordedEvent> {
        let tags = read.query.items()?.first()?.tags();
        let known = !tags.as_slice().first()?.value().starts_with('?');
        let event = EncodedEvent {
            event_type: EventType::literal(ParcelEvent::Sent {}.event_type()),
            version: 1,
            tags: tags.clone(),
            payload: self.payload.to_vec().into(),
            recorded_at: Timestamp::EPOCH,
            metadata: Metadata::default(),
        };
        known.then_some(RecordedEvent { position: Position::new(1), event })
    }
}

impl Journal for Parcels {
    fn append(
        &self,
        _: Vec<EncodedEvent>,
        _: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        unreachable!("parcels are only looked at")
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        let events: Vec<_> = self.event(&read).into_iter().collect();
        self.loads.fetch_add(events.len() as u64, Relaxed);
        let page = Page { events, upto: Position::new(1), more: false };
        Answer::ready(Ok(page))
    }

    fn last(&self, _: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        unreachable!("parcels are only looked at")
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        Answer::ready(Ok(Head { position: Position::new(1), ..Head::default() }))
    }

    fn changed(&self, _: Query, _: Position) -> Answer<Result<(), JournalReadError>> {
        unreachable!("parcels are only looked at")
    }

    fn values(&self, _: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        unreachable!("parcels are only looked at")
    }

    fn id(&self) -> JournalId {
        JournalId::from_u128(1)
    }

    fn limits(&self) -> AppendLimits {
        AppendLimits::STANDARD
    }

    fn health(&self) -> Health {
        Health::Open
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        Answer::ready(Ok(()))
    }
}
