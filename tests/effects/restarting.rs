//! Whatever ends in between: nothing is called after its trace, and nothing under two keys.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::policy::Ending::{GaveUp, Performed};
use bailiwick::{ManualClock, MockAnswer, Rewind};
use bailiwick_tests::journals::faulty::{Fault, FaultyJournal};
use bailiwick_tests::journals::place::{Kept, Place};
use bailiwick_tests::stage::settle;

use crate::fixture::{NEVER, Scene, Sell, Send, TIME_LIMIT, World};

#[tokio::test]
async fn a_restart_calls_nothing_again() {
    let mut scene = Scene::new().await;
    scene.world.host("near").answer([MockAnswer::Done, MockAnswer::GiveUp]);
    for n in 1..=3 {
        scene.sells("a", "near", n).await;
    }
    settle().await;
    settle().await;
    let before = scene.endings().await;
    assert_eq!(
        before.iter().map(|(_, how)| *how).collect::<Vec<_>>(),
        [Performed, GaveUp, Performed]
    );
    for _ in 0..3 {
        scene = scene.restart().await;
        scene.passes(Duration::from_secs(100)).await;
        assert_eq!(scene.endings().await, before);
        assert_eq!(scene.sent("near"), [1, 2, 3]);
    }
}

/// The window that nobody can close: called, and nobody knows.
#[tokio::test]
async fn what_was_called_and_not_recorded_is_called_again_under_the_same_key() {
    for fault in [Fault::Hangs, Fault::UnknownWritten] {
        let scene = Scene::new().await;
        scene.journal.plan([Fault::None, fault]);
        scene.sells("a", "near", 1).await;
        settle().await;
        assert_eq!(scene.sent("near"), [1]);
        let scene = scene.restart().await;
        scene.passes(Duration::from_secs(20)).await;
        let times = if fault == Fault::Hangs { 2 } else { 1 };
        assert_eq!(scene.sent("near").len(), times, "{fault:?}");
        assert_eq!(scene.world.host("near").keys().len(), 1);
        assert_eq!(scene.endings().await, [(2, Performed)]);
    }
}

/// As long as the process lives, it knows what came of a call.
#[tokio::test]
async fn while_a_trace_cannot_be_written_nobody_is_called_again() {
    let faults = [Fault::NotWritten, Fault::UnknownLost, Fault::UnknownWritten, Fault::Conflict];
    for (answer, how) in [(MockAnswer::Done, Performed), (MockAnswer::GiveUp, GaveUp)] {
        for fault in faults {
            let scene = Scene::new().await;
            scene.world.host("near").answer([answer]);
            let faults = if fault == Fault::Conflict { vec![] } else { vec![fault; 4] };
            scene.journal.plan([Fault::None].into_iter().chain(faults));
            scene.sells("a", "near", 1).await;
            settle().await;
            scene.passes(Duration::from_secs(100)).await;
            assert_eq!(scene.sent("near"), [1], "{fault:?}");
            assert_eq!(scene.endings().await, [(2, how)], "{fault:?}");
            assert!(scene.runtime.health().is_well());
        }
    }
}

#[tokio::test]
async fn an_effect_whose_lease_has_run_out_meanwhile_gives_up_after_a_restart() {
    let scene = Scene::new().await;
    scene.always("near", MockAnswer::Retry);
    scene.sells_until("a", "near", 1, 60_000).await;
    settle().await;
    assert_eq!(scene.sent("near"), [1]);
    let (journal, clock, world) = (scene.journal.clone(), scene.clock.clone(), scene.world.clone());
    drop(scene);
    settle().await;
    // Nobody was there while it ran out, and the outside is well again.
    clock.advance(Duration::from_secs(60));
    world.host("near").always(MockAnswer::Done);
    let scene = Scene::on(journal, clock, world, |builder| builder).await;
    scene.passes(Duration::from_secs(20)).await;
    assert_eq!(scene.sent("near"), [1]);
    assert_eq!(scene.endings().await, [(2, GaveUp)]);
    let scene = scene.restart().await;
    scene.passes(Duration::from_secs(20)).await;
    assert_eq!(scene.endings().await, [(2, GaveUp)]);
}

