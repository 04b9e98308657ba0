use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bailiwick_core::{
    Aggregate, Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Event,
    Head, Health, Journal, JournalReadError, LastMatch, Page, Position, Query, Read, ReopenError,
    Timestamp, View, id,
};
use serde::{Deserialize, Serialize};

use crate::glance::Glance;
use crate::race::yield_now;
use crate::{Clock, ManualClock, MemoryJournal, Runtime};

id!(SlowId: "slow");

#[derive(Event, Debug, Serialize, Deserialize)]
struct Moved {}

struct Slow;

impl View for Slow {
    type Key = SlowId;
    type Event = Moved;

    fn new(_: &SlowId) -> Self {
        Slow
    }

    fn apply(&mut self, _: &Moved, _: Timestamp) {}
}

impl Aggregate for Slow {
    const NAME: &'static str = "Slow";
}

/// A journal whose reads are not answered any more once it is told so.
struct Hanging(MemoryJournal, Arc<AtomicBool>);

impl Journal for Hanging {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        self.0.append(events, condition)
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        if self.1.load(Ordering::SeqCst) { Answer::later(pending()) } else { self.0.read(read) }
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        self.0.last(query)
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        self.0.head()
    }

    fn limits(&self) -> AppendLimits {
        self.0.limits()
    }

    fn health(&self) -> Health {
        Health::Open
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        Answer::ready(Ok(()))
    }
}

/// A read that counts how often it is asked how long its caller waits.
struct Counted {
    until: Duration,
    looks: Arc<AtomicUsize>,
    told: AtomicBool,
}

impl Glance<Slow> for Counted {
    fn until(&self) -> Duration {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.until
    }

    fn look(&self, _: &Slow, _: Timestamp) {}

    fn release(&self, _: Position) {}

    fn fail(&self, _: crate::ReadError) {
        self.told.store(true, Ordering::Relaxed);
    }
}

/// Callers of one aggregate whose time is up one after the other.
#[tokio::test]
#[ignore = "each time-out looks at everybody who waits; the redesign of the cell is to mend that"]
async fn n_time_outs_cost_n_looks_and_not_n_squared() {
    const CALLERS: usize = 200;
    let (clock, hangs) = (ManualClock::at(1_000), Arc::new(AtomicBool::new(false)));
    let journal = Hanging(MemoryJournal::new(), hangs.clone());
    let builder = Runtime::builder(journal).aggregate::<Slow>().clock(clock.clone());
    let runtime = builder.start().await.unwrap();
    hangs.store(true, Ordering::SeqCst);
    let slow = runtime.aggregates::<Slow>().get("a");
    let cell = slow.target().kind.cell(slow.id()).unwrap();
    let looks = Arc::new(AtomicUsize::new(0));
    let begun = clock.elapsed();
    let read = |n: usize| {
        let until = begun + Duration::from_millis(n as u64 + 1);
        Arc::new(Counted { until, looks: looks.clone(), told: AtomicBool::new(false) })
    };
    let reads: Vec<_> = (0..CALLERS).map(read).collect();
    for read in &reads {
        assert!(cell.admit_read(read.clone()).is_ok());
    }
    for _ in 0..CALLERS {
        clock.advance(Duration::from_millis(1));
        for _ in 0..20 {
            yield_now().await;
        }
    }
    assert!(reads.iter().all(|read| read.told.load(Ordering::Relaxed)), "everybody was told");
    let looks = looks.load(Ordering::Relaxed);
    assert!(looks <= 10 * CALLERS, "{looks} looks for {CALLERS} callers");
}
