//! A state that is not the durable one any more, or may be behind, is made from the last durable
//! point: it costs what was written since, and not the history.

use bailiwick::{Cause, Position};
use bailiwick_tests::counter::Count;
use bailiwick_tests::stage::settle;

use crate::support::with_history;

/// Such a position comes from outside: whoever sends one must not make us read everything.
#[tokio::test]
async fn a_position_beyond_the_journal_costs_a_look_at_what_is_new() {
    let stage = with_history(200, |builder| builder).await;
    let before = stage.journal.reads();
    for n in 0..20 {
        let expecting = stage.counters.get("a").expecting(Position::new(u64::MAX - n));
        let error = expecting.ask(Count::FREELY).await.unwrap_err();
        let Some(Cause::Moved { actual, .. }) = error.not_run() else { panic!("{error:?}") };
        assert_eq!(*actual, Position::new(200));
    }
    assert_eq!(stage.journal.reads() - before, 20, "one read each, of nothing");
}

/// One look serves all who wait for it.
#[tokio::test]
async fn several_of_them_share_the_look() {
    let stage = with_history(200, |builder| builder).await;
    let before = stage.journal.reads();
    let counter = stage.counters.get("a");
    let asked: Vec<_> = (0..20)
        .map(|n| {
            let expecting = counter.clone().expecting(Position::new(1_000 + n));
            tokio::spawn(expecting.ask(Count::FREELY))
        })
        .collect();
    settle().await;
    for asked in asked {
        let error = asked.await.unwrap().unwrap_err();
        assert!(matches!(error.not_run(), Some(Cause::Moved { .. })), "{error:?}");
    }
    let reads = stage.journal.reads() - before;
    assert!(reads <= 2, "{reads} reads");
    assert_eq!(counter.ask(Count::FREELY).await.unwrap(), 201);
}
