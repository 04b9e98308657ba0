//! Decisions with an idempotency key: asked twice, decided once, whatever happened in between.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::{ANSWERED, Journal, Query};
use bailiwick::{
    AskError, Cause, Context, Decision, ManualClock, MemoryJournal, Position, Receipt, Runtime,
    Unknown,
};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::journals::faulty::{Fault, FaultyJournal};
use bailiwick_tests::journals::place::{Kept, Place, events, matching};
use bailiwick_tests::receipts::repetition_of;
use bailiwick_tests::stage::settle;
use serde::Serialize;

use super::fixture::{Full, NoteWritten, Page, PageId, Write, desk, on, start, texts, write};

type Answer = Result<Receipt<usize>, AskError<Write, Full>>;

async fn once(runtime: &Runtime, key: &'static str, text: &'static str) -> Answer {
    runtime.decisions().once(key).decide_with_receipt(write("1", text)).await
}

/// How many notes a page has. Emits nothing.
#[derive(Debug, Serialize)]
pub struct Notes;

impl Decision for Notes {
    type Views = Page;
    type Event = NoteWritten;
    type Reply = usize;
    type Rejection = Full;

    fn keys(&self) -> PageId {
        "1".into()
    }

    fn decide(&self, page: &Page, _: &mut Context<NoteWritten>) -> Result<usize, Full> {
        Ok(page.0.len())
    }
}

/// Writes a note whatever else there is: two of them have nothing in common but their key.
#[derive(Debug, Serialize)]
pub struct Jot;

impl Decision for Jot {
    type Views = ();
    type Event = NoteWritten;
    type Reply = ();
    type Rejection = Full;

    fn keys(&self) {}

    fn decide(&self, (): (), ctx: &mut Context<NoteWritten>) -> Result<(), Full> {
        ctx.emit(NoteWritten { page: "1".into(), text: "jotted".into() });
        Ok(())
    }
}

#[tokio::test]
async fn the_same_key_gets_the_same_reply_and_position() {
    let (runtime, journal) = desk().await;
    let first = once(&runtime, "k", "a").await.unwrap();
    let other = once(&runtime, "other", "b").await.unwrap();
    assert_eq!((first.reply, other.reply), (1, 2));
    assert_eq!(once(&runtime, "k", "a").await.unwrap(), repetition_of(first));
    assert_eq!(texts(&journal).await, ["a", "b"]);
    let all = matching(&journal.inner(), Query::all()).await;
    assert_eq!((all.len(), first.position), (4, Position::new(2)), "the answer stands behind");
    assert_eq!(all[1].event.event_type.as_str(), ANSWERED);
}

#[tokio::test]
async fn a_key_answers_after_a_restart_and_in_another_runtime() {
    for kept in [Kept::InMemory, Kept::Durably] {
        let place = Place::fresh(kept);
        let first = {
            let journal = place.open();
            let here = start(Runtime::builder_shared(journal.clone())).await;
            let there = start(Runtime::builder_shared(journal.clone())).await;
            let first = once(&here, "k", "a").await.unwrap();
            once(&there, "other", "b").await.unwrap();
            assert_eq!(once(&there, "k", "a").await.unwrap(), repetition_of(first));
            for runtime in [here, there] {
                runtime.shutdown(Duration::from_secs(10)).await;
            }
            first
        };
        let journal = place.open();
        let runtime = start(Runtime::builder_shared(journal.clone())).await;
        assert_eq!(once(&runtime, "k", "a").await.unwrap(), repetition_of(first));
        assert_eq!(events::<NoteWritten>(&journal).await.len(), 2);
    }
}

