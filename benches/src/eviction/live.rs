//! The runtime itself: a call is a read, and who was not in memory is read from the journal, which
//! counts that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bailiwick::{
    Aggregate, Aggregates, AppendCondition, AppendError, Appended, BoxFuture, EncodedEvent, Event,
    EventType, Head, Health, Journal, JournalReadError, LastMatch, ManualClock, Metadata, Page,
    Position, Query, Read, RecordedEvent, ReopenError, Runtime, Timestamp, View, id,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime as Executor;
use tokio::task::yield_now;

use super::{Budget, Policy};

id!(
    /// Its number, and what it holds: `17-2000`.
    ParcelId: "parcel"
);

/// It holds what its ID says, or at least says so.
struct Parcel {
    heap: usize,
}

#[derive(Event, Debug, Clone, Serialize, Deserialize)]
enum ParcelEvent {
    Sent {},
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
}

impl Aggregate for Parcel {
    const NAME: &'static str = "Parcel";

    fn heap_bytes(&self) -> usize {
        self.heap
    }
}

/// How long an actor stays.
const LINGER: Duration = Duration::from_millis(1);
/// Longer than any trace.
const IDLE: Duration = Duration::from_secs(365 * 24 * 3_600);
/// Turns of all tasks until nobody has anything to do: the actor leaves, its aggregate rests, and
/// another gives way.
const TURNS: usize = 8;
/// What `Config::resting_bytes` counts for an aggregate that holds nothing.
const EMPTY: u32 = 256 + size_of::<Parcel>() as u32;

/// A runtime that has nothing to do but to be called.
pub(super) struct Live {
    parcels: Aggregates<Parcel>,
    clock: ManualClock,
    loads: Arc<AtomicU64>,
    budget: Budget,
    _runtime: Runtime,
    executor: Executor,
}

impl Live {
    pub(super) fn new(budget: Budget) -> Self {
        let executor = tokio::runtime::Builder::new_current_thread().build().expect("an executor");
        let (clock, loads) = (ManualClock::at(1_000), Arc::new(AtomicU64::new(0)));
        let journal = Parcels { loads: loads.clone(), payload: payload() };
        let builder = Runtime::builder(journal).aggregate::<Parcel>().clock(clock.clone());
        let builder = builder.entropy(7).config(|config| {
            (config.linger, config.idle) = (LINGER, IDLE);
            let (count, bytes) = match budget {
                Budget::Count(count) => (count as usize, usize::MAX),
                Budget::Bytes(bytes) => (usize::MAX, bytes as usize),
            };
            config.resting_aggregates = count.try_into().expect("room");
            config.resting_bytes = bytes.try_into().expect("room");
        });
        let runtime = executor.block_on(builder.start()).expect("it starts");
        Live { parcels: runtime.aggregates(), clock, loads, budget, _runtime: runtime, executor }
    }
}

impl Policy for Live {
    fn call(&mut self, id: u32, weight: u32) -> bool {
        let heap = if self.budget.weight_is_bytes() { weight - EMPTY } else { 0 };
        let id: ParcelId = format!("{id}-{heap}").parse().expect("an ID");
        let before = self.loads.load(Relaxed);
        self.executor.block_on(async {
            self.parcels.get(id).read(|_, _| ()).await.expect("it is read");
            yield_now().await;
            self.clock.advance(LINGER);
            for _ in 0..TURNS {
                yield_now().await;
            }
        });
        self.loads.load(Relaxed) == before
    }
}

/// A journal in which everybody has one event, to whom it belongs is not looked at.
struct Parcels {
    loads: Arc<AtomicU64>,
    payload: Vec<u8>,
}

fn payload() -> Vec<u8> {
    let mut payload = Vec::new();
    ParcelEvent::Sent {}.encode(&mut payload).expect("it can be encoded");
    payload
}

impl Journal for Parcels {
    fn append(
        &self,
        _: Vec<EncodedEvent>,
        _: Option<AppendCondition>,
    ) -> BoxFuture<Result<Appended, AppendError>> {
        unreachable!("parcels are only looked at")
    }

    fn read(&self, read: Read) -> BoxFuture<Result<Page, JournalReadError>> {
        let position = Position::new(1);
        let item = read.query.items().and_then(|items| items.first());
        let tags = item.map(|item| item.tags().clone());
        let event = tags.filter(|tags| !tags.as_slice().is_empty()).map(|tags| EncodedEvent {
            event_type: EventType::literal(ParcelEvent::Sent {}.event_type()),
            version: 1,
            tags,
            payload: self.payload.clone().into(),
            recorded_at: Timestamp::EPOCH,
            metadata: Metadata::default(),
        });
        self.loads.fetch_add(u64::from(event.is_some()), Relaxed);
        let events = event.map(|event| RecordedEvent { position, event }).into_iter().collect();
        Box::pin(std::future::ready(Ok(Page { events, upto: position, more: false })))
    }

    fn last(&self, _: Query) -> BoxFuture<Result<LastMatch, JournalReadError>> {
        unreachable!("parcels are only looked at")
    }

    fn head(&self) -> BoxFuture<Result<Head, JournalReadError>> {
        Box::pin(std::future::ready(Ok(Head { position: Position::new(1), ..Head::default() })))
    }

    fn health(&self) -> Health {
        Health::Open
    }

    fn reopen(&self) -> BoxFuture<Result<(), ReopenError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
