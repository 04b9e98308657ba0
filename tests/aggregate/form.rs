//! A form: filled in from what a read saw, sent later, and refused if something came in between. The
//! position of a read is that of the last event it rests on, and durable.

use std::time::Duration;

use bailiwick::{AskError, Cause, Position, Seen};
use bailiwick_tests::fixtures::counter::{
    Bell, Count, Counter, CounterEvent, LimitReached, Look, SetAlarm,
};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::{Stage, settle, write_foreign};

async fn look(stage: &Stage, id: &'static str) -> (u64, u64) {
    let seen = stage.counters.get(id).read(|counter, _| counter.value).await.unwrap();
    (seen.value, seen.position.get())
}

/// Sends a form that was filled in at this position.
async fn send(
    stage: &Stage,
    id: &'static str,
    position: u64,
) -> Result<u64, AskError<Count, LimitReached>> {
    stage.counters.get(id).expecting(Position::new(position)).ask(Count::FREELY).await
}

/// It was refused, and where the counter was then.
fn moved(sent: Result<u64, AskError<Count, LimitReached>>) -> (u64, u64) {
    let error = sent.expect_err("something came in between");
    let Some(Cause::Moved { expected, actual }) = error.not_run() else { panic!("{error:?}") };
    (expected.get(), actual.get())
}

#[tokio::test]
async fn a_form_is_taken_if_nothing_came_in_between_and_else_refused() {
    // One that can be copied, and one that cannot.
    for id in ["a", "b"] {
        let stage = Stage::new().await;
        stage.counters.get("other").ask(Count::FREELY).await.unwrap();
        let unwritten = look(&stage, id).await;
        assert_eq!(unwritten, (0, 0), "there is nothing yet");
        assert_eq!(send(&stage, id, unwritten.1).await.unwrap(), 1);
        assert_eq!(moved(send(&stage, id, unwritten.1).await), (0, 2));
        stage.counters.get("other").ask(Count::FREELY).await.unwrap();
        let (value, position) = look(&stage, id).await;
        assert_eq!((value, position), (1, 2), "what others did does not move it");
        assert_eq!(send(&stage, id, position).await.unwrap(), 2);
        assert_eq!(moved(send(&stage, id, position).await), (2, 4));
        assert_eq!(look(&stage, id).await, (2, 4));
    }
}

#[tokio::test]
async fn it_is_the_same_after_a_restart_and_after_it_was_out_of_memory() {
    let stage = Stage::new().await;
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    stage.counters.get("b").ask(Count::FREELY).await.unwrap();
    let before = look(&stage, "a").await;
    let stage = stage.restart().await;
    assert_eq!(look(&stage, "a").await, before);
    while !stage.counters.in_memory().is_empty() {
        stage.clock.advance(Duration::from_secs(10));
        settle().await;
    }
    assert_eq!(look(&stage, "a").await, before);
    assert_eq!(send(&stage, "a", before.1).await.unwrap(), 2);
    let stage = stage.restart().await;
    assert_eq!(moved(send(&stage, "a", before.1).await), (1, 3));
    let nothing = look(&stage, "new").await;
    assert_eq!(nothing, (0, 0));
    assert_eq!(send(&stage, "new", nothing.1).await.unwrap(), 1);
}

/// Each read sees another state, none of which is durable, and is told the position of just that.
#[tokio::test]
async fn what_was_not_durable_has_its_position_when_it_is() {
    let stage = Stage::new().await;
    stage.journal.shut();
    let counter = stage.counters.get("a");
    let (mut counts, mut reads) = (Vec::new(), Vec::new());
    for n in 0..4 {
        counts.push(tokio::spawn(counter.ask_with_receipt(Count::FREELY)));
        stage.journal.waiting(1).await;
        settle().await;
        reads.push(tokio::spawn(counter.read(|counter, _| counter.value)));
        settle().await;
        assert!(reads.iter().all(|read| !read.is_finished()), "{n}: not before it is durable");
    }
    stage.counters.get("b").ask(Look).await.unwrap();
    stage.journal.open();
    for (count, read) in counts.into_iter().zip(reads) {
        let committed = count.await.unwrap().unwrap();
        let seen = read.await.unwrap().unwrap();
        assert_eq!((seen.value, seen.position), (committed.reply, committed.position));
    }
    assert_eq!(send(&stage, "a", 4).await.unwrap(), 5);
}

#[tokio::test]
async fn a_read_of_what_did_not_last_has_the_position_of_what_did() {
    for (fault, upto) in [(Fault::UnknownLost, 1), (Fault::UnknownWritten, 2)] {
        for id in ["a", "b"] {
            let stage = Stage::new().await;
            stage.counters.get(id).ask(Count::FREELY).await.unwrap();
            stage.journal.shut();
            let count = tokio::spawn(stage.counters.get(id).ask(Count::FREELY));
            stage.journal.waiting(1).await;
            let read = tokio::spawn(stage.counters.get(id).read(|counter, _| counter.value));
            settle().await;
            stage.journal.plan([fault]);
            stage.journal.open();
            assert!(count.await.unwrap().is_err());
            let Seen { value, position } = read.await.unwrap().unwrap();
            assert_eq!((value, position.get()), (upto, upto), "{fault:?} {id}");
            assert_eq!(send(&stage, id, upto).await.unwrap(), upto + 1);
        }
    }
}

/// The read shows what this runtime knows; the command finds what it did not know.
#[tokio::test]
async fn a_form_is_refused_for_what_another_writer_did_and_a_deadline() {
    let stage = Stage::new().await;
    let alarm = SetAlarm { at: Some(50_000.into()), bell: Bell::Rings };
    stage.counters.get("a").ask(alarm).await.unwrap();
    write_foreign(&stage.journal.inner(), CounterEvent::Counted { value: 1 }).await;
    let (value, position) = look(&stage, "a").await;
    assert_eq!((value, position), (0, 1), "nobody has told it");
    assert_eq!(moved(send(&stage, "a", position).await), (1, 2));
    let (value, position) = look(&stage, "a").await;
    assert_eq!((value, position), (1, 2));
    stage.clock.advance(Duration::from_millis(50_000));
    assert_eq!(moved(send(&stage, "a", position).await), (2, 3), "the alarm rang first");
    let rings = |counter: &Counter, _| counter.rings;
    let rung = stage.counters.get("a").read(rings).await.unwrap();
    assert_eq!((rung.value, rung.position.get()), (1, 3));
}

/// An event that only remembers an answer is the aggregate's last one, too.
#[tokio::test]
async fn a_remembered_answer_moves_it_and_a_repetition_does_not() {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    counter.ask(Count::FREELY).await.unwrap();
    for _ in 0..2 {
        counter.once("k").ask(Look).await.unwrap();
        let (value, position) = look(&stage, "a").await;
        assert_eq!((value, position), (1, 2));
    }
    let stage = stage.restart().await;
    assert_eq!(look(&stage, "a").await, (1, 2));
    assert_eq!(send(&stage, "a", 2).await.unwrap(), 2);
}
