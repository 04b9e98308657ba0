//! Panics where nobody expects one: in what surrounds the runtime, in the midst of its own code.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bailiwick::{
    AppendCondition, AppendError, AppendLimits, Appended, BoxFuture, Clock, EncodedEvent,
    FaultKind, Head, Health, Journal, JournalFault, JournalReadError, LastMatch, ManualClock,
    MemoryJournal, Page, Query, Read, ReopenError, Runtime, Timestamp,
};
use bailiwick_tests::counter::{Bell, Count, Counter, SetAlarm};
use bailiwick_tests::stage::settle;

use crate::support::Log;

/// Panics once when it is asked for the time.
#[derive(Clone)]
struct Breaking {
    clock: ManualClock,
    breaks: Arc<AtomicBool>,
}

impl Clock for Breaking {
    fn now(&self) -> Timestamp {
        assert!(!self.breaks.swap(false, Ordering::SeqCst), "the clock breaks");
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<()> {
        self.clock.sleep_until(at)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.clock.sleep(duration)
    }
}

/// The turn had the state, and with it the entry of the deadline index.
#[tokio::test]
async fn a_turn_that_panics_leaves_no_entry_behind_and_loses_none() {
    let (clock, breaks) = (ManualClock::at(1_000), Arc::new(AtomicBool::new(false)));
    let breaking = Breaking { clock: clock.clone(), breaks: breaks.clone() };
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Counter>();
    let runtime = builder.clock(breaking).start().await.unwrap();
    let counters = runtime.aggregates::<Counter>();
    let counter = counters.get("a");
    let alarm = SetAlarm { at: Some(5_000.into()), bell: Bell::Rings };
    counter.ask(alarm).await.unwrap();
    for n in 1..=3 {
        breaks.store(true, Ordering::SeqCst);
        counter.ask(Count::FREELY).await.unwrap_err();
        assert!(!breaks.load(Ordering::SeqCst), "it broke in the turn");
        assert_eq!(counters.deadlines_armed(), 1);
        assert_eq!(counter.ask(Count::FREELY).await.unwrap(), n);
        assert_eq!(counters.deadlines_armed(), 1);
    }
    breaks.store(true, Ordering::SeqCst);
    counter.ask(Count::FREELY).await.unwrap_err();
    settle().await;
    clock.advance_to(5_000);
    settle().await;
    assert_eq!(counter.read(|a, _| a.rings).await.unwrap(), 1, "it is not lost");
    assert_eq!(counters.deadlines_armed(), 0);
}

/// A journal with bugs in what is asked of it when it has failed.
struct Buggy {
    inner: MemoryJournal,
    closed: Arc<AtomicBool>,
    health_panics: AtomicUsize,
    reopen_panics: AtomicUsize,
}

fn takes_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn fault() -> JournalFault {
    JournalFault::new(FaultKind::Storage, "data", "look at the disk", "it is gone")
}

impl Journal for Buggy {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> BoxFuture<Result<Appended, AppendError>> {
        if self.closed.load(Ordering::SeqCst) {
            return Box::pin(std::future::ready(Err(AppendError::Closed(fault()))));
        }
        self.inner.append(events, condition)
    }

    fn read(&self, read: Read) -> BoxFuture<Result<Page, JournalReadError>> {
        self.inner.read(read)
    }

    fn last(&self, query: Query) -> BoxFuture<Result<LastMatch, JournalReadError>> {
        self.inner.last(query)
    }

    fn head(&self) -> BoxFuture<Result<Head, JournalReadError>> {
        self.inner.head()
    }

    fn limits(&self) -> AppendLimits {
        self.inner.limits()
    }

    fn health(&self) -> Health {
        let is_closed = self.closed.load(Ordering::SeqCst);
        assert!(!(is_closed && takes_one(&self.health_panics)), "a bug in `health`");
        match is_closed {
            true => Health::ClosedForWriting { why: fault() },
            false => Health::Open,
        }
    }

    fn reopen(&self) -> BoxFuture<Result<(), ReopenError>> {
        assert!(!takes_one(&self.reopen_panics), "a bug in `reopen`");
        self.closed.store(false, Ordering::SeqCst);
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test]
async fn a_journal_that_panics_when_it_is_asked_is_asked_again() {
    let log = Log::begin();
    let closed = Arc::new(AtomicBool::new(false));
    let journal = Buggy {
        inner: MemoryJournal::new(),
        closed: closed.clone(),
        health_panics: AtomicUsize::new(3),
        reopen_panics: AtomicUsize::new(2),
    };
    let clock = ManualClock::at(1_000);
    let builder = Runtime::builder(journal).aggregate::<Counter>().reopen_journal();
    let runtime = builder.clock(clock.clone()).start().await.unwrap();
    let counter = runtime.aggregates::<Counter>().get("a");
    counter.ask(Count::FREELY).await.unwrap();
    closed.store(true, Ordering::SeqCst);
    let Health::ClosedForWriting { why } = runtime.health().journal else { panic!("it is closed") };
    assert_eq!(why.kind(), FaultKind::Died, "what it says of itself is a panic");
    counter.ask(Count::FREELY).await.unwrap_err();
    for _ in 0..100 {
        clock.advance(Duration::from_millis(100));
        settle().await;
    }
    assert!(runtime.health().is_open(), "it was opened again: {:#?}", log.lines());
    assert_eq!(counter.ask(Count::FREELY).await.unwrap(), 2);
    assert!(log.count("cannot be opened again yet") >= 2, "{:#?}", log.lines());
}