#[tokio::test]
async fn who_asks_again_meanwhile_waits_for_the_one_that_is_decided() {
    let (runtime, journal) = desk().await;
    journal.shut();
    let ask = |key, text| {
        let runtime = runtime.clone();
        tokio::spawn(async move { once(&runtime, key, text).await })
    };
    let first = ask("k", "a");
    journal.waiting(1).await;
    // In the turn behind it, twice, around somebody else's, whose key is twice there too.
    let behind = [ask("k", "a"), ask("other", "b"), ask("k", "a"), ask("other", "b")];
    settle().await;
    assert!(behind.iter().all(|one| !one.is_finished()), "nothing leaves before it is durable");
    journal.open();
    let first = first.await.unwrap().unwrap();
    let mut answers = Vec::new();
    for one in behind {
        answers.push(one.await.unwrap().unwrap());
    }
    assert_eq!((first.reply, first.position), (1, Position::new(2)));
    let other = answers[1];
    assert_eq!((other.reply, other.position), (2, Position::new(4)));
    assert_eq!(answers, [repetition_of(first), other, repetition_of(first), repetition_of(other)]);
    assert_eq!(texts(&journal).await, ["a", "b"]);
}

#[tokio::test]
async fn a_repetition_in_one_turn_stands_where_the_first_does() {
    let (runtime, journal) = desk().await;
    journal.shut();
    let ahead = tokio::spawn(runtime.decide(write("1", "ahead")));
    journal.waiting(1).await;
    let ask = |key, text| {
        let runtime = runtime.clone();
        tokio::spawn(async move { once(&runtime, key, text).await })
    };
    // One turn: the first, another, one that may not have the key, the first again.
    let turn = [ask("k", "a"), ask("other", "b"), ask("k", "c"), ask("k", "a")];
    settle().await;
    journal.open();
    ahead.await.unwrap().unwrap();
    let [first, other, refused, second] = turn;
    let first = first.await.unwrap().unwrap();
    assert_eq!((first.reply, first.position), (2, Position::new(3)));
    assert_eq!(other.await.unwrap().unwrap().position, Position::new(5));
    let refused = refused.await.unwrap().unwrap_err();
    assert!(matches!(refused.not_run(), Some(Cause::KeyReused { .. })), "{refused:?}");
    assert_eq!(second.await.unwrap().unwrap(), repetition_of(first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_with_one_key_in_two_runtimes_are_one() {
    for kept in [Kept::InMemory, Kept::Durably] {
        let place = Place::fresh(kept);
        let journal = place.open();
        let mut runtimes = Vec::new();
        for _ in 0..2 {
            let runtime = start(Runtime::builder_shared(journal.clone())).await;
            runtimes.push(runtime);
        }
        for round in 0..20 {
            let key = format!("k{round}");
            let mut asked = tokio::task::JoinSet::new();
            for caller in 0..32 {
                let decisions = runtimes[caller % 2].decisions().once(key.clone());
                asked.spawn(async move { decisions.decide_with_receipt(Jot).await });
            }
            let answers = asked.join_all().await;
            let told: Vec<_> = answers.into_iter().map(|answer| answer.expect("a reply")).collect();
            let ran: Vec<_> = told.iter().filter(|receipt| !receipt.repeated).collect();
            assert_eq!(ran.len(), 1, "{told:?}");
            assert!(
                told.iter().all(|one| one == ran[0] || *one == repetition_of(*ran[0])),
                "{told:?}"
            );
        }
        assert_eq!(events::<NoteWritten>(&journal).await.len(), 20, "{kept:?}");
    }
}

#[tokio::test]
async fn another_decision_with_the_same_key_is_refused() {
    let (runtime, _) = desk().await;
    once(&runtime, "k", "a").await.unwrap();
    let error = once(&runtime, "k", "b").await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::KeyReused { .. })), "{error:?}");
    let error = runtime.decisions().once("k").decide(Notes).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::KeyReused { .. })), "{error:?}");
    assert_eq!(runtime.counts().returned, 2);
}

#[tokio::test]
async fn a_decision_without_events_is_remembered_too() {
    let (runtime, journal) = desk().await;
    let notes = || runtime.decisions().once("notes").decide_with_receipt(Notes);
    let first = notes().await.unwrap();
    runtime.decide(write("1", "a")).await.unwrap();
    assert_eq!((notes().await.unwrap(), first.reply), (repetition_of(first), 0));
    let later = on(&journal).await;
    let told = later.decisions().once("notes").decide_with_receipt(Notes).await.unwrap();
    assert_eq!(told, repetition_of(first));
}