#[tokio::test]
async fn two_runtimes_on_one_journal_leave_one_trace_of_each_call() {
    let scene = Scene::new().await;
    let other = scene.beside().await;
    scene.world.host("near").answer([
        MockAnswer::Done,
        MockAnswer::Retry,
        MockAnswer::Hang,
        MockAnswer::GiveUp,
    ]);
    for n in 0..20 {
        scene.sells(&format!("s{}", n % 3), "near", n).await;
        other.sells(&format!("t{}", n % 3), "far", n).await;
        settle().await;
    }
    for _ in 0..10 {
        scene.passes(Duration::from_secs(20)).await;
    }
    let (near, far) = (scene.world.host("near"), scene.world.host("far"));
    assert_eq!((near.keys().len(), far.keys().len()), (20, 20));
    assert_eq!(scene.endings().await.len(), 40);
    let counts = [scene.effect().status().counts, other.effect().status().counts];
    let traced: u64 = counts.iter().map(|counts| counts.performed + counts.gave_up).sum();
    assert_eq!(traced, 40, "{counts:?}");
    assert!(counts.iter().all(|counts| counts.news == 40));
}

#[tokio::test]
async fn a_shutdown_lets_calls_finish_and_begins_none() {
    let scene = Scene::new().await;
    scene.world.host("near").answer([MockAnswer::Done]);
    scene.journal.shut();
    let sold = tokio::spawn({
        let (a, near) =
            (scene.shops.get("a"), |n| crate::fixture::Sell(n, "near".into(), u64::MAX.into()));
        async move {
            let (first, second) = (a.ask(near(1)), a.ask(near(2)));
            first.await.unwrap();
            second.await.unwrap();
        }
    });
    scene.journal.waiting(1).await;
    scene.journal.let_pass(1);
    settle().await;
    scene.journal.let_pass(1);
    settle().await;
    // The first was called, and its trace waits for the journal.
    assert_eq!(scene.sent("near"), [1]);
    let shutdown = tokio::spawn(scene.runtime.shutdown(Duration::from_secs(60)));
    settle().await;
    assert!(!shutdown.is_finished());
    scene.journal.open();
    settle().await;
    assert!(shutdown.await.unwrap().in_time);
    sold.await.unwrap();
    assert_eq!(scene.sent("near"), [1], "no call was begun");
    assert_eq!(scene.endings().await, [(2, Performed)]);
    let scene = scene.restart().await;
    settle().await;
    assert_eq!(scene.sent("near"), [1, 2]);
}

/// A trace that could not be written waits to be tried again: a shutdown does not wait, and tries once more.
#[tokio::test]
async fn a_shutdown_leaves_the_traces_that_could_not_be_left_before() {
    let scene = Scene::new().await;
    scene.journal.plan([Fault::None, Fault::NotWritten]);
    scene.sells("a", "near", 1).await;
    settle().await;
    assert_eq!((scene.sent("near").len(), scene.endings().await.len()), (1, 0));
    assert!(scene.runtime.shutdown(Duration::from_secs(60)).await.in_time);
    assert_eq!(scene.endings().await, [(2, Performed)]);
    let scene = scene.restart().await;
    scene.passes(Duration::from_secs(20)).await;
    assert_eq!(scene.sent("near"), [1]);
}

/// Who stops waiting for a shutdown stops nothing of it.
#[tokio::test]
async fn a_shutdown_that_is_dropped_leaves_the_same_traces() {
    let scene = Scene::new().await;
    scene.journal.plan([Fault::None, Fault::NotWritten]);
    scene.sells("a", "near", 1).await;
    settle().await;
    assert_eq!((scene.sent("near").len(), scene.endings().await.len()), (1, 0));
    scene.journal.shut();
    let shops = scene.shops.clone();
    let sale =
        tokio::spawn(
            async move { shops.get("b").ask(Sell(2, "far".to_owned(), NEVER.into())).await },
        );
    settle().await;
    tokio::select! {
        biased;
        _ = scene.runtime.shutdown(Duration::from_secs(60)) => panic!("a sale is under way"),
        () = settle() => {}
    }
    scene.journal.open();
    settle().await;
    sale.await.unwrap().unwrap();
    assert_eq!(scene.endings().await, [(2, Performed)]);
    let scene = scene.restart().await;
    scene.passes(Duration::from_secs(20)).await;
    assert_eq!((scene.sent("near"), scene.sent("far")), (vec![1], vec![2]));
}

