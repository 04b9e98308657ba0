//! A watch shows the durable events of one aggregate: all, in order, and none that is not durable.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bailiwick::{Position, Seen, Since, SubscribeError, Watch};
use bailiwick_tests::fixtures::counter::{Bell, Count, Counter, CounterEvent, CounterId, SetAlarm};
use bailiwick_tests::stage::{Stage, settle, write_foreign, write_raw};
use futures_core::Stream;

async fn value(watch: &mut Watch<Counter>) -> (u64, u64) {
    let change = watch.next().await.unwrap().unwrap();
    let CounterEvent::Counted { value } = change.event else { panic!("{change:?}") };
    (change.position().get(), value)
}

#[tokio::test]
async fn it_misses_nothing_however_slow() {
    let stage = Stage::new().await;
    let mut all = stage.counters.get("a").watch(Position::START).await.unwrap();
    for _ in 0..20 {
        stage.counters.get("a").ask(Count::FREELY).await.unwrap();
        stage.counters.get("b").ask(Count::FREELY).await.unwrap();
    }
    for n in 1..=20 {
        assert_eq!(value(&mut all).await, (2 * n - 1, n));
    }
    let mut tail = stage.counters.get("a").watch(Position::new(37)).await.unwrap();
    assert_eq!(value(&mut tail).await, (39, 20));
}

#[tokio::test]
async fn it_waits_for_the_next_and_does_not_see_what_is_not_durable() {
    let stage = Stage::new().await;
    let mut watch = stage.counters.get("a").watch(Position::START).await.unwrap();
    let next = tokio::spawn(async move { value(&mut watch).await });
    stage.journal.shut();
    let count = tokio::spawn(stage.counters.get("a").ask(Count::FREELY));
    stage.journal.waiting(1).await;
    settle().await;
    assert!(!next.is_finished());
    stage.journal.open();
    assert_eq!(next.await.unwrap(), (1, 1));
    count.await.unwrap().unwrap();
}

#[tokio::test]
async fn dropping_a_pending_next_loses_nothing() {
    let stage = Stage::new().await;
    let mut watch = stage.counters.get("a").watch(Position::START).await.unwrap();
    for n in 1..=10 {
        {
            let mut next = std::pin::pin!(watch.next());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(next.as_mut().poll(&mut cx).is_pending());
        }
        stage.counters.get("a").ask(Count::FREELY).await.unwrap();
        assert_eq!(value(&mut watch).await, (n, n));
    }
}

#[tokio::test]
async fn it_sees_what_others_write_at_once_and_deadlines_of_the_stored() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    let mut watch = counter.watch(Position::START).await.unwrap();
    counter.ask(SetAlarm { at: Some(200_000.into()), bell: Bell::Rings }).await.unwrap();
    watch.next().await.unwrap().unwrap();
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 1 }).await;
    // The runtime does not know of it yet, and nothing makes it look.
    assert_eq!(value(&mut watch).await, (2, 1));
    for _ in 0..2_000 {
        stage.clock.advance(Duration::from_millis(100));
        settle().await;
    }
    let rang = watch.next().await.unwrap().unwrap();
    assert!(matches!(rang.event, CounterEvent::Rang { .. }));
    assert_eq!(rang.at(), 200_000.into());
}

#[tokio::test]
async fn from_now_it_shows_what_comes_after_and_nothing_before() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    counter.ask(Count::FREELY).await.unwrap();
    // Durable, but this runtime does not know of it.
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 2 }).await;
    let mut watch = counter.watch(Since::Now).await.unwrap();
    counter.ask(Count::FREELY).await.unwrap();
    assert_eq!(value(&mut watch).await, (3, 3));
    // Decided, but not durable when it begins.
    stage.journal.shut();
    let count = tokio::spawn(counter.ask(Count::FREELY));
    stage.journal.waiting(1).await;
    let mut late = counter.watch(Since::Now).await.unwrap();
    stage.journal.open();
    count.await.unwrap().unwrap();
    assert_eq!((value(&mut watch).await, value(&mut late).await), ((4, 4), (4, 4)));
    let mut unwritten = stage.counters.get("new").watch(Since::Now).await.unwrap();
    stage.counters.get("new").ask(Count::FREELY).await.unwrap();
    assert_eq!(value(&mut unwritten).await, (5, 1));
}

