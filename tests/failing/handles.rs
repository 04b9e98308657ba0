//! A runtime that was shut down or dropped has let go of its journal, whatever handles are left; they
//! say that it is gone.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Waker};
use std::time::Duration;

use bailiwick::journal::{
    Answer, AppendError, FaultKind, Health, Journal, JournalFault, JournalHandle, JournalReadError,
    LastMatch, Page, Query, Read,
};
use bailiwick::{
    AggregateRef, Aggregates, Cause, Decisions, FileJournal, Keyed, ManualClock, MemoryJournal,
    Position, ReadError, Runtime, Since, SubscribeError, Watch,
};
use bailiwick_tests::fixtures::counter::{Count, Counter};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::stage::{Stage, settle};

use crate::fixture::WriteLine;
use crate::support::Log;

/// One of each.
struct Handles {
    all: Aggregates<Counter>,
    one: AggregateRef<Counter>,
    once: AggregateRef<Counter, Keyed>,
    watch: Watch<Counter>,
    decisions: Decisions,
    journal: JournalHandle,
    /// Calls that nobody polls.
    reading: Answer<Result<Page, JournalReadError>>,
    looking: Answer<Result<LastMatch, JournalReadError>>,
}

/// A runtime that is the only owner of its journal, and was used through all of its handles.
async fn owner(journal: impl Journal) -> (Runtime, Weak<dyn Journal>, Handles) {
    let journal: Arc<dyn Journal> = Arc::new(journal);
    let kept = Arc::downgrade(&journal);
    let runtime = Runtime::builder_shared(journal).aggregate::<Counter>().decision::<WriteLine>();
    let runtime = runtime.clock(ManualClock::at(1_000)).start().await.expect("it starts");
    let all = runtime.aggregates::<Counter>();
    let one = all.get("a");
    let mut watch = one.watch(Position::START).await.expect("it is open");
    let (once, decisions) = (one.once("key"), runtime.decisions());
    one.ask(Count::FREELY).await.expect("a reply");
    once.ask(Count::FREELY).await.expect("a reply");
    decisions.decide(<WriteLine>::FREELY).await.expect("a reply");
    watch.next().await.expect("it is open").expect("an event");
    let journal = runtime.journal();
    let reading = journal.read(Read::new(Query::all()));
    let looking = journal.last(Query::all());
    (runtime, kept, Handles { all, one, once, watch, decisions, journal, reading, looking })
}

impl Handles {
    async fn assert_shut_down(mut self) {
        assert_no_journal(&self.journal).await;
        // One that was there already, or one of a journal that is gone.
        if let Err(reading) = self.reading.now() {
            assert!(reading.await.is_err());
        }
        if let Err(looking) = self.looking.now() {
            assert!(looking.await.is_err());
        }
        for counter in [self.one.clone(), self.all.get("new")] {
            let error = counter.ask(Count::FREELY).await.unwrap_err();
            assert!(matches!(error.not_run(), Some(Cause::ShutDown)), "{error:?}");
            let error = counter.read(|_, _| ()).await.unwrap_err();
            assert!(matches!(error, ReadError::ShutDown), "{error:?}");
            for since in [Since::Now, Since::Position(Position::START)] {
                let error = counter.watch(since).await.unwrap_err();
                assert!(matches!(error, SubscribeError::ShutDown), "{error:?}");
            }
        }
        let error = self.once.ask(Count::FREELY).await.unwrap_err();
        assert!(matches!(error.not_run(), Some(Cause::ShutDown)), "{error:?}");
        let error = self.decisions.decide(<WriteLine>::FREELY).await.unwrap_err();
        assert!(matches!(error.not_run(), Some(Cause::ShutDown)), "{error:?}");
        // It may have read more than it was asked for.
        while let Some(change) = self.watch.next().await {
            let change = change.expect("it was read before");
            assert!(change.position() <= Position::new(9), "{change:?}");
        }
        assert!(self.watch.next().await.is_none(), "it has ended for good");
    }
}

/// Whatever it is asked, it says that the journal is gone.
async fn assert_no_journal(journal: &JournalHandle) {
    let Health::ClosedForWriting { why } = journal.health() else { panic!("it is open") };
    assert_eq!(why.kind(), FaultKind::Gone, "{why}");
    let JournalReadError::Unavailable(why) = journal.head().await.unwrap_err() else {
        panic!("it cannot be read");
    };
    let fault = why.downcast_ref::<JournalFault>().expect("what the health says");
    assert_eq!(fault.kind(), FaultKind::Gone);
    assert!(journal.read(Read::new(Query::all())).await.is_err());
    assert!(journal.last(Query::all()).await.is_err());
    let appended = journal.append(Vec::new(), None).await.unwrap_err();
    assert!(matches!(appended, AppendError::Closed(_)), "{appended:?}");
    assert!(journal.reopen().await.is_err());
    assert_eq!(format!("{journal:?}"), "JournalHandle { open: false }");
}

