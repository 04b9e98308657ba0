//! Where a subscription begins, goes on and ends.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bailiwick::journal::{Cursor, CursorError, Journal, JournalId, Query, Read};
use bailiwick::{
    Event, MemoryJournal, Position, Runtime, Since, SubscribeError, Subscription, Tag, Update,
};
use bailiwick_tests::fixtures::counter::{Count, CounterEvent, Look};
use bailiwick_tests::stage::{Stage, settle, write_foreign, write_raw};
use futures_core::Stream;
use serde::{Deserialize, Serialize};

use super::{Given, catch_up};

fn poll<T>(events: &mut Subscription<T>) -> Poll<Option<Result<Update<T>, SubscribeError>>> {
    Pin::new(events).poll_next(&mut Context::from_waker(Waker::noop()))
}

async fn refused(stage: &Stage, since: impl Into<Since>) -> CursorError {
    let error = stage.runtime.subscribe::<CounterEvent>(since).await.unwrap_err();
    let SubscribeError::Cursor(why) = error else { panic!("{error:?}") };
    why
}

#[tokio::test]
async fn a_place_of_another_journal_or_beyond_the_end_is_refused() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    counter.ask(Count::FREELY).await.unwrap();
    let events = stage.runtime.subscribe::<CounterEvent>(Position::new(1)).await.unwrap();
    let cursor = events.cursor();
    let beyond = Cursor { position: Position::new(2), ..cursor };
    let other = Cursor { journal: JournalId::from_u128(7), ..cursor };
    let why = refused(&stage, beyond).await;
    assert!(matches!(why, CursorError::BeyondHead { head, .. } if head.get() == 1), "{why:?}");
    let why = refused(&stage, beyond.position).await;
    assert!(matches!(why, CursorError::BeyondHead { .. }), "{why:?}");
    let why = refused(&stage, other).await;
    assert!(matches!(why, CursorError::OtherJournal { .. }), "{why:?}");
    let watched = counter.watch(other).await.unwrap_err();
    assert!(matches!(watched, SubscribeError::Cursor(_)), "{watched:?}");
}

#[tokio::test]
async fn it_says_once_that_it_is_caught_up_and_again_after_something_came() {
    let stage = Stage::new().await;
    let mut events = stage.runtime.subscribe::<CounterEvent>(Since::Now).await.unwrap();
    for n in 0..3 {
        let Poll::Ready(Some(Ok(Update::CaughtUp { position }))) = poll(&mut events) else {
            panic!("nothing is there")
        };
        assert_eq!(position.get(), n);
        assert!(poll(&mut events).is_pending());
        stage.counters.get("a").ask(Count::FREELY).await.unwrap();
        let next = events.next().await;
        assert!(matches!(next, Some(Ok(Update::Event(_)))), "{next:?}");
    }
}

/// Woken by what it wants, and by nothing else; by whoever writes it.
#[tokio::test]
async fn it_waits_without_looking_and_sees_what_others_write() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    let mut of_a = stage.counters.get("a").subscribe(Since::Now).await.unwrap();
    let mut all = stage.counters.subscribe(Since::Now).await.unwrap();
    for events in [&mut of_a, &mut all] {
        assert!(matches!(events.next().await, Some(Ok(Update::CaughtUp { .. }))));
        assert!(poll(events).is_pending());
    }
    let next = tokio::spawn(async move { (of_a.next().await, of_a) });
    settle().await;
    stage.counters.get("b").ask(Count::FREELY).await.unwrap();
    settle().await;
    assert!(!next.is_finished());
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 2 }).await;
    let (next, _of_a) = next.await.unwrap();
    let Some(Ok(Update::Event(news))) = next else { panic!("{next:?}") };
    assert_eq!(news.position().get(), 3);
    let mut given = Given::default();
    given.values.insert("a".into(), 1);
    catch_up(&mut all, &mut given).await;
    assert_eq!(given.last, 3);
}

