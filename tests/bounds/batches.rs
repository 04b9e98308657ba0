//! What is decided together is appended in parts that the journal takes, in its order; and only what
//! is too large by itself is refused.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::{AskError, ManualClock, Position, Runtime};
use bailiwick_tests::journals::faulty::{Fault, FaultyJournal};
use bailiwick_tests::stage::{BEGIN, settle};

use crate::fixture::{Add, Album, Announce, Describe, IsFull, Print, album, too_large};
use crate::narrow_journal::Narrow;

/// Of a batch, in bytes.
const MOST: usize = 50_000;

struct Studio {
    runtime: Runtime,
    narrow: Narrow,
    journal: FaultyJournal,
    clock: ManualClock,
}

impl Studio {
    async fn new() -> Studio {
        Studio::on(Narrow::new(MOST), 1 << 20).await
    }

    async fn on(narrow: Narrow, batch_bytes: usize) -> Studio {
        let journal = FaultyJournal::around(Arc::new(narrow.journal.clone()));
        let clock = ManualClock::at(BEGIN);
        let runtime = Runtime::builder(journal.clone())
            .aggregate::<Album>()
            .decision::<Print>()
            .clock(clock.clone())
            .config(|config| config.batch_bytes(batch_bytes))
            .start();
        Studio { runtime: runtime.await.unwrap(), narrow, journal, clock }
    }

    /// The first one hangs, so that what is asked meanwhile is one batch.
    async fn busy(&self) -> tokio::task::JoinHandle<u64> {
        self.journal.shut();
        let first = tokio::spawn(album(&self.runtime, "a").ask(Add::of(1)));
        self.journal.waiting(1).await;
        tokio::spawn(async move { first.await.unwrap().unwrap() })
    }
}

#[tokio::test]
async fn commands_that_are_large_together_are_appended_in_parts_and_in_order() {
    let studio = Studio::new().await;
    let first = studio.busy().await;
    let asks: Vec<_> =
        (0..60).map(|_| tokio::spawn(album(&studio.runtime, "a").ask(Add::of(9_000)))).collect();
    settle().await;
    studio.journal.open();
    assert_eq!(first.await.unwrap(), 1);
    for (nth, ask) in asks.into_iter().enumerate() {
        assert_eq!(ask.await.unwrap().unwrap(), nth as u64 + 2);
    }
    let taken = studio.narrow.taken();
    assert!((12..=14).contains(&taken.len()), "full parts, and no more of them: {taken:?}");
}

#[tokio::test]
async fn a_bound_of_batches_below_the_limit_of_the_journal_splits_them_too() {
    let studio = Studio::on(Narrow::new(MOST), 20_000).await;
    let first = studio.busy().await;
    // One that is larger than a batch, but not than an append, goes alone.
    let sizes = [9_000, 9_000, 9_000, 40_000, 100, 9_000];
    let asks = sizes.map(|bytes| tokio::spawn(album(&studio.runtime, "a").ask(Add::of(bytes))));
    settle().await;
    studio.journal.open();
    assert_eq!(first.await.unwrap(), 1);
    for (nth, ask) in asks.into_iter().enumerate() {
        assert_eq!(ask.await.unwrap().unwrap(), nth as u64 + 2);
    }
    let thousands: Vec<usize> = studio.narrow.taken().iter().map(|bytes| bytes / 1_000).collect();
    assert_eq!(thousands, [0, 18, 9, 40, 9]);
}

#[tokio::test]
async fn only_the_command_that_is_too_large_is_refused() {
    let studio = Studio::new().await;
    let first = studio.busy().await;
    let ask = |bytes| tokio::spawn(album(&studio.runtime, "a").ask(Add::of(bytes)));
    let before: Vec<_> = (0..8).map(|_| ask(100)).collect();
    let large = [ask(60_000), ask(70_000)];
    let behind: Vec<_> = (0..8).map(|_| ask(100)).collect();
    settle().await;
    studio.journal.open();
    assert_eq!(first.await.unwrap(), 1);
    for (nth, ask) in before.into_iter().chain(behind).enumerate() {
        assert_eq!(ask.await.unwrap().unwrap(), nth as u64 + 2);
    }
    for (large, payload) in large.into_iter().zip([60_000, 70_000]) {
        let (bytes, most) = too_large(large.await.unwrap());
        assert_eq!(most, MOST);
        assert!((payload..payload + 400).contains(&bytes), "{bytes}");
    }
    let counts = studio.runtime.counts();
    assert_eq!((counts.replied, counts.returned, counts.open()), (17, 2, 0));
    let photos = album(&studio.runtime, "a").read(|album, _| album.photos).await.unwrap().value;
    assert_eq!(photos, 17, "nothing of it is left in the state");
}

