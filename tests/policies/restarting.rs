//! Whatever ends in between, a delivery has its effect once.

use bailiwick::{ManualClock, Runtime, StartError};
use bailiwick_tests::faulty::Fault;
use bailiwick_tests::stage::settle;

use crate::post::Kind::{Empty, Plain, Refused, Unreadable};
use crate::post::{Author, Office, PATIENCE, PostBox, Register};

#[tokio::test]
async fn a_restart_does_nothing_again() {
    let mut office = Office::new().await;
    office.writes("ann", [(1, Plain), (2, Refused), (3, Empty), (4, Unreadable)]).await;
    settle().await;
    settle().await;
    let before = office.traces().await;
    assert_eq!(before.len(), 4);
    for _ in 0..3 {
        office = office.restart().await;
        settle().await;
        assert_eq!(office.traces().await, before);
        let counts = office.policy().status().counts;
        assert_eq!((counts.caused, counts.rejected, counts.gave_up), (0, 0, 0));
    }
}

/// Killed while the target's append hangs: whether it is there later or not, it is there once.
#[tokio::test]
async fn what_was_under_way_when_it_was_killed_is_done_once() {
    for fault in [Fault::UnknownLost, Fault::UnknownWritten, Fault::NotWritten, Fault::Hangs] {
        let office = Office::new().await;
        office.journal.plan([Fault::None, fault]);
        office.writes("ann", [(1, Plain)]).await;
        settle().await;
        let office = office.restart().await;
        settle().await;
        office.passes(PATIENCE / 2).await;
        assert_eq!(office.letters("b").await, [1], "{fault:?}");
        assert_eq!(office.traces().await.len(), 1, "{fault:?}");
    }
}

/// The same without a restart.
#[tokio::test]
async fn an_unknown_outcome_is_looked_up() {
    for fault in [Fault::UnknownLost, Fault::UnknownWritten, Fault::NotWritten, Fault::Conflict] {
        let office = Office::new().await;
        office.journal.plan([Fault::None, fault]);
        office.writes("ann", [(1, Plain), (2, Plain)]).await;
        settle().await;
        office.passes(PATIENCE / 2).await;
        assert_eq!(office.letters("b").await, [1, 2], "{fault:?}");
        assert_eq!(office.traces().await.len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn two_runtimes_on_one_journal_deliver_once() {
    let office = Office::new().await;
    let other =
        Office::on(office.journal.clone(), office.clock.clone(), office.broken.clone(), |b| b);
    let other = other.await;
    office.writes("ann", (0..20).map(|n| (n, if n % 5 == 4 { Refused } else { Plain }))).await;
    other.writes("bob", (100..120).map(|n| (n, Plain))).await;
    for _ in 0..20 {
        settle().await;
        office.clock.advance(std::time::Duration::from_secs(1));
    }
    assert_eq!(office.traces().await.len(), 40);
    let mut letters = office.letters("b").await;
    if letters.len() < 36 {
        letters = other.letters("b").await;
    }
    assert_eq!(letters.len(), 36);
}

#[tokio::test]
async fn what_is_below_the_mark_is_never_looked_at_again() {
    let office = Office::with(|builder| builder.config(|config| config.policy_mark_news(5))).await;
    office.writes("ann", (0..10).map(|n| (n, Plain))).await;
    for _ in 0..20 {
        settle().await;
    }
    office.passes(std::time::Duration::from_secs(10)).await;
    let reached = office.policy().status().reached;
    let office = office.restart().await;
    settle().await;
    let status = office.policy().status();
    assert!(status.reached >= reached);
    assert_eq!(status.counts, Default::default(), "nothing was dealt with, not even found done");
}

#[tokio::test]
async fn a_policy_that_is_gone_is_not_passed_over() {
    let office = Office::new().await;
    office.writes("ann", [(1, Plain)]).await;
    settle().await;
    let journal = office.journal.clone();
    drop(office);
    let builder = || {
        Runtime::builder(journal.clone())
            .aggregate::<Author>()
            .aggregate::<PostBox>()
            .decision::<Register>()
            .clock(ManualClock::at(1_000))
    };
    let error = builder().start().await.unwrap_err();
    assert!(matches!(&error, StartError::UnknownPolicy { policy, .. } if policy == "post"));
    builder().ignores_policies(["post"]).start().await.unwrap();
}