/// Two who wait for a shutdown wait for the same end of it.
#[tokio::test]
async fn a_shutdown_that_is_asked_for_twice_leaves_all_traces() {
    let scene = Scene::new().await;
    scene.journal.plan([Fault::None, Fault::NotWritten, Fault::None, Fault::NotWritten]);
    scene.sells("a", "near", 1).await;
    settle().await;
    scene.sells("b", "far", 2).await;
    settle().await;
    assert_eq!(scene.endings().await.len(), 0);
    scene.journal.shut();
    let (one, other) = (scene.runtime.clone(), scene.runtime.clone());
    let one = tokio::spawn(async move { one.shutdown(Duration::from_secs(60)).await });
    settle().await;
    let other = tokio::spawn(async move { other.shutdown(Duration::from_secs(60)).await });
    settle().await;
    scene.journal.open();
    assert!(one.await.unwrap().in_time && other.await.unwrap().in_time);
    assert_eq!(scene.endings().await.len(), 2);
}

/// What was not rewound has the key that it had.
#[tokio::test]
async fn what_was_not_rewound_is_called_under_its_key() {
    let scene = Scene::new().await;
    scene.always("far", MockAnswer::Retry);
    scene.sells("a", "far", 1).await;
    settle().await;
    scene.passes(TIME_LIMIT * 2).await;
    assert_eq!(scene.effect().parked().len(), 1);
    let Scene { runtime, clock, journal, world, .. } = scene;
    drop(runtime);
    settle().await;
    let head = journal.inner().head().await.unwrap().position;
    let rewind = Rewind::plan_effect::<Send>(Arc::new(journal.clone()), head).await.unwrap();
    rewind.confirm().await.unwrap();
    let scene = Scene::on(journal, clock, world, |builder| builder).await;
    scene.always("far", MockAnswer::Done);
    assert_eq!(scene.effect().select(|_| true).retry(), 1);
    scene.passes(Duration::from_secs(20)).await;
    let keys: BTreeSet<_> = scene.world.host("far").keys().into_iter().collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[tokio::test]
async fn a_shutdown_drops_calls_that_take_longer_than_its_limit() {
    let scene = Scene::new().await;
    scene.always("near", MockAnswer::Hang);
    scene.sells("a", "near", 1).await;
    settle().await;
    let shutdown = tokio::spawn(scene.runtime.shutdown(Duration::from_secs(5)));
    settle().await;
    assert_eq!((shutdown.is_finished(), scene.world.under_way()), (false, 1));
    scene.clock.advance(Duration::from_secs(5));
    assert!(!shutdown.await.unwrap().in_time);
    assert_eq!(scene.world.under_way(), 0);
    assert_eq!(scene.endings().await, []);
    // The last clone that is dropped aborts.
    let scene = scene.restart().await;
    settle().await;
    assert_eq!(scene.world.under_way(), 1);
    let world = scene.world.clone();
    drop(scene);
    settle().await;
    assert_eq!(world.under_way(), 0);
}

/// The same on both journals, as a process finds them that starts.
#[tokio::test]
async fn on_a_folder_as_in_memory() {
    for kept in [Kept::InMemory, Kept::Durably] {
        let (place, clock, world) = (Place::fresh(kept), ManualClock::at(1_000), World::new());
        world.host("near").answer([MockAnswer::Done, MockAnswer::GiveUp, MockAnswer::Retry]);
        for run in 0..3 {
            let journal = FaultyJournal::around(place.open());
            let scene = Scene::on(journal, clock.clone(), world.clone(), |builder| builder).await;
            let expected = 3 + run * 2;
            if run == 0 {
                for n in 1..=3 {
                    scene.sells(&format!("s{n}"), "near", n).await;
                }
            } else {
                scene.sells("s1", "far", 10 + run).await;
                scene.sells("s2", "far", 20 + run).await;
            }
            let of_all = usize::try_from(expected).unwrap();
            while scene.endings().await.len() < of_all {
                clock.advance(Duration::from_millis(100));
                settle().await;
            }
            assert!(scene.runtime.shutdown(Duration::from_secs(60)).await.in_time);
        }
        let mut near = world.host("near").inputs();
        near.sort();
        near.dedup();
        assert_eq!(near.len(), 3, "{kept:?}");
        assert_eq!(world.host("near").calls().len(), 4, "one was retried");
        assert_eq!(world.host("far").calls().len(), 4);
    }
}