/// It is the journal of the runtime as long as that is open; what was being appended is unknown then.
#[tokio::test]
async fn what_was_asked_of_the_journal_ends_with_the_runtime() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(Count::FREELY).await.expect("a reply");
    let journal = stage.runtime.journal();
    let page = journal.read(Read::new(Query::all())).await.expect("it can be read");
    assert_eq!((page.events.len(), journal.limits()), (1, stage.journal.limits()));
    assert!(journal.health().is_open());
    stage.journal.shut();
    stage.journal.hang_reads(1);
    let event = page.events[0].event.clone();
    let appending = tokio::spawn(journal.append(vec![event], None));
    let reading = tokio::spawn(journal.read(Read::new(Query::all())));
    settle().await;
    assert!(!appending.is_finished() && !reading.is_finished());
    stage.runtime.shutdown(Duration::from_secs(1)).await;
    settle().await;
    assert!(appending.is_finished() && reading.is_finished(), "they are woken");
    let appended = appending.await.unwrap().unwrap_err();
    assert!(matches!(appended, AppendError::Unknown(_)), "{appended:?}");
    assert!(reading.await.unwrap().is_err());
}

#[tokio::test]
async fn a_shutdown_lets_go_whatever_handles_are_left() {
    let (runtime, journal, handles) = owner(MemoryJournal::new()).await;
    assert!(runtime.shutdown(Duration::from_secs(1)).await.in_time);
    assert_eq!(journal.strong_count(), 0, "somebody still holds the journal");
    handles.assert_shut_down().await;
}

#[tokio::test]
async fn a_drop_does_as_soon_as_its_tasks_had_their_turn() {
    let (runtime, journal, handles) = owner(MemoryJournal::new()).await;
    drop(runtime);
    settle().await;
    assert_eq!(journal.strong_count(), 0, "somebody still holds the journal");
    handles.assert_shut_down().await;
}

#[tokio::test]
async fn a_watch_that_waits_ends() {
    let (runtime, journal, mut handles) = owner(MemoryJournal::new()).await;
    handles.watch.next().await.unwrap().expect("the second event");
    let waiting = tokio::spawn(async move { handles.watch.next().await });
    settle().await;
    runtime.shutdown(Duration::from_secs(1)).await;
    assert!(waiting.await.unwrap().is_none());
    assert_eq!(journal.strong_count(), 0);
}

/// One that was polled, and is not any more: its read of the journal is under way for ever.
#[tokio::test]
async fn a_watch_that_nobody_polls_keeps_no_journal() {
    let inner: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let (kept, hangs) = (Arc::downgrade(&inner), Arc::new(AtomicBool::new(false)));
    let hanging = hangs.clone();
    let journal = Altered::around(inner).read(move |inner, read| {
        if !hanging.load(Ordering::SeqCst) {
            return inner.read(read);
        }
        let inner = inner.clone();
        bailiwick::journal::Answer::later(async move {
            std::future::pending::<()>().await;
            inner.read(read).await
        })
    });
    let (runtime, _, mut handles) = owner(journal).await;
    handles.watch.next().await.unwrap().expect("the second event");
    hangs.store(true, Ordering::SeqCst);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(handles.watch.next()).poll(&mut cx).is_pending());
    assert!(runtime.shutdown(Duration::from_secs(1)).await.in_time);
    assert_eq!(kept.strong_count(), 0, "the watch holds the journal");
    assert!(handles.watch.next().await.is_none());
}

/// On one thread, without giving way, and without waiting for the folder.
#[tokio::test]
async fn a_folder_can_be_opened_again_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut left = Vec::new();
    for round in 0..3 {
        let options = FileJournal::options().lock_timeout(Duration::ZERO);
        let journal = options.open(folder.path()).unwrap_or_else(|e| panic!("{round}: {e}"));
        let (runtime, _, handles) = owner(journal).await;
        assert!(runtime.shutdown(Duration::from_secs(10)).await.in_time);
        left.push((runtime.clone(), runtime, handles));
    }
    for (runtime, clone, handles) in left {
        assert!(!runtime.health().journal.is_open() && !clone.health().journal.is_open());
        handles.assert_shut_down().await;
    }
}

/// Ten seconds without a word look like a program that hangs.
#[tokio::test]
async fn who_waits_for_a_folder_says_so_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let _journal = FileJournal::open(folder.path()).expect("nobody else has it");
    let log = Log::begin();
    let options = FileJournal::options().lock_timeout(Duration::from_millis(100));
    let error = options.open(folder.path()).expect_err("it is in use");
    assert!(error.to_string().contains("this process itself"), "{error}");
    assert_eq!(log.count("waiting for it"), 1, "{:#?}", log.lines());
    assert_eq!(log.count("this process itself"), 1, "{:#?}", log.lines());
}