#[tokio::test]
async fn a_command_that_had_no_room_is_decided_again_on_what_was_before_it() {
    let studio = Studio::new().await;
    let first = studio.busy().await;
    let add = Add { bytes: 30_000, most: 3 };
    let asks: Vec<_> =
        (0..4).map(|_| tokio::spawn(album(&studio.runtime, "a").ask(add.clone()))).collect();
    settle().await;
    studio.journal.open();
    assert_eq!(first.await.unwrap(), 1);
    let mut replies = Vec::new();
    for ask in asks {
        replies.push(ask.await.unwrap());
    }
    assert!(matches!(replies[..2], [Ok(2), Ok(3)]), "{replies:?}");
    for refused in &replies[2..] {
        assert!(matches!(refused, Err(AskError::Rejected(IsFull))), "{refused:?}");
    }
}

#[tokio::test]
async fn what_had_no_room_survives_a_conflict_and_a_failure_of_what_it_waits_for() {
    for fault in [Fault::Conflict, Fault::NotWritten] {
        let studio = Studio::new().await;
        studio.journal.plan([fault]);
        studio.journal.shut();
        let first = tokio::spawn(album(&studio.runtime, "a").ask(Add::of(1)));
        studio.journal.waiting(1).await;
        let asks: Vec<_> = (0..9)
            .map(|_| tokio::spawn(album(&studio.runtime, "a").ask(Add::of(20_000))))
            .collect();
        settle().await;
        studio.journal.open();
        let mut told = vec![first.await.unwrap().ok()];
        for ask in asks {
            told.push(ask.await.unwrap().ok());
        }
        let replied = told.iter().flatten().count() as u64;
        let photos = album(&studio.runtime, "a").read(|album, _| album.photos).await.unwrap().value;
        assert_eq!(photos, replied, "{fault:?}: {told:?}");
        assert!(fault == Fault::NotWritten || replied == 10, "{told:?}");
        assert_eq!(studio.runtime.counts().open(), 0);
    }
}

#[tokio::test]
async fn a_reply_that_is_to_be_remembered_counts() {
    let studio = Studio::new().await;
    let a = album(&studio.runtime, "a");
    assert_eq!(a.once("short").ask(Describe(10_000)).await.unwrap().len(), 10_000);
    assert_eq!(too_large(a.once("long").ask(Describe(60_000)).await).1, MOST);
    assert_eq!(a.ask(Describe(60_000)).await.unwrap().len(), 60_000, "nobody remembers it");
}

#[tokio::test]
async fn a_deadline_that_never_fits_is_stuck_and_holds_up_no_command() {
    let studio = Studio::new().await;
    let a = album(&studio.runtime, "a");
    a.ask(Announce(60_000)).await.unwrap();
    for nth in 1..=3 {
        // The photo takes the place of the announced one.
        a.ask(Announce(60_000)).await.unwrap();
        assert_eq!(a.ask(Add::of(10)).await.unwrap(), nth);
    }
    assert!(studio.runtime.counts().stuck_deadlines >= 1);
}

#[tokio::test]
async fn a_deadline_without_room_in_a_batch_goes_into_the_next() {
    let studio = Studio::new().await;
    let first = studio.busy().await;
    let a = album(&studio.runtime, "a");
    let added = tokio::spawn(a.ask(Add::of(30_000)));
    settle().await;
    let announced = tokio::spawn(a.ask(Announce(30_000)));
    settle().await;
    let behind = tokio::spawn(a.ask(Add::of(10)));
    settle().await;
    studio.journal.open();
    assert_eq!((first.await.unwrap(), added.await.unwrap().unwrap()), (1, 2));
    announced.await.unwrap().unwrap();
    assert_eq!(behind.await.unwrap().unwrap(), 4, "the announced one came first");
    assert_eq!(studio.runtime.counts().stuck_deadlines, 0);
    studio.clock.advance(Duration::from_secs(1));
    settle().await;
    assert_eq!(studio.narrow.taken().len(), 3);
}

