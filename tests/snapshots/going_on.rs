//! What goes on from a snapshot is what its events would have made.

use bailiwick::{AskError, Sabotage, Timestamp};
use bailiwick_tests::stage::settle;

use crate::fixture::{BEGIN, Draw, Fill, LONG, LeaveOpen, Tank, TooFew, Yard};

#[tokio::test]
async fn only_what_came_behind_it_is_read() {
    let yard = Yard::new().await;
    yard.fill(25).await;
    assert_eq!(yard.runtime.snapshots().saved, 2, "after ten, and after twenty");
    let before = yard.state().await;
    let yard = yard.restart().await;
    assert_eq!(yard.state().await, before);
    settle().await;
    let counts = yard.runtime.snapshots();
    assert_eq!((counts.used, counts.compared, counts.different), (1, 1, 0), "{counts:?}");
    // The next is due after as many events as ever.
    yard.fill(4).await;
    assert_eq!(yard.runtime.snapshots().saved, 0);
    yard.fill(1).await;
    assert_eq!(yard.runtime.snapshots().saved, 1, "five were read, five are new");
}

/// The position of a read is one that is expected, and watched from.
#[tokio::test]
async fn positions_are_those_of_the_journal() {
    let yard = Yard::new().await;
    yard.fill(20).await;
    let yard = yard.restart().await;
    let tank = yard.tanks.get("a");
    let seen = tank.read(|tank, _| tank.litres).await.unwrap();
    assert_eq!((seen.value, seen.position.get()), (20, 20));
    let receipt = tank.expecting(seen.position).ask_with_receipt(Draw(1)).await.unwrap();
    assert_eq!((receipt.reply, receipt.position.get()), (19, 21));
    let moved = tank.expecting(seen.position).ask(Draw(1)).await.unwrap_err();
    assert!(moved.not_run().is_some(), "{moved:?}");
    assert_eq!(yard.runtime.snapshots().used, 1);
}

#[tokio::test]
async fn it_leaves_memory_with_what_no_snapshot_has() {
    let yard = Yard::new().await;
    yard.fill(2).await;
    yard.leave_memory().await;
    assert_eq!(yard.runtime.snapshots().saved, 0, "two are too few");
    yard.fill(1).await;
    yard.leave_memory().await;
    assert_eq!(yard.runtime.snapshots().saved, 1);
    yard.leave_memory().await;
    assert_eq!(yard.state().await.events, 3);
    yard.leave_memory().await;
    let counts = yard.runtime.snapshots();
    assert_eq!((counts.saved, counts.used), (1, 1), "nothing came since: {counts:?}");
}

#[tokio::test]
async fn a_deadline_goes_on() {
    let yard = Yard::new().await;
    let tank = yard.tanks.get("a");
    tank.ask(LeaveOpen(Timestamp::from_millis(BEGIN + 1_000_000))).await.unwrap();
    yard.fill(9).await;
    let yard = yard.restart().await;
    assert_eq!(yard.state().await.events, 10);
    assert_eq!(yard.runtime.snapshots().used, 1);
    for _ in 0..20 {
        yard.clock.advance(LONG);
        settle().await;
    }
    assert_eq!(yard.state().await.events, 11, "it was closed");
}

/// Another runtime was faster: what is decided on a snapshot is decided again.
#[tokio::test]
async fn others_are_noticed() {
    assert!(is_guarded(None).await);
}

#[tokio::test]
async fn a_snapshot_that_shortens_the_condition_is_found() {
    let bug = Sabotage::SnapshotShortensCondition;
    assert!(!is_guarded(Some(bug)).await, "two have drawn the last litre, and nobody saw it");
}

/// Two runtimes load the tank, one from a snapshot, and draw its last litres at the same time.
async fn is_guarded(bug: Option<Sabotage>) -> bool {
    let first = Yard::new().await;
    first.fill(10).await;
    let second = first.another(|builder| builder.sabotage(bug)).await;
    assert_eq!(second.state().await.litres, 10);
    assert_eq!(second.runtime.snapshots().used, 1);
    first.tanks.get("a").ask(Draw(10)).await.unwrap();
    match second.tanks.get("a").ask(Draw(10)).await {
        Err(AskError::Rejected(TooFew(0))) => {
            assert_eq!(second.runtime.counts().conflicts, 1);
            assert_eq!(second.state().await.litres, 0);
            true
        }
        Ok(0) => false,
        other => panic!("{other:?}"),
    }
}

/// A rebuild after a conflict reads on, or goes on from the snapshot again: with the same result.
#[tokio::test]
async fn many_conflicts_leave_one_truth() {
    let first = Yard::new().await;
    let second = first.another(|builder| builder).await;
    for round in 0..60 {
        let of = if round % 2 == 0 { &first } else { &second };
        of.tanks.get("a").ask(Fill(1)).await.unwrap();
        if round % 7 == 0 {
            settle().await;
        }
    }
    settle().await;
    let anew = first.another(|builder| builder).await;
    // The last one to write knows all of it.
    let states = [second.state().await, anew.state().await];
    assert_eq!(states.map(|tank: Tank| tank.litres), [60, 60]);
    settle().await;
    assert_eq!((anew.runtime.snapshots().used, anew.runtime.snapshots().different), (1, 0));
}
