//! A runtime of counters on a journal and a clock that the test controls.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::{EncodedEvent, EventType, Journal, Metadata, Read};
use bailiwick::{
    Aggregates, Builder, Event, ManualClock, MemoryJournal, Position, Runtime, Tag, Timestamp,
};

use crate::fixtures::counter::{Counter, CounterEvent};
use crate::journals::faulty::FaultyJournal;

/// A runtime of counters, and all that it was given.
pub struct Stage {
    /// The runtime.
    pub runtime: Runtime,
    /// Its counters.
    pub counters: Aggregates<Counter>,
    /// Its clock.
    pub clock: ManualClock,
    /// Its journal.
    pub journal: FaultyJournal,
}

/// When every stage begins, in milliseconds.
pub const BEGIN: u64 = 1_000;

impl Stage {
    /// A runtime of counters on an empty journal.
    pub async fn new() -> Stage {
        Stage::with(|builder| builder).await
    }

    /// As [`Stage::new`], with changes to the runtime.
    pub async fn with(change: impl FnOnce(Builder) -> Builder) -> Stage {
        let journal = FaultyJournal::new(MemoryJournal::new());
        Stage::on(journal, ManualClock::at(BEGIN), change).await
    }

    /// Another runtime on this journal and clock.
    pub async fn on(
        journal: FaultyJournal,
        clock: ManualClock,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Stage {
        let builder = Runtime::builder(journal.clone())
            .aggregate::<Counter>()
            .clock(clock.clone())
            .entropy(7)
            // Time stands still, and nothing is to wait for it that is not asked to.
            .config(|config| config.projection_gather(Duration::ZERO));
        let runtime = change(builder).start().await.expect("it starts");
        let counters = runtime.aggregates();
        Stage { runtime, counters, clock, journal }
    }

    /// Drops the runtime and starts another on the same journal and clock.
    pub async fn restart(self) -> Stage {
        let Stage { runtime, clock, journal, .. } = self;
        drop(runtime);
        Stage::on(journal, clock, |builder| builder).await
    }

    /// All events of the journal.
    pub async fn events(&self) -> Vec<CounterEvent> {
        events(&self.journal.inner()).await
    }
}

/// All events of a journal of counters.
pub async fn events(journal: &Arc<dyn Journal>) -> Vec<CounterEvent> {
    let read = Read::new(bailiwick::journal::Query::all()).after(Position::START);
    let page = journal.read(read).await.expect("it can be read");
    assert!(!page.more, "a small journal");
    let decode = |event: bailiwick::journal::EncodedEvent| {
        event.decode().expect("a counter's").expect("no type of the counter's is retired")
    };
    page.events.into_iter().map(|recorded| decode(recorded.event)).collect()
}

/// Lets every task that has something to do do it, on a current-thread runtime.
pub async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Writes an event of the counter "a" through the port, as another node would.
pub async fn write_foreign(journal: &Arc<dyn Journal>, event: CounterEvent) {
    let mut payload = Vec::new();
    Event::encode(&event, &mut payload).expect("it can be encoded");
    write_raw(journal, event.event_type(), payload).await;
}

/// Writes an event of the counter "a" that may be nonsense.
pub async fn write_raw(journal: &Arc<dyn Journal>, event_type: &'static str, payload: Vec<u8>) {
    let event = EncodedEvent {
        event_type: EventType::literal(event_type),
        version: 1,
        tags: Tag::new("counter", "a").expect("a tag").into(),
        payload: payload.into(),
        recorded_at: Timestamp::from_millis(BEGIN),
        metadata: Metadata::default(),
    };
    journal.append(vec![event], None).await.expect("it is appended");
}
