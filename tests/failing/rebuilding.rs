//! A state that is not the durable one any more, or may be behind, is made from the last durable
//! point: it costs what was written since, and not the history.

use bailiwick::{AskError, Builder, Cause, Position};
use bailiwick_tests::fixtures::counter::{Count, CounterEvent, Panic};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::receipts::repetition_of;
use bailiwick_tests::stage::{Stage, settle, write_foreign};

use crate::fixture::{BookId, LineWritten, WriteLine};
use crate::support::with_history;

fn counted(value: u64) -> CounterEvent {
    CounterEvent::Counted { value }
}

/// Another writer adds the next event of the counter "a".
async fn foreign(stage: &Stage, value: u64) {
    write_foreign(&stage.journal.inner(), counted(value)).await;
}

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
    // They come while it is at work, or each would be alone.
    stage.journal.shut();
    let first = tokio::spawn(counter.ask(Count::FREELY));
    stage.journal.waiting(1).await;
    let asked: Vec<_> = (0..20)
        .map(|n| {
            let expecting = counter.expecting(Position::new(1_000 + n));
            tokio::spawn(expecting.ask(Count::FREELY))
        })
        .collect();
    settle().await;
    stage.journal.open();
    assert_eq!(first.await.unwrap().unwrap(), 201);
    for asked in asked {
        let error = asked.await.unwrap().unwrap_err();
        assert!(matches!(error.not_run(), Some(Cause::Moved { .. })), "{error:?}");
    }
    let reads = stage.journal.reads() - before;
    assert!((1..=2).contains(&reads), "{reads} reads");
    assert_eq!(counter.ask(Count::FREELY).await.unwrap(), 202);
}

#[tokio::test]
async fn a_conflict_costs_what_others_wrote() {
    let stage = with_history(200, |builder| builder).await;
    let before = stage.journal.reads();
    let counter = stage.counters.get("a");
    for n in 0..10 {
        foreign(&stage, 201 + 2 * n).await;
        assert_eq!(counter.ask(Count::FREELY).await.unwrap(), 202 + 2 * n);
    }
    assert_eq!(stage.runtime.counts().conflicts, 10);
    assert_eq!(stage.journal.reads() - before, 10, "one read each");
}

/// One is being appended when it comes, and others are decided on top of it, twice.
#[tokio::test]
async fn batches_on_top_of_each_other_are_undone_to_where_they_began() {
    let stage = with_history(200, |builder| builder).await;
    let before = stage.journal.reads();
    let counter = stage.counters.get("a");
    stage.journal.shut();
    let mut asked = Vec::new();
    for n in 1..=2 {
        asked.push(tokio::spawn(counter.ask(Count::FREELY)));
        stage.journal.waiting(1).await;
        asked.extend([(); 3].map(|()| tokio::spawn(counter.ask(Count::FREELY))));
        settle().await;
        if n == 1 {
            // The first batch is written, the second is on its way.
            stage.journal.let_pass(1);
            settle().await;
        }
    }
    foreign(&stage, 202).await;
    stage.journal.open();
    let mut values = Vec::new();
    for asked in asked {
        values.push(asked.await.unwrap().unwrap());
    }
    assert_eq!(values, [201, 203, 204, 205, 206, 207, 208, 209]);
    let all: Vec<_> = (1..=209).map(counted).collect();
    assert_eq!(stage.events().await, all);
    assert_eq!(stage.journal.reads() - before, 1);
}

#[tokio::test]
async fn an_append_that_fails_costs_a_look_at_what_is_new() {
    let stage = with_history(200, |builder| builder).await;
    let before = stage.journal.reads();
    let counter = stage.counters.get("a");
    for fault in [Fault::NotWritten, Fault::UnknownLost, Fault::UnknownWritten, Fault::Panic] {
        stage.journal.plan([fault]);
        counter.ask(Count::FREELY).await.unwrap_err();
    }
    assert_eq!(counter.read(|a, _| a.value).await.unwrap().value, 201, "one of them was written");
    assert_eq!(counter.ask(Count::FREELY).await.unwrap(), 202);
    assert_eq!(stage.journal.reads() - before, 4, "one read each");
}