#[tokio::test]
async fn it_goes_on_after_errors_and_ends_with_the_runtime() {
    let stage = Stage::new().await;
    let mut events = stage.runtime.subscribe::<CounterEvent>(Position::START).await.unwrap();
    stage.journal.set_unreadable(true);
    let error = events.next().await.unwrap().unwrap_err();
    assert!(matches!(error, SubscribeError::Unread(_)), "{error:?}");
    let reads = stage.journal.reads();
    for _ in 0..100 {
        assert!(poll(&mut events).is_pending(), "polled in a loop it waits");
    }
    assert_eq!(stage.journal.reads(), reads);
    stage.journal.set_unreadable(false);
    stage.clock.advance(Duration::from_secs(1));
    write_raw(&stage.journal.inner(), "Counted", vec![0xc1]).await;
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 1 }).await;
    let error = events.next().await.unwrap().unwrap_err();
    let SubscribeError::Undecodable { position, .. } = error else { panic!("{error:?}") };
    assert_eq!((position.get(), events.cursor().position.get()), (1, 1));
    let mut given = Given::default();
    catch_up(&mut events, &mut given).await;
    assert_eq!(given.last, 2, "it goes on behind it");
    assert!(poll(&mut events).is_pending());
    let Stage { runtime, counters, .. } = stage;
    assert!(runtime.shutdown(Duration::from_secs(1)).await.in_time);
    assert!(events.next().await.is_none() && events.next().await.is_none());
    let error = counters.subscribe(Since::Now).await.unwrap_err();
    assert!(matches!(error, SubscribeError::ShutDown), "{error:?}");
}

#[tokio::test]
async fn all_has_what_is_bailiwicks_own_and_a_set_has_not() {
    let stage = Stage::new().await;
    stage.counters.get("a").once("key").ask(Look).await.unwrap();
    let mut all = stage.runtime.subscribe_all(Position::START).await.unwrap();
    let next = all.next().await.unwrap().unwrap();
    let Update::Event(recorded) = next else { panic!("{next:?}") };
    assert!(recorded.event.is_reserved());
    let mut events = stage.counters.get("a").subscribe(Position::START).await.unwrap();
    let next = events.next().await.unwrap().unwrap();
    assert!(matches!(next, Update::CaughtUp { .. }), "{next:?}");
}

/// An event of a type that counters read, which concerns none of them.
#[tokio::test]
async fn a_set_has_what_concerns_no_aggregate_and_an_aggregate_type_has_not() {
    let stage = Stage::new().await;
    let mut set = stage.runtime.subscribe::<CounterEvent>(Since::Now).await.unwrap();
    let mut counters = stage.counters.subscribe(Since::Now).await.unwrap();
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 1 }).await;
    let read = Read::new(Query::all());
    let mut copy = stage.journal.read(read).await.unwrap().events.remove(0).event;
    copy.tags = Tag::new("meter", "m").unwrap().into();
    stage.journal.inner().append(vec![copy], None).await.unwrap();
    for expected in 1..=2 {
        let Some(Ok(Update::Event(news))) = set.next().await else { panic!("there are two") };
        assert_eq!(news.position().get(), expected);
    }
    let Some(Ok(Update::Event(news))) = counters.next().await else { panic!("there is one") };
    assert_eq!(news.position().get(), 1);
    let next = counters.next().await.unwrap().unwrap();
    assert!(matches!(next, Update::CaughtUp { position } if position.get() == 2), "{next:?}");
}

#[derive(Event, Debug, Clone, Serialize, Deserialize)]
struct Unheard {}

#[tokio::test]
#[should_panic(expected = "does not know the event type Unheard: add `.subscribes::<")]
async fn what_the_runtime_does_not_know_is_not_subscribed_to() {
    let stage = Stage::new().await;
    drop(stage.runtime.subscribe::<Unheard>(Since::Now));
}

/// A name that nobody has ever written is misspelt.
#[tokio::test]
async fn who_subscribes_to_what_nobody_emits_does_not_start() {
    let builder = Runtime::builder(MemoryJournal::new());
    assert!(builder.subscribes::<Unheard>().start().await.is_err());
    let builder = Runtime::builder(MemoryJournal::new()).emits::<Unheard>();
    let runtime = builder.subscribes::<Unheard>().start().await.expect("somebody writes it");
    assert!(runtime.subscribe::<Unheard>(Since::Now).await.is_ok());
}
