//! Other writers on the boundary of an aggregate: what was decided on the old state is decided
//! again on the new one, and no rule is ever broken.

use bailiwick::journal::{AppendCondition, EncodedEvent, Journal, Metadata, QueryItem};
use bailiwick::{Cause, ManualClock, Position, Sabotage, Tag, Timestamp};
use bailiwick_tests::fixtures::counter::{Count, CounterEvent, Look};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::{Stage, events, settle, write_foreign};

fn counted(value: u64) -> CounterEvent {
    CounterEvent::Counted { value }
}

/// A foreign event arrives while one batch is in flight and another is formed on top of it.
async fn foreign_event_between_two_batches(stage: &Stage) -> [Option<u64>; 3] {
    stage.journal.shut();
    let counter = stage.counters.get("a");
    let submitted = tokio::spawn(counter.ask(Count::FREELY));
    stage.journal.waiting(1).await;
    let formed = [(); 2].map(|()| tokio::spawn(counter.ask(Count::FREELY)));
    settle().await;
    write_foreign(&stage.journal.inner(), counted(1)).await;
    stage.journal.open();
    let mut values = [None; 3];
    for (value, count) in values.iter_mut().zip([submitted].into_iter().chain(formed)) {
        *value = count.await.unwrap().ok();
    }
    values
}

#[tokio::test]
async fn a_foreign_event_makes_both_batches_be_decided_again_in_order() {
    let stage = Stage::new().await;
    let values = foreign_event_between_two_batches(&stage).await;
    assert_eq!(values, [Some(2), Some(3), Some(4)]);
    assert_eq!(stage.events().await, [1, 2, 3, 4].map(counted));
    assert_eq!(stage.runtime.counts().conflicts, 1);
}

/// The test above finds the bug it is there for.
#[tokio::test]
async fn without_the_rebuild_it_would_be_seen() {
    let stage = Stage::with(|builder| builder.sabotage(Some(Sabotage::NoRebuild))).await;
    let values = foreign_event_between_two_batches(&stage).await;
    assert_ne!(values, [Some(2), Some(3), Some(4)]);
}

#[tokio::test]
async fn a_command_that_always_loses_is_given_back() {
    let stage = Stage::new().await;
    stage.journal.plan([Fault::Conflict; 16]);
    let error = stage.counters.get("a").ask(Count::FREELY).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Contended { attempts: 16 })), "{error:?}");
    assert_eq!(stage.counters.get("a").ask(Count::FREELY).await.unwrap(), 1);
}

#[tokio::test]
async fn events_of_others_do_not_conflict() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    for id in ["b", "c"] {
        stage.counters.get(id).ask(Count::FREELY).await.unwrap();
    }
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    assert_eq!(stage.runtime.counts().conflicts, 0);
}

#[tokio::test]
async fn an_expected_position_is_judged_when_the_command_is() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    let first = counter.expecting_start().ask_with_receipt(Count::FREELY).await.unwrap();
    write_foreign(&stage.journal.inner(), counted(2)).await;
    let stale = counter.expecting(first.position);
    let error = stale.ask(Count::FREELY).await.unwrap_err();
    let Some(Cause::Moved { expected, actual }) = error.not_run() else { panic!("{error:?}") };
    assert_eq!((*expected, *actual), (first.position, Position::new(2)));
    let fresh = counter.expecting(*actual);
    assert_eq!(fresh.ask(Count::FREELY).await.unwrap(), 3);
}

/// Before the first event, an aggregate is at the start.
trait ExpectingStart {
    fn expecting_start(&self) -> Self;
}

impl ExpectingStart for bailiwick::AggregateRef<bailiwick_tests::fixtures::counter::Counter> {
    fn expecting_start(&self) -> Self {
        self.expecting(Position::START)
    }
}

#[tokio::test]
async fn a_position_expected_on_undurable_ground_is_answered_when_it_is_durable() {
    let stage = Stage::new().await;
    stage.journal.shut();
    let counter = stage.counters.get("a");
    let count = tokio::spawn(counter.ask(Count::FREELY));
    stage.journal.waiting(1).await;
    let moved = tokio::spawn(counter.expecting_start().ask(Look));
    settle().await;
    assert!(!moved.is_finished());
    stage.journal.open();
    count.await.unwrap().unwrap();
    let error = moved.await.unwrap().unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Moved { actual, .. }) if actual.get() == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runtimes_on_one_journal_keep_every_rule() {
    let one = Stage::new().await;
    let two = Stage::on(one.journal.clone(), ManualClock::at(1_000), |builder| builder).await;
    let limit = 40;
    let callers: Vec<_> = (0..64)
        .map(|n| {
            let counters = if n % 2 == 0 { &one.counters } else { &two.counters };
            let counter = counters.get("a");
            tokio::spawn(async move {
                match counter.ask(Count { limit }).await {
                    Ok(value) => Some(value),
                    Err(error) => {
                        assert_eq!(error.rejection().expect("a rule").value, limit);
                        None
                    }
                }
            })
        })
        .collect();
    let mut values = Vec::new();
    for caller in callers {
        values.extend(caller.await.unwrap());
    }
    values.sort_unstable();
    assert_eq!(values, (1..=limit).collect::<Vec<_>>());
    let journal = events(&one.journal.inner()).await;
    assert_eq!(journal, (1..=limit).map(counted).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_guard_by_type_only_sees_what_an_aggregate_wrote() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    let condition = AppendCondition::new(QueryItem::of_type("Counted").into());
    let event = EncodedEvent {
        event_type: "Counted".into(),
        version: 1,
        tags: Tag::new("counter", "b").unwrap().into(),
        payload: bailiwick::Fields::new().with("value", &1).unwrap().encode().into(),
        recorded_at: Timestamp::EPOCH,
        metadata: Metadata::default(),
    };
    let refused = stage.journal.append(vec![event], Some(condition)).await;
    assert!(
        matches!(refused, Err(bailiwick::journal::AppendError::Conflict { at }) if at.get() == 1)
    );
}

#[tokio::test]
async fn who_has_seen_more_of_the_journal_is_judged_on_that() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    counter.ask(Count::FREELY).await.unwrap();
    write_foreign(&stage.journal.inner(), counted(2)).await;
    let informed = counter.expecting(Position::new(2));
    assert_eq!(informed.ask(Count::FREELY).await.unwrap(), 3);
    let error = counter.expecting(Position::new(99)).ask(Count::FREELY).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Moved { actual, .. }) if actual.get() == 3));
}
