//! What an aggregate remembers of idempotency keys is in its snapshot.

use std::time::Duration;

use bailiwick_tests::stage::settle;

use crate::fixture::{Draw, Fill, Yard};

#[tokio::test]
async fn a_key_is_answered_as_before() {
    let yard = Yard::new().await;
    let first = yard.tanks.get("a").once("k").ask_with_receipt(Fill(7)).await.unwrap();
    // A key without an event of its own is remembered as well.
    yard.fill(9).await;
    assert_eq!(yard.runtime.snapshots().saved, 1);
    let yard = yard.restart().await;
    let tank = yard.tanks.get("a");
    let again = tank.once("k").ask_with_receipt(Fill(7)).await.unwrap();
    assert_eq!((again.reply, again.position), (first.reply, first.position));
    assert_eq!(yard.state().await.litres, 16);
    let reused = tank.once("k").ask(Fill(8)).await.unwrap_err();
    assert!(reused.not_run().is_some(), "{reused:?}");
    assert_eq!(yard.runtime.snapshots().used, 1);
    // And what comes behind the snapshot.
    tank.once("l").ask(Draw(1)).await.unwrap();
    let yard = yard.restart().await;
    yard.tanks.get("a").once("l").ask(Draw(1)).await.unwrap();
    yard.tanks.get("a").once("k").ask(Fill(7)).await.unwrap();
    assert_eq!(yard.state().await.litres, 15);
    assert_eq!(yard.runtime.snapshots().used, 1);
}

/// A key that a shorter window has forgotten is remembered by a longer one, as the journal has it.
#[tokio::test]
async fn a_longer_window_passes_a_snapshot_over_until_it_remembers_enough() {
    let short = Duration::from_secs(60);
    let yard = Yard::with(|builder| builder.config(|config| config.answers_for(short))).await;
    yard.tanks.get("a").once("k").ask(Fill(1)).await.unwrap();
    for _ in 0..10 {
        yard.clock.advance(Duration::from_secs(20));
        settle().await;
    }
    yard.fill(10).await;
    assert_eq!(yard.runtime.snapshots().saved, 1);
    let yard = yard.restart().await;
    yard.tanks.get("a").once("k").ask(Fill(1)).await.unwrap();
    assert_eq!(yard.state().await.litres, 11, "it was not filled again");
    let counts = yard.runtime.snapshots();
    assert_eq!((counts.used, counts.outdated), (0, 1), "{counts:?}");
}
