//! Histories, states as of a position, and waiting for a state: from the journal, and no aggregate is touched.

use std::time::Duration;

use bailiwick::{Builder, News, Position, ReadError, SubscribeError, Update};
use bailiwick_tests::fixtures::counter::{Bell, Count, CounterEvent, SetAlarm};
use bailiwick_tests::stage::{BEGIN, Stage, settle, write_foreign, write_raw};

/// Some events of two counters, none of them in memory.
async fn stored() -> Stage {
    let stage = Stage::new().await;
    for _ in 0..10 {
        stage.counters.get("a").principal("ann").ask(Count::FREELY).await.unwrap();
        stage.counters.get("b").ask(Count::FREELY).await.unwrap();
    }
    let Stage { runtime, clock, journal, .. } = stage;
    drop(runtime);
    Stage::on(journal, clock, |builder| builder.config(|config| config.page_events(3))).await
}

#[tokio::test]
async fn a_history_is_all_that_has_happened_up_to_when_it_began() {
    let stage = stored().await;
    let mut history = stage.counters.get("a").history(None).await.unwrap();
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 11 }).await;
    for n in 1..=10 {
        let news = history.next().await.unwrap().unwrap();
        assert_eq!(news.event, CounterEvent::Counted { value: n });
        assert_eq!((news.position().get(), news.at()), (2 * n - 1, BEGIN.into()));
        assert_eq!(news.principal().map(ToString::to_string).as_deref(), Some("ann"));
    }
    assert!(history.next().await.is_none() && history.next().await.is_none());
    assert_eq!(history.upto().get(), 20);
    assert!(stage.counters.get("c").history(None).await.unwrap().next().await.is_none());
    assert_eq!(stage.counters.in_memory(), []);
    let mut cut_off = stage.counters.get("a").history(None).await.unwrap();
    stage.runtime.shutdown(Duration::from_secs(1)).await;
    let error = cut_off.next().await.unwrap().unwrap_err();
    assert!(matches!(error, SubscribeError::ShutDown), "{error:?}");
    assert!(cut_off.next().await.is_none());
}

#[tokio::test]
async fn a_history_is_given_a_page_at_a_time_from_where_the_page_before_ended() {
    let stage = stored().await;
    let counter = stage.counters.get("a");
    let (mut after, mut given) = (None, Vec::new());
    for nth in 0..3 {
        let page = counter.history(after).await.unwrap().page(4).await.unwrap();
        assert_eq!((page.more, page.upto.get()), (nth < 2, 20), "page {nth}");
        after = page.events.last().map(News::position);
        given.extend(page.events.into_iter().map(|news| news.position().get()));
    }
    assert_eq!(given, (0..10).map(|n| 2 * n + 1).collect::<Vec<_>>());
    // Of one history, too; and what it was not asked for was not read.
    let reads = stage.journal.reads();
    let mut history = counter.history(None).await.unwrap();
    assert_eq!(history.page(2).await.unwrap().events.len(), 2);
    assert_eq!(stage.journal.reads() - reads, 1);
    let rest = history.page(100).await.unwrap();
    assert_eq!((rest.events.len(), rest.more), (8, false));
    assert_eq!(history.page(1).await.unwrap().events, []);
    let beyond = counter.history(Some(Position::new(21))).await.unwrap_err();
    assert!(matches!(beyond, SubscribeError::Cursor(_)), "{beyond:?}");
    assert_eq!(stage.counters.in_memory(), []);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_said_after_what_came_before_it() {
    let stage = stored().await;
    write_raw(&stage.journal.inner(), "Counted", b"!".to_vec()).await;
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 11 }).await;
    let mut history = stage.counters.get("a").history(None).await.unwrap();
    let page = history.page(20).await.unwrap();
    assert_eq!((page.events.len(), page.more), (10, true));
    let error = history.page(20).await.unwrap_err();
    let SubscribeError::Undecodable { position, .. } = error else { panic!("{error:?}") };
    assert_eq!(position.get(), 21);
    let rest = history.page(20).await.unwrap();
    assert_eq!((rest.events.len(), rest.more), (1, false));
}