#[tokio::test]
async fn a_rejection_is_decided_again() {
    let (runtime, _) = desk().await;
    for _ in 0..9 {
        runtime.decide(write("1", "a")).await.unwrap();
    }
    once(&runtime, "k", "last").await.unwrap();
    for _ in 0..2 {
        assert!(matches!(once(&runtime, "full", "a").await, Err(AskError::Rejected(Full))));
    }
    assert_eq!(once(&runtime, "k", "last").await.unwrap().reply, 10, "as it was");
}

#[tokio::test]
async fn after_an_unknown_outcome_the_key_tells() {
    for (fault, appended) in [(Fault::UnknownLost, 0), (Fault::UnknownWritten, 1)] {
        let (runtime, journal) = desk().await;
        journal.plan([fault]);
        let error = once(&runtime, "k", "a").await.unwrap_err();
        assert!(
            matches!(error, AskError::Unknown { why: Unknown::JournalFailed(_), .. }),
            "{error:?}"
        );
        assert_eq!(texts(&journal).await.len(), appended);
        let told = once(&runtime, "k", "a").await.unwrap();
        assert_eq!((told.reply, told.repeated), (1, appended == 1));
        assert_eq!(texts(&journal).await, ["a"]);
    }
}

#[tokio::test]
async fn a_conflict_over_the_key_alone_ends_with_the_answer_of_the_other() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let other = start(Runtime::builder_shared(journal.clone())).await;
    let rival = Altered::around(journal.clone()).append(move |journal, events, condition| {
        let (journal, other) = (journal.clone(), other.clone());
        bailiwick::journal::Answer::later(async move {
            // The first time it is decided, then remembered.
            other.decisions().once("k").decide(Jot).await.expect("a reply");
            journal.append(events, condition).await
        })
    });
    let runtime = start(Runtime::builder(rival)).await;
    let answer = runtime.decisions().once("k").decide_with_receipt(Jot).await.unwrap();
    assert_eq!((answer.position, answer.repeated), (Position::new(2), true));
    assert_eq!(runtime.counts().conflicts, 1);
    assert_eq!(events::<NoteWritten>(&journal).await.len(), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_when_its_time_is_over() {
    let (journal, clock) = (FaultyJournal::new(MemoryJournal::new()), ManualClock::at(1_000));
    let builder = Runtime::builder(journal.clone()).entropy(7).clock(clock.clone());
    let builder = builder.config(|config| config.answers_for(Duration::from_secs(60)));
    let runtime = start(builder).await;
    assert_eq!(once(&runtime, "k", "a").await.unwrap().reply, 1);
    clock.advance_to(60_999);
    assert_eq!(once(&runtime, "k", "a").await.unwrap().reply, 1);
    clock.advance_to(61_000);
    assert_eq!(once(&runtime, "k", "a").await.unwrap().reply, 2);
    assert_eq!(once(&runtime, "k", "a").await.unwrap().reply, 2, "the latest counts");
}

#[tokio::test]
async fn a_key_is_what_can_be_a_tag() {
    let (runtime, _) = desk().await;
    for bytes in [0, 201] {
        let key = "k".repeat(bytes);
        let error = runtime.decisions().once(key).decide(write("1", "a")).await.unwrap_err();
        assert!(matches!(error.not_run(), Some(Cause::InvalidKey { most: 200, .. })), "{error:?}");
    }
    let error = once(&runtime, "two\nlines", "a").await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::KeyNotATag { .. })), "{error:?}");
    assert_eq!(runtime.counts().not_admitted, 3);
    let longest = "k".repeat(200);
    assert_eq!(runtime.decisions().once(longest).decide(write("1", "a")).await.unwrap(), 1);
}