/// A command that panics may be sent again and again.
#[tokio::test]
async fn events_that_panic_when_they_are_applied_cost_no_reading() {
    let stage = with_history(200, |builder| builder).await;
    let before = stage.journal.reads();
    let counter = stage.counters.get("a");
    for _ in 0..10 {
        let error = counter.ask(Panic::InApply).await.unwrap_err();
        assert!(matches!(error.not_run(), Some(Cause::Panicked { .. })), "{error:?}");
    }
    assert_eq!(counter.ask(Count::FREELY).await.unwrap(), 201);
    assert_eq!(stage.journal.reads() - before, 0);
}

#[tokio::test]
async fn among_others_they_cost_reading_those() {
    let stage = with_history(200, |builder| builder).await;
    let before = stage.journal.reads();
    let counter = stage.counters.get("a");
    stage.journal.shut();
    let first = tokio::spawn(counter.ask(Count::FREELY));
    stage.journal.waiting(1).await;
    let second = tokio::spawn(counter.ask(Count::FREELY));
    let panics = tokio::spawn(counter.ask(Panic::InApply));
    let third = tokio::spawn(counter.ask(Count::FREELY));
    settle().await;
    stage.journal.open();
    let values = [first, second, third];
    for (value, asked) in (201..).zip(values) {
        assert_eq!(asked.await.unwrap().unwrap(), value);
    }
    let error = panics.await.unwrap().unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Panicked { .. })), "{error:?}");
    assert_eq!(stage.journal.reads() - before, 1);
}

/// What was answered is undone with the state, and no more than that.
#[tokio::test]
async fn keys_are_run_once_whatever_was_undone() {
    let stage = with_history(20, |builder| builder).await;
    let counter = stage.counters.get("a");
    let early = counter.once("early").ask_with_receipt(Count::FREELY).await.unwrap();
    foreign(&stage, 22).await;
    let late = counter.once("late").ask_with_receipt(Count::FREELY).await.unwrap();
    assert_eq!((early.reply, late.reply), (21, 23));
    stage.journal.plan([Fault::NotWritten]);
    let failed = counter.once("failed").ask(Count::FREELY).await.unwrap_err();
    assert!(matches!(failed, AskError::NotRun(_)), "{failed:?}");
    for (key, before) in [("early", early), ("late", late)] {
        let told = counter.once(key).ask_with_receipt(Count::FREELY).await.unwrap();
        assert_eq!(told, repetition_of(before));
    }
    assert_eq!(counter.once("failed").ask(Count::FREELY).await.unwrap(), 24);
    assert_eq!(counter.once("failed").ask(Count::FREELY).await.unwrap(), 24);
}

async fn write_line(stage: &Stage, line: u64) {
    let event = LineWritten { book: BookId::from("b"), line };
    let event = bailiwick_tests::journals::place::encoded(&event, 1_000.into());
    stage.journal.inner().append(vec![event], None).await.expect("it is appended");
}

#[tokio::test]
async fn a_decision_that_meets_another_writer_reads_what_that_wrote() {
    let stage = with_history(0, Builder::decision::<WriteLine<true>>).await;
    for line in 1..=200 {
        assert_eq!(stage.runtime.decide(WriteLine::<true>::FREELY).await.unwrap(), line);
    }
    let before = stage.journal.reads();
    for n in 0..10 {
        stage.journal.shut();
        let decided = tokio::spawn(stage.runtime.decide(WriteLine::<true>::FREELY));
        stage.journal.waiting(1).await;
        write_line(&stage, 201 + 2 * n).await;
        stage.journal.open();
        assert_eq!(decided.await.unwrap().unwrap(), 202 + 2 * n);
    }
    assert_eq!(stage.runtime.counts().conflicts, 10);
    assert_eq!(stage.journal.reads() - before, 20, "what is new, before each attempt");
}