#[tokio::test]
async fn decisions_that_are_large_together_are_appended_in_parts_and_in_order() {
    let studio = Studio::new().await;
    studio.journal.shut();
    let first = tokio::spawn(studio.runtime.decide(Print(1)));
    studio.journal.waiting(1).await;
    let print = |bytes| tokio::spawn(studio.runtime.decide(Print(bytes)));
    let before: Vec<_> = (0..20).map(|_| print(9_000)).collect();
    settle().await;
    let large = print(60_000);
    settle().await;
    let behind: Vec<_> = (0..20).map(|_| print(9_000)).collect();
    settle().await;
    studio.journal.open();
    assert_eq!(first.await.unwrap().unwrap(), 1);
    for (nth, decided) in before.into_iter().chain(behind).enumerate() {
        assert_eq!(decided.await.unwrap().unwrap(), nth as u64 + 2);
    }
    assert_eq!(too_large(large.await.unwrap()).1, MOST);
    let taken = studio.narrow.taken();
    assert!((9..=10).contains(&taken.len()), "full parts, and no more of them: {taken:?}");
    assert_eq!(studio.runtime.counts().open(), 0);
}

#[tokio::test]
async fn a_decision_of_a_later_part_with_a_key_of_an_earlier_one_has_its_answer() {
    let studio = Studio::new().await;
    studio.journal.shut();
    let first = tokio::spawn(studio.runtime.decide(Print(1)));
    studio.journal.waiting(1).await;
    let decisions = studio.runtime.decisions();
    let print = |key: &'static str, bytes| {
        tokio::spawn(decisions.once(key).decide_with_receipt(Print(bytes)))
    };
    let mut decided = Vec::new();
    for key in ["k1", "k2", "k3", "k1", "k3"] {
        decided.push(print(key, 20_000));
        settle().await;
    }
    studio.journal.open();
    first.await.unwrap().unwrap();
    let mut told = Vec::new();
    for decided in decided {
        let committed = decided.await.unwrap().unwrap();
        told.push((committed.reply, committed.position));
    }
    // Each is a page and its answer: the first stands at 1.
    let at = |n: u64| (n + 1, Position::new(2 * n + 1));
    assert_eq!(told, [at(1), at(2), at(3), at(1), at(3)]);
}

#[tokio::test]
async fn decisions_without_room_survive_a_conflict_and_a_failure_of_those_before_them() {
    for fault in [Fault::Conflict, Fault::NotWritten, Fault::UnknownLost] {
        let studio = Studio::new().await;
        studio.journal.shut();
        let first = tokio::spawn(studio.runtime.decide(Print(1)));
        studio.journal.waiting(1).await;
        let decided: Vec<_> =
            (0..9).map(|_| tokio::spawn(studio.runtime.decide(Print(20_000)))).collect();
        settle().await;
        studio.journal.plan([Fault::None, fault]);
        studio.journal.open();
        first.await.unwrap().unwrap();
        let (mut replied, mut unknown) = (0, 0);
        for decided in decided {
            match decided.await.unwrap() {
                Ok(_) => replied += 1,
                Err(AskError::Unknown { .. }) => unknown += 1,
                Err(error) => assert!(error.not_run().is_some(), "{error:?}"),
            }
        }
        let expected = match fault {
            Fault::Conflict => (9, 0),
            // Two have room: nobody knows of those, and the others were not given to the journal.
            Fault::UnknownLost => (0, 2),
            _ => (0, 0),
        };
        assert_eq!((replied, unknown), expected, "{fault:?}");
        assert_eq!(studio.runtime.decide(Print(1)).await.unwrap(), replied + 2);
        assert_eq!(studio.runtime.counts().open(), 0);
    }
}