/// However they are interleaved: what a read saw, and what a watch from its position shows, is
/// everything, once.
#[tokio::test]
async fn between_a_read_and_a_watch_from_its_position_nothing_is_missing() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    for round in 0..50 {
        let counts: Vec<_> = (0..8).map(|_| tokio::spawn(counter.ask(Count::FREELY))).collect();
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        let Seen { value: seen, position } = counter.read(|state, _| state.value).await.unwrap();
        let mut watch = counter.watch(position).await.unwrap();
        for count in counts {
            count.await.unwrap().unwrap();
        }
        for expected in seen + 1..=8 * (round + 1) {
            assert_eq!(value(&mut watch).await.1, expected, "round {round}");
        }
    }
}

#[tokio::test]
async fn a_change_says_who_asked_for_it_and_in_which_conversation() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    let mut watch = counter.watch(Since::Now).await.unwrap();
    let call = counter.principal("ann").correlation("form-7");
    call.ask(SetAlarm { at: Some(2_000.into()), bell: Bell::Rings }).await.unwrap();
    let change = watch.next().await.unwrap().unwrap();
    let text = |text: Option<&bailiwick::Text>| text.map(ToString::to_string);
    assert_eq!(text(change.principal()).as_deref(), Some("ann"));
    assert_eq!(text(change.correlation()).as_deref(), Some("form-7"));
    assert!(text(change.command()).unwrap().ends_with("SetAlarm"), "{change:?}");
    stage.clock.advance(Duration::from_secs(1));
    let rang = watch.next().await.unwrap().unwrap();
    assert!(matches!(rang.event, CounterEvent::Rang { .. }));
    assert_eq!((rang.command(), rang.principal(), rang.correlation()), (None, None, None));
}

fn poll<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn it_is_a_stream_that_ends_with_the_runtime_and_stays_at_its_end() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    let mut watch = counter.watch(Position::START).await.unwrap();
    assert!(poll(&mut watch).is_pending());
    counter.ask(Count::FREELY).await.unwrap();
    let Poll::Ready(Some(Ok(change))) = poll(&mut watch) else { panic!("an event is there") };
    assert_eq!(change.position().get(), 1);
    assert!(poll(&mut watch).is_pending());
    stage.runtime.shutdown(Duration::from_secs(1)).await;
    assert!(matches!(poll(&mut watch), Poll::Ready(None)));
    assert!(matches!(poll(&mut watch), Poll::Ready(None)));
}

#[tokio::test]
async fn after_an_error_it_goes_on() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    let mut watch = counter.watch(Position::START).await.unwrap();
    counter.ask(Count::FREELY).await.unwrap();
    stage.journal.set_unreadable(true);
    let error = watch.next().await.unwrap().unwrap_err();
    assert!(matches!(error, SubscribeError::Unread(_)), "{error:?}");
    // Polled in a loop it waits, and does not spin.
    let reads = stage.journal.reads();
    for _ in 0..100 {
        assert!(poll(&mut watch).is_pending());
    }
    assert_eq!(stage.journal.reads(), reads);
    stage.journal.set_unreadable(false);
    stage.clock.advance(Duration::from_secs(1));
    assert_eq!(value(&mut watch).await, (1, 1));
    write_raw(&stage.journal.inner(), "Counted", vec![0xc1]).await;
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 2 }).await;
    let mut watch = counter.watch(Position::START).await.unwrap();
    assert_eq!(value(&mut watch).await, (1, 1));
    let error = watch.next().await.unwrap().unwrap_err();
    let SubscribeError::Undecodable { position, .. } = error else { panic!("{error:?}") };
    assert_eq!(position.get(), 2);
    assert_eq!(value(&mut watch).await, (3, 2), "it goes on behind it");
}

/// Those that wait cost nothing: an event wakes who watches its aggregate, and nobody else.
#[tokio::test]
async fn ten_thousand_wait_and_those_are_woken_whom_it_concerns() {
    const WATCHES: usize = 10_000;
    let stage = Stage::new().await;
    let mut watches = Vec::with_capacity(WATCHES);
    for n in 0..WATCHES {
        let counter = stage.counters.get(format!("c{n}").parse::<CounterId>().unwrap());
        let mut watch = counter.watch(Since::Now).await.unwrap();
        assert!(poll(&mut watch).is_pending());
        watches.push(watch);
    }
    let reads = stage.journal.reads();
    for n in [0, 5_000, 9_999] {
        let id: CounterId = format!("c{n}").parse().unwrap();
        stage.counters.get(id).ask(Count::FREELY).await.unwrap();
        assert_eq!(value(&mut watches[n]).await.1, 1);
        assert!(poll(&mut watches[n]).is_pending());
    }
    // To be loaded, and for the event, with which it is known that there is nothing more.
    assert_eq!(stage.journal.reads() - reads, 6);
    stage.runtime.shutdown(Duration::from_secs(1)).await;
    assert!(watches.iter_mut().all(|watch| matches!(poll(watch), Poll::Ready(None))));
}
