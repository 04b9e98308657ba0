//! Who stands by: what fails meanwhile, whose mark it is, and a database that does not answer at all.

use std::time::Duration;

use bailiwick::journal::Cursor;
use bailiwick::{
    Config, MemoryJournal, MemoryRows, Position, ProjectionState, ProjectionStore,
    ProjectionTransaction, ReachError, StaleReason,
};
use bailiwick_tests::fixtures::counter::{Count, CounterEvent};
use bailiwick_tests::stage::{Stage, write_foreign};

use super::faulty_rows::{Fault, Faulty, sums};
use super::fixture::{Sums, folded};
use super::{TIME_LIMIT, has_failed, is_ready, until};

const EVENTS: u64 = 3;
const STANDING_BY: ProjectionState = ProjectionState::Stale { reason: StaleReason::StandingBy };

fn config(config: Config) -> Config {
    let seconds = Duration::from_secs;
    config
        .projection_retry_for(seconds(50))
        .projection_standby(seconds(200))
        .timeout(seconds(9_000))
}

/// Somebody else has written rows up to here.
fn moved(rows: &MemoryRows<Sums>, mark: Cursor) {
    let mut tx = rows.clone().begin().expect("a transaction");
    tx.set_mark(mark).and_then(|()| tx.set_in_use()).expect("it is written");
    ProjectionTransaction::<Sums>::commit(tx).expect("it is committed");
}

/// A runtime whose first transaction finds that somebody else has come to this position; before that its database
/// fails once.
async fn overtaken(store: &Faulty, mark: impl FnOnce(&Stage) -> Cursor) -> Stage {
    let stage = Stage::new().await;
    for value in 1..=EVENTS {
        write_foreign(&stage.journal.inner(), CounterEvent::Counted { value }).await;
    }
    let mark = mark(&stage);
    store.fail([Fault::Busy]);
    // It looks in vain, and again, and then writes.
    store.before(3, move |rows| moved(rows, mark));
    let (projection, of) = sums(store);
    let Stage { journal, clock, .. } = stage;
    let change = |builder: bailiwick::Builder| builder.config(config).projection(projection, of);
    Stage::on(journal, clock, change).await
}

/// Until it is so; a second passes each time.
async fn until_later(
    stage: &Stage,
    mut is_so: impl FnMut(&bailiwick::ProjectionStatus) -> bool,
) -> bailiwick::ProjectionStatus {
    until(&stage.runtime.projection("sums"), |status| {
        let is_so = is_so(status);
        if !is_so {
            stage.clock.advance(Duration::from_secs(1));
        }
        is_so
    })
    .await
}

fn first(stage: &Stage) -> Cursor {
    Cursor::new(bailiwick::journal::Journal::id(&stage.journal), Position::new(1))
}

#[tokio::test]
async fn what_failed_before_is_over_for_who_stands_by() {
    let store = Faulty::new();
    let stage = overtaken(&store, first).await;
    let status = until_later(&stage, |status| status.state == STANDING_BY).await;
    assert_eq!((status.failures, status.failure), (0, None));
    assert!(stage.runtime.health().is_well(), "{}", stage.runtime.health());
    // Longer than a failing database is borne with.
    let looks = store.begun();
    until_later(&stage, |_| store.begun() > looks + 60).await;
    // It fails again: that is a first time, and no reason to compete.
    store.fail([Fault::Busy; 2]);
    until_later(&stage, |status| status.failures > 0).await;
    let status = until_later(&stage, |status| status.failures == 0).await;
    assert_eq!((status.state, status.position.get()), (STANDING_BY, 1));
    // It goes on when the other one has stood still for long enough.
    let status = until_later(&stage, is_ready).await;
    assert_eq!(status.position.get(), EVENTS);
}

#[tokio::test]
async fn a_database_that_fails_who_stands_by_for_too_long_fails_the_projection() {
    let store = Faulty::new();
    let stage = overtaken(&store, first).await;
    until_later(&stage, |status| status.state == STANDING_BY).await;
    store.fail([Fault::Busy; 1_000]);
    until_later(&stage, has_failed).await;
}

