//! What is due while the journal takes nothing.

use std::time::Duration;

use bailiwick::{Builder, Timestamp};
use bailiwick_tests::fixtures::counter::{Bell, Count, Counter, SetAlarm};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::{BEGIN, Stage, settle};

async fn pass(stage: &Stage, seconds: u64) {
    for _ in 0..seconds {
        stage.clock.advance(Duration::from_secs(1));
        settle().await;
    }
}

async fn set_alarm(stage: &Stage, id: &'static str) {
    let at = Some(Timestamp::from_millis(BEGIN + 1_000));
    stage.counters.get(id).ask(SetAlarm { at, bell: Bell::Rings }).await.unwrap();
}

async fn rings(stage: &Stage, id: &'static str) -> u64 {
    stage.counters.get(id).read(|counter: &Counter, _| counter.rings).await.unwrap().value
}

#[tokio::test]
async fn a_deadline_whose_appends_fail_is_tried_later_and_later() {
    let stage = Stage::new().await;
    set_alarm(&stage, "a").await;
    stage.journal.plan([const { Fault::NotWritten }; 1_000]);
    pass(&stage, 600).await;
    let tries = stage.runtime.counts().deadlines;
    assert!((8..=20).contains(&tries), "{tries} tries in 600 s: 1, 2, 4.. 60, 60");
}

/// What a read waits for when an append fails is read again at once: that is no other try.
#[tokio::test]
async fn so_is_one_that_is_read_while_it_is_tried() {
    for id in ["a", "b"] {
        let stage = Stage::new().await;
        set_alarm(&stage, id).await;
        stage.journal.plan([const { Fault::NotWritten }; 1_000]);
        for _ in 0..600 {
            stage.journal.shut();
            pass(&stage, 1).await;
            let counters = stage.counters.clone();
            let read = tokio::spawn(async move {
                counters.get(id).read(|counter: &Counter, _| counter.rings).await.unwrap().value
            });
            settle().await;
            stage.journal.open();
            read.await.unwrap();
            settle().await;
        }
        let tries = stage.runtime.counts().deadlines;
        assert!((8..=20).contains(&tries), "{id}: {tries} tries in 600 s: 1, 2, 4.. 60, 60");
    }
}

/// Due again, and without a place, it is loaded by somebody who reads it, and perhaps leaves memory: that is
/// no other try either.
#[tokio::test]
async fn so_is_one_that_is_read_while_it_waits_for_a_place() {
    for leaves_memory in [false, true] {
        let resting = if leaves_memory { 1 } else { 1_000 };
        let due_timeout = Duration::from_secs(100);
        let stage = Stage::with(|builder| {
            builder.config(|config| {
                config.resting_aggregates(resting).due_at_once(1).due_timeout(due_timeout)
            })
        });
        let stage = stage.await;
        set_alarm(&stage, "a").await;
        let at = Some(Timestamp::from_millis(BEGIN + 50_000));
        stage.counters.get("c").ask(SetAlarm { at, bell: Bell::Rings }).await.unwrap();
        stage.journal.plan([const { Fault::NotWritten }; 6]);
        stage.journal.plan([Fault::Hangs]);
        stage.journal.plan([const { Fault::NotWritten }; 100]);
        pass(&stage, 70).await;
        assert_eq!(stage.runtime.counts().deadlines, 7, "six of one, and one that hangs");
        assert_eq!((rings(&stage, "a").await, rings(&stage, "e").await), (0, 0));
        pass(&stage, 110).await;
        let tries = stage.runtime.counts().deadlines;
        assert_eq!(tries, 8, "leaves memory: {leaves_memory}; one, once there is a place");
    }
}

/// Each time one of them is tried, it drives the other out of memory.
#[tokio::test]
async fn so_is_one_that_leaves_memory_between_its_tries() {
    let stage = Stage::with(|builder| builder.config(|config| config.resting_aggregates(1))).await;
    set_alarm(&stage, "a").await;
    set_alarm(&stage, "c").await;
    stage.journal.plan([const { Fault::NotWritten }; 1_000]);
    pass(&stage, 600).await;
    let tries = stage.runtime.counts().deadlines;
    assert!((16..=40).contains(&tries), "{tries} tries of two in 600 s: 1, 2, 4.. 60, 60");
}

