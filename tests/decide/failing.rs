//! What goes wrong fails whom it concerns, with what is certain about it.

use std::sync::Arc;

use bailiwick::journal::{Answer, FaultKind, Journal};
use bailiwick::{AskError, Cause, MemoryJournal, Runtime, Unknown};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::journals::faulty::{Fault, FaultyJournal};
use bailiwick_tests::stage::settle;

use super::fixture::{Full, Panics, UNREADABLE, Write, desk, on, texts, write};

type Refused = AskError<Write, Full>;

#[tokio::test]
async fn a_decision_that_always_loses_is_given_back() {
    let (runtime, journal) = desk().await;
    journal.plan([Fault::Conflict; 16]);
    let Err(AskError::NotRun(not_run)) = runtime.decide(write("1", "a")).await else { panic!() };
    assert!(matches!(not_run.cause, Cause::Contended { attempts: 16 }), "{not_run:?}");
    assert_eq!(not_run.command, write("1", "a"));
    assert_eq!(runtime.decide(write("1", "b")).await.unwrap(), 1);
    let counts = runtime.counts();
    assert_eq!((counts.conflicts, counts.returned, counts.replied), (16, 1, 1));
}

#[tokio::test]
async fn a_conflict_says_which_view_and_where() {
    let journal = FaultyJournal::new(MemoryJournal::new());
    let builder = Runtime::builder(rivalled(journal.inner())).config(|config| config.attempts(2));
    let loser = builder.decision::<Write>().start().await.unwrap();
    let error = loser.decide(write("1", "a")).await.unwrap_err();
    let Some(Cause::Overtaken { attempts, view, position }) = error.not_run() else {
        panic!("{error:?}")
    };
    assert_eq!((*attempts, &**view, position.get()), (2, "Page page:1", 2));
    assert_eq!(texts(&journal).await.len(), 2, "those of the rival");
    assert_eq!(on(&journal).await.decide(write("1", "b")).await.unwrap(), 3);
}

/// A journal on which somebody else always writes the same first.
fn rivalled(journal: Arc<dyn Journal>) -> impl Journal {
    Altered::around(journal).append(|journal, events, condition| {
        let first = journal.append(events.clone(), None);
        let second = journal.append(events, condition);
        Answer::later(async move {
            first.await.expect("without a condition");
            second.await
        })
    })
}

#[tokio::test]
async fn an_unknown_outcome_is_unknown_and_is_looked_at_before_anything_else_is_decided() {
    let (runtime, journal) = desk().await;
    journal.plan([Fault::UnknownWritten, Fault::UnknownLost, Fault::Panic]);
    for (text, stands) in [("written", 1), ("lost", 1), ("panic", 1)] {
        let error = runtime.decide(write("1", text)).await.unwrap_err();
        assert!(
            matches!(error, AskError::Unknown { why: Unknown::JournalFailed(_), .. }),
            "{error:?}"
        );
        assert_eq!(texts(&journal).await.len(), stands);
    }
    assert_eq!(runtime.decide(write("1", "next")).await.unwrap(), 2);
    assert_eq!(runtime.counts().unknown, 3);
}

#[tokio::test]
async fn what_was_certainly_not_written_is_given_back() {
    let (runtime, journal) = desk().await;
    journal.plan([Fault::NotWritten]);
    let error = runtime.decide(write("1", "a")).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::JournalFailed(_))), "{error:?}");
    journal.set_unreadable(true);
    let error = runtime.decide(write("1", "a")).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Unread { .. })), "{error:?}");
    journal.set_unreadable(false);
    assert_eq!(runtime.decide(write("1", "a")).await.unwrap(), 1);
    assert_eq!(runtime.counts().returned, 2);
}

#[tokio::test]
async fn while_the_journal_is_closed_decisions_come_back_and_say_why() {
    let (runtime, journal) = desk().await;
    journal.fail_stop(0);
    journal.plan([Fault::UnknownLost]);
    runtime.decide(write("1", "a")).await.unwrap_err();
    let error = runtime.decide(write("1", "a")).await.unwrap_err();
    let Some(Cause::JournalClosed { fault, .. }) = error.not_run() else { panic!("{error:?}") };
    assert_eq!((fault.kind(), fault.place()), (FaultKind::Full, "data/1.log"));
}

#[tokio::test]
async fn a_decision_has_the_journal_opened_again() {
    let journal = FaultyJournal::new(MemoryJournal::new());
    let builder = Runtime::builder(journal.clone()).decision::<Write>().reopen_journal();
    let runtime = builder.start().await.unwrap();
    settle().await;
    journal.fail_stop(0);
    journal.plan([Fault::UnknownLost]);
    runtime.decide(write("1", "a")).await.unwrap_err();
    settle().await;
    assert_eq!(journal.reopenings(), 1);
    assert_eq!(runtime.decide(write("1", "b")).await.unwrap(), 1);
}

fn panicked(error: &Refused) -> bool {
    matches!(error.not_run(), Some(Cause::Panicked { .. }))
}

#[tokio::test]
async fn a_panic_fails_the_call_and_none_that_is_decided_with_it() {
    let (runtime, journal) = desk().await;
    journal.shut();
    let first = tokio::spawn(runtime.decide(write("1", "first")));
    journal.waiting(1).await;
    // They wait for the first, and are decided together.
    let queued = [
        write("1", "second"),
        Write { panics: Panics::InDecide, ..write("1", "panics") },
        write("1", UNREADABLE),
        write("1", "third"),
    ];
    let queued = queued.map(|decision| tokio::spawn(runtime.decide(decision)));
    settle().await;
    journal.open();
    assert_eq!(first.await.unwrap().unwrap(), 1);
    let mut answers = Vec::new();
    for one in queued {
        answers.push(one.await.unwrap());
    }
    assert_eq!(*answers[0].as_ref().unwrap(), 2);
    assert!(panicked(answers[1].as_ref().unwrap_err()), "in `decide`");
    assert!(panicked(answers[2].as_ref().unwrap_err()), "in `apply`: it is not appended");
    assert_eq!(*answers[3].as_ref().unwrap(), 3);
    assert_eq!(texts(&journal).await, ["first", "second", "third"]);
    let counts = runtime.counts();
    assert_eq!((counts.panicked, counts.replied, counts.conflicts), (2, 3, 0));
}

#[tokio::test]
async fn keys_that_panic_give_the_decision_back() {
    let (runtime, _) = desk().await;
    let decision = Write { panics: Panics::InKeys, ..write("1", "a") };
    let Err(AskError::NotRun(not_run)) = runtime.decide(decision.clone()).await else { panic!() };
    assert_eq!(not_run.command, decision);
    assert_eq!((runtime.counts().not_admitted, runtime.counts().accepted), (1, 0));
}
