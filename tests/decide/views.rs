//! Any view is read from the journal on demand: all that it reads, whoever wrote it, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bailiwick::journal::{Answer, Journal};
use bailiwick::{
    ManualClock, MemoryJournal, Position, ReadError, Runtime, Seen, StartError, Timestamp, View,
};
use bailiwick_examples::registration::{
    Course, CourseId, Define, Register, Student, StudentId, StudentSubscribedToCourse, Subscribe,
    Unsubscribe,
};
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterEvent, CounterId};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::{Stage, settle, write_foreign, write_raw};

/// Whether a student was ever subscribed to a course: of two IDs.
#[derive(Debug, PartialEq)]
struct Pairing(Vec<(Timestamp, StudentId)>);

impl View for Pairing {
    type Key = (StudentId, CourseId);
    type Event = StudentSubscribedToCourse;

    fn new(_: &Self::Key) -> Self {
        Pairing(Vec::new())
    }

    fn apply(&mut self, event: &StudentSubscribedToCourse, at: Timestamp) {
        self.0.push((at, event.student.clone()));
    }
}

/// How many subscriptions there were in all.
#[derive(Debug, PartialEq)]
struct All(u64);

impl View for All {
    type Key = ();
    type Event = StudentSubscribedToCourse;

    fn new((): &()) -> Self {
        All(0)
    }

    fn apply(&mut self, _: &StudentSubscribedToCourse, _: Timestamp) {
        self.0 += 1;
    }
}

/// The values of a counter, from 1 on.
#[derive(Debug, PartialEq)]
struct Values(Vec<u64>);

impl View for Values {
    type Key = CounterId;
    type Event = CounterEvent;

    fn new(id: &CounterId) -> Self {
        assert_ne!(id.as_str(), "cursed");
        Values(Vec::new())
    }

    fn apply(&mut self, event: &CounterEvent, _: Timestamp) {
        if let CounterEvent::Counted { value } = event {
            self.0.push(*value);
        }
    }
}

async fn stage() -> Stage {
    Stage::with(|builder| builder.reads::<Values>().config(|config| config.page_events(2))).await
}

#[tokio::test]
async fn a_view_of_any_key_is_folded_from_what_everybody_wrote() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let start = || {
        let builder = Runtime::builder_shared(journal.clone());
        let builder = builder.aggregate::<Student>().aggregate::<Course>();
        let builder = builder.decision::<Subscribe>().decision::<Unsubscribe>();
        builder.reads::<Pairing>().reads::<All>().start()
    };
    let (one, other) = (start().await.unwrap(), start().await.unwrap());
    assert_eq!(
        one.read::<All>(()).await.unwrap(),
        Seen { value: All(0), position: Position::START }
    );
    for student in ["s1", "s2"] {
        one.aggregates::<Student>().get(student).ask(Register("Ada".into())).await.unwrap();
    }
    one.aggregates::<Course>().get("c1").ask(Define(9)).await.unwrap();
    for (runtime, student) in [(&one, "s1"), (&other, "s2")] {
        let (student, course) = (student.into(), "c1".into());
        runtime.decide(Subscribe { student, course }).await.unwrap();
    }
    one.aggregates::<Course>().get("c2").ask(Define(9)).await.unwrap();
    let all = one.read::<All>(()).await.unwrap();
    assert_eq!((all.value, all.position.get()), (All(2), 5));
    let key: (StudentId, CourseId) = ("s2".into(), "c1".into());
    let pairing = one.view::<Pairing>(key).timeout(Duration::from_secs(60)).read().await.unwrap();
    assert_eq!((pairing.value.0.len(), pairing.position.get()), (1, 5));
    // Of an aggregate it is what the journal says, which the live one has not heard of.
    let course = CourseId::from("c1");
    let live = one.aggregates::<Course>().get(&course);
    assert_eq!(live.read(|course, _| course.subscriptions).await.unwrap().value, 1);
    let recorded = one.read::<Course>(&course).await.unwrap();
    assert_eq!((recorded.value.subscriptions, recorded.position.get()), (2, 5));
}