#[tokio::test]
async fn who_stands_by_looks_whose_mark_it_is() {
    let of_another = |_: &Stage| {
        Cursor::new(bailiwick::journal::Journal::id(&MemoryJournal::new()), Position::new(1_000))
    };
    let store = Faulty::new();
    let stage = overtaken(&store, of_another).await;
    let status = until_later(&stage, has_failed).await;
    let ProjectionState::Failed { at: None, reason } = status.state else { panic!("{status:?}") };
    assert!(reason.starts_with("its mark is not of this journal"), "{reason}");
    assert_eq!(status.in_use, None);
    let reached = stage.runtime.projection("sums").reached(Position::new(EVENTS)).await;
    assert!(matches!(reached, Err(ReachError::Failed { .. })), "{reached:?}");
}

#[tokio::test]
async fn a_version_that_comes_into_use_behind_the_mark_is_seen() {
    let store = Faulty::<1>::new();
    let (projection, of) = sums(&store);
    let stage = Stage::with(|builder| builder.config(config).projection(projection, of)).await;
    until(&stage.runtime.projection("sums"), is_ready).await;
    store.swap_behind_the_mark();
    stage.counters.get("a").ask(Count::FREELY).await.expect("it counts");
    let superseded = ProjectionState::Stale { reason: StaleReason::Superseded { in_use: 2 } };
    let status = until_later(&stage, |status| status.state == superseded).await;
    // Of the other version there is no mark, and of this one there are no further rows.
    assert_eq!((status.in_use, status.position), (Some((2, Position::START)), Position::START));
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_and_waited_for() {
    let store = Faulty::<1>::new();
    let (projection, of) = sums(&store);
    let stage = Stage::with(|builder| builder.config(config).projection(projection, of)).await;
    let projection = stage.runtime.projection("sums");
    until(&projection, is_ready).await;
    let (gate, begun) = (store.shut(), store.begun());
    let last = stage.counters.get("a").ask_with_receipt(Count::FREELY).await.unwrap().position;
    until(&projection, |_| store.begun() > begun).await;
    let status = until_later(&stage, |status| status.failures > 0).await;
    let limit = Config::new().get_projection_answer();
    let reason = StaleReason::DatabaseSilent { limit };
    assert_eq!((status.failures, status.state), (1, ProjectionState::Stale { reason }));
    let line = "the projection `sums`, version 1, is stale: the database has not answered for 30s";
    assert_eq!(stage.runtime.health().to_string(), line);
    assert!(!stage.runtime.health().is_well());
    drop(gate);
    projection.reached(last).await.expect("it goes on");
    let status = until(&projection, is_ready).await;
    assert_eq!((status.failures, status.failure), (0, None));
    assert_eq!(store.all(), folded(1, &stage.journal).await);

    // Nor does the end wait for it for ever.
    let (gate, begun) = (store.shut(), store.begun());
    stage.counters.get("a").ask(Count::FREELY).await.expect("it counts");
    until(&projection, |_| store.begun() > begun).await;
    let runtime = stage.runtime.clone();
    let ended = tokio::spawn(async move { runtime.shutdown(Duration::from_secs(5)).await });
    until(&projection, |_| {
        stage.clock.advance(Duration::from_secs(1));
        ended.is_finished()
    })
    .await;
    assert_eq!(ended.await.expect("no panic").stores_held, 1);
    drop(gate);
    assert_eq!(stage.runtime.shutdown(TIME_LIMIT).await.stores_held, 1, "as it was told");
}

#[tokio::test]
async fn older_versions_that_are_not_dropped_hold_up_nothing() {
    let store = Faulty::<1>::new();
    store.fail([Fault::NotDropped; 1_000]);
    let (projection, of) = sums(&store);
    let stage = Stage::with(|builder| builder.projection(projection, of)).await;
    until(&stage.runtime.projection("sums"), |status| is_ready(status) && store.faults() < 1_000)
        .await;
    assert!(stage.runtime.health().is_well());
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_told() {
    let store = Faulty::<1>::new();
    let (projection, of) = sums(&store);
    let stage = Stage::with(|builder| builder.projection(projection, of)).await;
    until(&stage.runtime.projection("sums"), is_ready).await;
    stage.journal.set_unreadable(true);
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 1 }).await;
    let status = until_later(&stage, |status| status.failures > 0).await;
    assert!(
        matches!(
            &status.state,
            ProjectionState::Stale { reason: StaleReason::JournalUnread { .. } }
        ),
        "{status:?}"
    );
    assert!(!stage.runtime.health().is_well() && status.is_failing());
    stage.journal.set_unreadable(false);
    let status = until_later(&stage, is_ready).await;
    assert_eq!((status.failures, status.position.get()), (0, 1));
}
