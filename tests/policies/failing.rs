//! Lanes that cannot go on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bailiwick::{Builder, Position, ReactionError, ReactionState, Rewind};
use bailiwick_tests::journals::faulty::{Fault, FaultyJournal};
use bailiwick_tests::stage::settle;

use crate::fixture::Kind::{Chain, Explosive, Heavy, Plain};
use crate::fixture::{Office, Post, TIME_LIMIT};

async fn broken_office(parked_lanes: usize) -> Office {
    let office = Office::with(|b| b.config(|config| config.parked_lanes(parked_lanes))).await;
    office.broken.store(true, Ordering::SeqCst);
    office
}

#[tokio::test]
async fn one_broken_lane_stands_still_and_others_go_on() {
    let office = broken_office(10).await;
    office.writes("ann", [(1, Heavy), (2, Plain)]).await;
    office.writes("bob", [(11, Plain), (12, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT / 2).await;
    assert_eq!(office.letters("b").await, [11, 12]);
    let status = office.policy().status();
    assert_eq!((status.stalled_lanes, status.parked_lanes), (1, 0));
    let stalled = &status.stalled[0];
    assert_eq!(stalled.lane, "author author:ann");
    assert!(stalled.reason.contains("too weak"), "{}", stalled.reason);
    assert!(stalled.failures > 2 && stalled.failing_for >= TIME_LIMIT / 2 - Duration::from_secs(1));
    assert!(status.oldest_pending.unwrap() >= TIME_LIMIT / 2);

    // Mended in time: the lane goes on by itself, in order.
    office.broken.store(false, Ordering::SeqCst);
    office.passes(TIME_LIMIT).await;
    assert_eq!(office.letters("b").await, [11, 12, 1, 2]);
}

#[tokio::test]
async fn a_lane_that_fails_for_long_is_parked_and_retried() {
    let mut office = broken_office(10).await;
    office.writes("ann", [(1, Heavy), (2, Plain), (3, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    for round in 0..2 {
        let parked = office.policy().parked();
        let [lane] = &parked[..] else { panic!("{parked:?}") };
        assert_eq!(lane.lane, "author author:ann");
        assert!(lane.reason.contains("too weak"));
        assert!(lane.command.as_ref().unwrap().contains("PutIn"), "{lane:?}");
        office.writes("bob", [(11 + round, Plain)]).await;
        settle().await;
        assert_eq!(office.letters("b").await.len(), 1 + usize::try_from(round).unwrap());
        let sent = office.policy().inspect("author author:ann").await.unwrap();
        assert!(sent[0].contains("PutIn"), "{sent:?}");
        // In vain: it is parked again, once.
        let facts = office.events().await.len();
        assert_eq!(office.policy().select(|_| true).retry(), 1);
        office.passes(TIME_LIMIT * 3).await;
        assert_eq!(office.policy().status().parked_lanes, 1);
        assert_eq!(office.events().await.len(), facts, "parked twice is parked once");
        if round == 0 {
            // So it is after a restart.
            office.passes(Duration::from_secs(20)).await;
            office = office.restart().await;
            settle().await;
        }
    }
    office.writes("ann", [(4, Plain)]).await;
    office.broken.store(false, Ordering::SeqCst);
    let selected = office.policy().select(|lane| lane.reason.contains("weak"));
    assert_eq!(selected.lanes().len(), 1, "the dry run");
    assert_eq!(selected.retry(), 1);
    office.passes(Duration::from_secs(5)).await;
    assert_eq!(office.letters("b").await, [11, 12, 1, 2, 3, 4]);
    assert!(office.policy().parked().is_empty());
    office.traces().await;
    let office = office.restart().await;
    office.writes("ann", [(5, Plain)]).await;
    settle().await;
    assert_eq!(office.letters("b").await, [11, 12, 1, 2, 3, 4, 5]);
    assert!(office.policy().parked().is_empty());
}

#[tokio::test]
async fn an_operator_skips_a_delivery_or_drops_a_lane() {
    for skips in [true, false] {
        let office = broken_office(10).await;
        office.writes("ann", [(1, Heavy), (2, Plain)]).await;
        settle().await;
        office.passes(TIME_LIMIT * 3).await;
        let selected = office.policy().select(|lane| lane.lane == "author author:ann");
        let moved = match skips {
            true => selected.skip().await,
            false => selected.drop_all().await,
        };
        assert_eq!(moved.unwrap(), 1);
        settle().await;
        office.writes("ann", [(3, Plain)]).await;
        settle().await;
        let expected: &[u64] = if skips { &[2, 3] } else { &[3] };
        assert_eq!(office.letters("b").await, expected);
        office.broken.store(false, Ordering::SeqCst);
        let office = office.restart().await;
        settle().await;
        assert_eq!(office.letters("b").await, expected, "it is so for good");
        assert!(office.policy().parked().is_empty());
    }
}

#[tokio::test]
async fn a_policy_that_panics_is_one_lane() {
    let office = broken_office(10).await;
    office.writes("ann", [(1, Explosive)]).await;
    office.writes("bob", [(2, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    assert_eq!(office.letters("b").await, [2]);
    let parked = office.policy().parked();
    assert!(parked[0].reason.contains("it explodes"), "{parked:?}");
}

#[tokio::test]
async fn a_full_park_stops_the_policy_loudly() {
    let office = broken_office(1).await;
    office.writes("ann", [(1, Heavy)]).await;
    office.writes("bob", [(2, Heavy)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    let status = office.policy().status();
    assert_eq!((status.state, status.parked_lanes), (ReactionState::Stopped, 1));
    office.writes("cid", [(3, Plain)]).await;
    settle().await;
    assert!(office.letters("b").await.is_empty());
    office.broken.store(false, Ordering::SeqCst);
    let office = office.restart().await;
    settle().await;
    assert_eq!(office.letters("b").await.len(), 2, "what waited goes on; the parked lane does not");
}

#[tokio::test]
async fn policies_that_answer_each_other_for_ever_are_parked_with_their_chain() {
    let office = Office::with(|b| b.config(|config| config.policy_hops(5))).await;
    office.writes("ann", [(1, Chain)]).await;
    settle().await;
    settle().await;
    let parked = office.policy().parked();
    assert!(
        parked[0].reason.contains("LetterWritten at 7 by post <- LetterWritten at 6 by post"),
        "{parked:?}"
    );
    assert_eq!(office.traces().await.len(), 5);
}

/// What one runtime frees, another one that had it parked frees as well: nothing of it is passed over.
#[tokio::test]
async fn a_lane_that_another_runtime_freed_goes_on() {
    let office = broken_office(10).await;
    let (journal, clock) = (office.journal.clone(), office.clock.clone());
    office.writes("ann", [(1, Heavy), (2, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    let other = Office::on(journal, clock, office.broken.clone(), |builder| builder).await;
    settle().await;
    assert_eq!((office.policy().parked().len(), other.policy().parked().len()), (1, 1));
    office.policy().select(|_| true).drop_all().await.unwrap();
    settle().await;
    assert!(other.policy().parked().is_empty());
    // Only the other one is left.
    drop(office);
    other.writes("ann", [(3, Plain)]).await;
    settle().await;
    assert_eq!(other.letters("b").await, [3]);
}

/// A runtime that does not know yet that its lane was dropped does not park it: else it would be tried again one day.
#[tokio::test]
async fn a_lane_that_was_dropped_meanwhile_is_not_parked_again() {
    let office = broken_office(10).await;
    let (journal, clock) = (office.journal.clone(), office.clock.clone());
    let blind = FaultyJournal::around(journal.inner());
    let patient =
        |builder: Builder| builder.config(|config| config.policy_retry_for(TIME_LIMIT * 4));
    let other = Office::on(blind, clock.clone(), office.broken.clone(), patient).await;
    office.writes("ann", [(1, Heavy), (2, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    other.journal.hide(true).await;
    assert_eq!(office.policy().select(|_| true).drop_all().await.unwrap(), 1);
    office.passes(TIME_LIMIT * 3).await;
    other.journal.hide(false).await;
    office.writes("ann", [(3, Plain)]).await;
    office.passes(TIME_LIMIT * 3).await;
    let status = other.policy().status();
    assert_eq!((status.parked_lanes, status.stalled_lanes), (0, 0));
    let broken = office.broken.clone();
    broken.store(false, Ordering::SeqCst);
    drop((office, other));
    let office = Office::on(journal, clock, broken, |builder| builder).await;
    assert_eq!(office.policy().select(|_| true).retry(), 0);
    settle().await;
    assert_eq!(office.letters("b").await, [3]);
}

/// A lane that is tried again here, and that another runtime frees meanwhile, is not passed over by the mark.
#[tokio::test]
async fn a_lane_that_was_freed_while_it_was_tried_again_is_not_forgotten() {
    let office = broken_office(10).await;
    let (journal, clock) = (office.journal.clone(), office.clock.clone());
    office.writes("ann", [(1, Heavy), (2, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    let patient = |builder: Builder| {
        builder.config(|config| config.policy_retry_for(TIME_LIMIT * 4).policy_mark_news(1))
    };
    let other = Office::on(journal, clock, office.broken.clone(), patient).await;
    assert_eq!(other.policy().select(|_| true).retry(), 1);
    other.passes(TIME_LIMIT).await;
    assert_eq!(office.policy().select(|_| true).drop_all().await.unwrap(), 1);
    drop(office);
    settle().await;
    // It waits for its next try, while the mark goes on.
    other.writes("ann", [(3, Plain)]).await;
    other.writes("bob", [(11, Plain)]).await;
    settle().await;
    assert_eq!(other.letters("b").await, [11]);
    let other = other.restart().await;
    other.passes(TIME_LIMIT).await;
    assert_eq!(other.letters("b").await, [11, 3]);
}

/// Rewinding does again what was dropped, too.
#[tokio::test]
async fn what_was_dropped_is_done_after_a_rewind() {
    let office = broken_office(10).await;
    office.writes("ann", [(1, Heavy), (2, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    office.policy().select(|_| true).drop_all().await.unwrap();
    office.broken.store(false, Ordering::SeqCst);
    office.writes("ann", [(3, Plain)]).await;
    office.passes(TIME_LIMIT).await;
    assert_eq!(office.letters("b").await, [3]);
    let Office { runtime, journal, clock, broken, .. } = office;
    drop(runtime);
    let rewind = Rewind::plan::<Post>(Arc::new(journal.clone()), Position::START).await.unwrap();
    rewind.confirm().await.unwrap();
    let office = Office::on(journal, clock, broken, |builder| builder).await;
    office.passes(TIME_LIMIT).await;
    assert_eq!(office.letters("b").await, [3, 1, 2, 3]);
}

/// As many news fail as are held: nothing more is read, and what was freed meanwhile is known all the same.
#[tokio::test]
async fn lanes_are_parked_although_there_is_no_room_for_news() {
    let few = |builder: Builder| {
        builder.config(|config| config.policy_retry_for(TIME_LIMIT).policy_news(2))
    };
    let office = Office::with(few).await;
    office.broken.store(true, Ordering::SeqCst);
    office.writes("ann", [(1, Heavy)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    office.writes("bob", [(11, Heavy)]).await;
    office.writes("cid", [(21, Heavy)]).await;
    settle().await;
    assert_eq!(office.policy().select(|_| true).drop_all().await.unwrap(), 1);
    office.writes("dan", [(31, Plain)]).await;
    office.passes(TIME_LIMIT * 3).await;
    assert_eq!(office.policy().status().parked_lanes, 2);
    assert_eq!(office.letters("b").await, [31]);
}

/// An operator drops what was looked at, and nothing else.
#[tokio::test]
async fn a_selection_that_is_old_drops_nothing() {
    let office = broken_office(10).await;
    office.writes("ann", [(1, Heavy)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    let old = office.policy().select(|_| true);
    office.broken.store(false, Ordering::SeqCst);
    assert_eq!(old.retry(), 1);
    office.passes(TIME_LIMIT).await;
    office.broken.store(true, Ordering::SeqCst);
    office.writes("ann", [(3, Heavy), (4, Plain)]).await;
    office.passes(TIME_LIMIT * 3).await;
    assert_eq!((old.drop_all().await.unwrap(), old.skip().await.unwrap()), (0, 0));
    office.broken.store(false, Ordering::SeqCst);
    assert_eq!(office.policy().select(|_| true).retry(), 1);
    office.passes(TIME_LIMIT).await;
    assert_eq!(office.letters("b").await, [1, 3, 4]);
}

/// What an operator drops in one runtime is dropped in another one, too, that has not given up trying.
#[tokio::test]
async fn what_is_dropped_is_so_for_a_runtime_that_goes_on_trying() {
    let office = broken_office(10).await;
    let (journal, clock) = (office.journal.clone(), office.clock.clone());
    let patient = |builder: bailiwick::Builder| {
        builder.config(|config| config.policy_retry_for(TIME_LIMIT * 1_000))
    };
    let other = Office::on(journal, clock, office.broken.clone(), patient).await;
    office.writes("ann", [(1, Heavy), (2, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    let stands = |office: &Office| {
        let status = office.policy().status();
        (status.parked_lanes, status.stalled_lanes)
    };
    assert_eq!((stands(&office), stands(&other)), ((1, 0), (0, 1)));
    assert_eq!(office.policy().select(|_| true).drop_all().await.unwrap(), 1);
    settle().await;
    office.broken.store(false, Ordering::SeqCst);
    office.writes("ann", [(3, Plain)]).await;
    office.passes(TIME_LIMIT * 3).await;
    assert_eq!(office.letters("b").await, [3]);
    assert_eq!((stands(&office), stands(&other)), ((0, 0), (0, 0)));
    assert_eq!(other.policy().status().pending, 0);
}

/// The operator is told that it failed, and tries the lane again; but it stands in the journal.
#[tokio::test]
async fn what_is_dropped_though_that_was_told_as_failed_is_not_sent_by_a_retry() {
    let office = broken_office(10).await;
    office.writes("ann", [(1, Heavy), (2, Plain)]).await;
    settle().await;
    office.passes(TIME_LIMIT * 3).await;
    office.journal.plan([Fault::UnknownWritten]);
    office.journal.hide(true).await;
    let selected = office.policy().select(|_| true);
    assert!(matches!(selected.drop_all().await, Err(ReactionError::NotRecorded { .. })));
    assert_eq!(selected.retry(), 1);
    settle().await;
    office.journal.hide(false).await;
    office.writes("ann", [(3, Plain)]).await;
    settle().await;
    office.broken.store(false, Ordering::SeqCst);
    office.passes(TIME_LIMIT * 3).await;
    assert_eq!(office.letters("b").await, [3]);
    assert!(office.policy().parked().is_empty());
}
