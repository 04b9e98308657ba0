//! What is certain about a command that was asked with a key is what its caller is told: one that was
//! run is never told as not run.

use bailiwick::{AskError, Position, Unknown};
use bailiwick_tests::faulty::Fault;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

use crate::jar::{DropCoin, Jars};

/// What a later version replies.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    nth: u64,
    from: String,
}

impl From<u64> for Receipt {
    fn from(nth: u64) -> Self {
        Receipt { nth, from: "a later version".into() }
    }
}

#[tokio::test]
async fn a_reply_that_cannot_be_read_any_more_was_given() {
    let jars = Jars::<u64>::new().await;
    let first = jars.all.get("a").once("k").ask_committed(DropCoin).await.unwrap();
    assert_eq!(first.position, Position::new(1));
    let jars = jars.later::<Receipt>().await;
    let error = jars.all.get("a").once("k").ask(DropCoin).await.unwrap_err();
    assert!(!matches!(error, AskError::NotRun(_)), "{error:?}");
}

/// Behind it, in a batch that was never given to the journal.
#[tokio::test]
async fn who_waits_for_one_whose_outcome_is_unknown_does_not_know_it_either() {
    for fault in [Fault::UnknownLost, Fault::UnknownWritten] {
        let jars = Jars::<u64>::new().await;
        let ask = |key| tokio::spawn(jars.all.get("a").once(key).ask(DropCoin));
        jars.journal.shut();
        let first = ask("k");
        jars.journal.waiting(1).await;
        let (again, other) = (ask("k"), ask("other"));
        settle().await;
        jars.journal.plan([fault]);
        jars.journal.open();
        for asked in [first, again] {
            let error = asked.await.unwrap().unwrap_err();
            assert!(matches!(error, AskError::Unknown(Unknown::JournalFailed(_))), "{error:?}");
        }
        let other = other.await.unwrap().unwrap_err();
        assert!(matches!(other, AskError::NotRun(_)), "{other:?}");
    }
}

#[tokio::test]
async fn who_waits_for_one_that_is_being_appended_when_the_runtime_goes_away_does_not_know_it() {
    let jars = Jars::<u64>::new().await;
    let ask = |key| tokio::spawn(jars.all.get("a").once(key).ask(DropCoin));
    jars.journal.shut();
    let first = ask("k");
    jars.journal.waiting(1).await;
    let (again, other) = (ask("k"), ask("other"));
    settle().await;
    drop(jars.runtime);
    for asked in [first, again] {
        let error = asked.await.unwrap().unwrap_err();
        assert!(matches!(error, AskError::Unknown(Unknown::ShutDown)), "{error:?}");
    }
    let other = other.await.unwrap().unwrap_err();
    assert!(matches!(other, AskError::NotRun(_)), "{other:?}");
}

/// What is in the journal rests on nothing that is not.
#[tokio::test]
async fn a_durable_answer_is_told_whatever_becomes_of_what_is_being_appended() {
    let jars = Jars::<u64>::new().await;
    let ask = |key| tokio::spawn(jars.all.get("a").once(key).ask(DropCoin));
    assert_eq!(ask("k").await.unwrap().unwrap(), 1);
    jars.journal.shut();
    let other = ask("other");
    jars.journal.waiting(1).await;
    let again = ask("k");
    settle().await;
    assert!(again.is_finished(), "it waits for what it has nothing to do with");
    assert_eq!(again.await.unwrap().unwrap(), 1);
    jars.journal.plan([Fault::UnknownLost]);
    jars.journal.open();
    other.await.unwrap().unwrap_err();
    assert_eq!(ask("k").await.unwrap().unwrap(), 1);
}