#[tokio::test]
async fn pages_add_up_and_what_is_not_durable_is_not_there() {
    let stage = stage().await;
    for _ in 0..7 {
        stage.counters.get("a").ask(Count::FREELY).await.unwrap();
        stage.counters.get("b").ask(Count::FREELY).await.unwrap();
    }
    stage.journal.shut();
    let count = tokio::spawn(stage.counters.get("a").ask(Count::FREELY));
    stage.journal.waiting(1).await;
    let seen = stage.runtime.read::<Values>("a").await.unwrap();
    assert_eq!((seen.value, seen.position.get()), (Values((1..=7).collect()), 13));
    stage.journal.open();
    count.await.unwrap().unwrap();
    let seen = stage.runtime.read::<Values>("a").await.unwrap();
    assert_eq!((seen.value.0.len(), seen.position.get()), (8, 15));
    assert!(stage.counters.get("new").read(|counter, _| counter.value).await.is_ok());
    assert_eq!(stage.runtime.read::<Values>("new").await.unwrap().position, Position::START);
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_type() {
    let stage = stage().await;
    let cursed = stage.runtime.read::<Values>("cursed").await;
    assert!(matches!(cursed, Err(ReadError::Panicked { .. })), "{cursed:?}");
    stage.journal.set_unreadable(true);
    let unread = stage.runtime.read::<Values>("a").await;
    assert!(matches!(unread, Err(ReadError::Unread { .. })), "{unread:?}");
    stage.journal.set_unreadable(false);
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 1 }).await;
    write_raw(&stage.journal.inner(), "Counted", vec![0xc1]).await;
    let error = stage.runtime.read::<Values>("a").await.unwrap_err();
    let ReadError::Fold(fold) = &error else { panic!("{error:?}") };
    assert_eq!(fold.position, Some(Position::new(2)));
    assert!(error.to_string().contains("Values counter:a cannot read Counted"), "{error}");
    let Stage { runtime, .. } = stage;
    let late = runtime.view::<Values>("a");
    runtime.shutdown(Duration::from_secs(1)).await;
    assert!(matches!(late.read().await, Err(ReadError::ShutDown)));
}

#[tokio::test]
async fn it_waits_no_longer_than_it_may_and_takes_its_turn() {
    let hangs = Arc::new(AtomicBool::new(false));
    let hanging = hangs.clone();
    let inner: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let kept = Arc::downgrade(&inner);
    let journal = Altered::around(inner).read(move |inner, read| {
        if !hanging.load(Ordering::SeqCst) {
            return inner.read(read);
        }
        let inner = inner.clone();
        Answer::later(async move {
            std::future::pending::<()>().await;
            inner.read(read).await
        })
    });
    let clock = ManualClock::at(1_000);
    let stage = Stage::on(FaultyJournal::new(journal), clock, |builder| {
        builder.reads::<Values>().config(|config| config.view_reads(1))
    })
    .await;
    hangs.store(true, Ordering::SeqCst);
    let view = stage.runtime.view::<Values>("a");
    let first = tokio::spawn(view.timeout(Duration::from_secs(3)).read());
    settle().await;
    let second = tokio::spawn(view.timeout(Duration::from_secs(9)).read());
    settle().await;
    hangs.store(false, Ordering::SeqCst);
    settle().await;
    assert!(!first.is_finished() && !second.is_finished(), "the second has no turn yet");
    stage.clock.advance(Duration::from_secs(3));
    assert!(matches!(first.await.unwrap(), Err(ReadError::TimedOut)));
    assert_eq!(second.await.unwrap().unwrap().value, Values(Vec::new()));
    // One that is under way when the runtime ends, and is not polled any more, keeps no journal.
    hangs.store(true, Ordering::SeqCst);
    let mut abandoned = Box::pin(view.read());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(abandoned.as_mut().poll(&mut cx).is_pending());
    let Stage { runtime, journal, counters, .. } = stage;
    drop(journal);
    runtime.shutdown(Duration::from_secs(1)).await;
    assert_eq!(kept.strong_count(), 0, "the read holds the journal");
    assert!(matches!(abandoned.await, Err(ReadError::ShutDown)));
    drop(counters);
}

#[tokio::test]
#[should_panic(expected = "add `.reads::<decide::views::All>()` where it is built")]
async fn one_that_nobody_has_named_is_not_read() {
    let runtime = Runtime::builder(MemoryJournal::new()).aggregate::<Counter>().start().await;
    drop(runtime.unwrap().read::<All>(()));
}

/// It reads what nobody here emits: the name is another one now.
#[tokio::test]
async fn a_start_knows_what_a_view_would_miss() {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Counter>().reads::<All>();
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, StartError::NobodyEmits { .. }), "{error}");
}