#[tokio::test]
async fn nothing_fires_while_the_journal_is_closed_and_then_it_does_at_once() {
    let stage = Stage::with(Builder::reopen_journal).await;
    set_alarm(&stage, "b").await;
    // It opens after 100 ms, 200 ms ... 30 s, 30 s.
    stage.journal.fail_stop(15);
    stage.journal.plan([Fault::UnknownLost]);
    stage.counters.get("a").ask(Count::FREELY).await.unwrap_err();
    settle().await;
    let mut seconds = 0;
    while !stage.runtime.health().is_open() {
        assert_eq!(stage.runtime.counts().deadlines, 0, "nothing fires");
        pass(&stage, 1).await;
        seconds += 1;
    }
    assert!(seconds > 100, "{seconds}");
    settle().await;
    assert_eq!(rings(&stage, "b").await, 1, "at once");
}

/// Callers who try meanwhile do not make its deadline wait for longer.
#[tokio::test]
async fn commands_that_fail_meanwhile_do_not_put_the_deadline_off() {
    let stage = Stage::with(Builder::reopen_journal).await;
    set_alarm(&stage, "b").await;
    stage.journal.fail_stop(15);
    stage.journal.plan([Fault::UnknownLost]);
    stage.counters.get("a").ask(Count::FREELY).await.unwrap_err();
    settle().await;
    while !stage.runtime.health().is_open() {
        let _ = stage.counters.get("b").ask(Count::FREELY).await;
        pass(&stage, 1).await;
    }
    let rung = stage.events().await.len();
    assert_eq!(rung, 2, "set, and rung without anybody asking");
}

/// Nor does what was tried before the journal closed: it is due when that is open.
#[tokio::test]
async fn a_deadline_that_closes_the_journal_itself_is_due_when_that_is_open() {
    for id in ["a", "b"] {
        let stage = Stage::with(Builder::reopen_journal).await;
        set_alarm(&stage, id).await;
        stage.journal.plan([const { Fault::NotWritten }; 5]);
        while stage.runtime.counts().deadlines < 5 {
            pass(&stage, 1).await;
        }
        stage.journal.fail_stop(0);
        stage.journal.plan([Fault::UnknownLost]);
        while stage.runtime.counts().deadlines < 6 {
            pass(&stage, 1).await;
        }
        while !stage.runtime.health().is_open() {
            stage.clock.advance(Duration::from_millis(10));
            settle().await;
        }
        settle().await;
        assert_eq!(stage.events().await.len(), 2, "{id}: set, and rung without anybody asking");
    }
}

/// The journal opens each time, and is closed by the same deadline again.
#[tokio::test]
async fn one_that_closes_the_journal_each_time_is_tried_later_and_later() {
    for id in ["a", "b"] {
        let stage = Stage::with(Builder::reopen_journal).await;
        set_alarm(&stage, id).await;
        stage.journal.fail_stop(0);
        stage.journal.plan([const { Fault::UnknownLost }; 1_000]);
        pass(&stage, 600).await;
        let tries = stage.runtime.counts().deadlines;
        assert!((8..=40).contains(&tries), "{id}: {tries} tries in 600 s");
    }
}

/// Two that failed together are due together, and the first closes the journal: both are due when it is open.
#[tokio::test]
async fn so_is_one_that_was_due_together_with_it() {
    for ids in [["a", "c"], ["b", "d"]] {
        let stage = Stage::with(Builder::reopen_journal).await;
        for id in ids {
            set_alarm(&stage, id).await;
        }
        stage.journal.plan([const { Fault::NotWritten }; 10]);
        while stage.runtime.counts().deadlines < 10 {
            pass(&stage, 1).await;
        }
        stage.journal.fail_stop(0);
        stage.journal.plan([Fault::UnknownLost]);
        while stage.runtime.counts().deadlines < 11 {
            pass(&stage, 1).await;
        }
        settle().await;
        assert_eq!(stage.events().await.len(), 4, "{ids:?}: both set, and both rung");
    }
}