/// However many events a page may have.
#[tokio::test]
async fn a_page_is_bounded_in_bytes() {
    let Stage { runtime, clock, journal, .. } = stored().await;
    drop(runtime);
    let few = |builder: Builder| builder.config(|config| config.page_bytes(1));
    let stage = Stage::on(journal, clock, few).await;
    let reads = stage.journal.reads();
    let mut events = stage.runtime.subscribe::<CounterEvent>(Position::START).await.unwrap();
    let mut given = 0;
    while let Update::Event(_) = events.next().await.unwrap().unwrap() {
        given += 1;
    }
    assert_eq!(given, 20);
    assert!(stage.journal.reads() - reads >= 20, "an event a page");
    let counter = stage.counters.get("a");
    assert_eq!(counter.as_of(Position::new(20)).await.unwrap().value.value, 10);
    assert_eq!(counter.read(|counter, _| counter.value).await.unwrap().value, 10);
}

#[tokio::test]
async fn a_state_as_of_a_position_is_what_it_was_then() {
    let stage = stored().await;
    let counter = stage.counters.get("a");
    for position in 0..=20 {
        let then = counter.as_of(Position::new(position)).await.unwrap();
        let counted = position.div_ceil(2);
        assert_eq!(then.value.value, counted, "as of {position}");
        assert_eq!(then.position.get(), (2 * counted).saturating_sub(1));
    }
    let error = counter.as_of(Position::new(21)).await.unwrap_err();
    let ReadError::BeyondHead { position, head } = error else { panic!("{error:?}") };
    assert_eq!((position.get(), head.get()), (21, 20));
    assert_eq!(stage.counters.in_memory(), []);
}

#[tokio::test]
async fn until_waits_for_the_durable_state_whoever_writes_it() {
    let stage = stored().await;
    let counter = stage.counters.get("a");
    let seen = counter.until(|counter| counter.value >= 10).await.unwrap();
    assert_eq!((seen.value.value, seen.position.get()), (10, 19), "it is there");
    let twelve = tokio::spawn(counter.until(|counter| counter.value == 12));
    settle().await;
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 11 }).await;
    stage.counters.get("b").ask(Count::FREELY).await.unwrap();
    settle().await;
    assert!(!twelve.is_finished());
    // Decided, and not durable.
    stage.journal.shut();
    let count = tokio::spawn(counter.ask(Count::FREELY));
    stage.journal.waiting(1).await;
    settle().await;
    assert!(!twelve.is_finished());
    stage.journal.open();
    count.await.unwrap().unwrap();
    let seen = twelve.await.unwrap().unwrap();
    assert_eq!((seen.value.value, seen.position.get()), (12, 23));
}

#[tokio::test]
async fn until_has_a_time_out_and_ends_with_the_runtime() {
    let stage = stored().await;
    let counter = stage.counters.get("a").timeout(Duration::from_secs(3));
    let late = tokio::spawn(counter.until(|counter| counter.value == 99));
    settle().await;
    stage.clock.advance(Duration::from_millis(2_999));
    settle().await;
    assert!(!late.is_finished());
    stage.clock.advance(Duration::from_millis(1));
    assert!(matches!(late.await.unwrap().unwrap_err(), ReadError::TimedOut));
    let panics = counter.until(|_| panic!("of the closure")).await.unwrap_err();
    assert!(matches!(panics, ReadError::Panicked { .. }), "{panics:?}");
    let cut_off = tokio::spawn(counter.until(|counter| counter.value == 99));
    settle().await;
    stage.runtime.shutdown(Duration::from_secs(1)).await;
    assert!(matches!(cut_off.await.unwrap().unwrap_err(), ReadError::ShutDown));
    assert_eq!(stage.counters.in_memory(), []);
}

#[tokio::test]
async fn until_sees_what_a_deadline_does() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    let at = Some((BEGIN + 500).into());
    counter.ask(SetAlarm { at, bell: Bell::Rings }).await.unwrap();
    let rang = tokio::spawn(counter.until(|counter| counter.rings == 1));
    settle().await;
    assert!(!rang.is_finished());
    stage.clock.advance(Duration::from_millis(500));
    assert_eq!(rang.await.unwrap().unwrap().position.get(), 2);
}
