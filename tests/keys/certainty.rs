//! What is certain about a command that was asked with a key is what its caller is told: one that was
//! run is never told as not run.

use std::convert::Infallible;
use std::time::Duration;

use bailiwick::{AskError, Cause, Context, Decide, Position, Unknown, UnreadableReply};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::fixture::{CoinDropped, DropCoin, Jar, Jars};

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
    jars.all.get("a").ask(DropCoin).await.unwrap();
    let first = jars.all.get("a").once("k").ask_with_receipt(DropCoin).await.unwrap();
    assert_eq!(first.position, Position::new(2));
    let jars = jars.later::<Receipt>().await;
    for _ in 0..2 {
        let error = jars.all.get("a").once("k").ask(DropCoin).await.unwrap_err();
        let run = error.already_run().expect("it was run");
        assert_eq!(run.position, first.position);
        assert!(matches!(run.cause, UnreadableReply::Codec(_)), "{error:?}");
    }
    assert_eq!(jars.coins().await, 2);
    let counts = jars.runtime.counts();
    assert_eq!((counts.accepted, counts.already_run, counts.open()), (2, 2, 0));
}

/// Nobody can read it.
#[derive(Debug, Serialize)]
struct Unreadable(u64);

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("it has a bug");
    }
}

impl From<u64> for Unreadable {
    fn from(nth: u64) -> Self {
        Unreadable(nth)
    }
}

#[tokio::test]
async fn a_reply_whose_decoding_panics_was_given() {
    let jars = Jars::<u64>::new().await;
    jars.all.get("a").once("k").ask(DropCoin).await.unwrap();
    let jars = jars.later::<Unreadable>().await;
    let error = jars.all.get("a").once("k").ask(DropCoin).await.unwrap_err();
    let run = error.already_run().expect("it was run");
    assert!(matches!(run.cause, UnreadableReply::Panicked { .. }), "{error:?}");
    assert_eq!(run.position, Position::new(1));
    assert_eq!((jars.coins().await, jars.runtime.counts().open()), (1, 0));
}

/// Nobody can write it.
#[derive(Debug, Deserialize)]
struct Unwritable(u64);

impl Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 < 2, "it has a bug");
        Err(serde::ser::Error::custom(self.0))?;
        to.serialize_unit()
    }
}

impl From<u64> for Unwritable {
    fn from(nth: u64) -> Self {
        Unwritable(nth)
    }
}

#[tokio::test]
async fn a_command_whose_reply_cannot_be_remembered_is_not_run() {
    let jars = Jars::<Unwritable>::new().await;
    let error = jars.all.get("a").once("k").ask(DropCoin).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Unstorable(_))), "{error:?}");
    assert_eq!((jars.coins().await, jars.events().await), (0, 0));
    jars.all.get("a").ask(DropCoin).await.unwrap();
    let error = jars.all.get("a").once("k").ask(DropCoin).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::Panicked { .. })), "{error:?}");
    assert_eq!((jars.coins().await, jars.events().await), (1, 1));
    let jars = jars.later::<Long>().await;
    let error = jars.all.get("a").once("k").ask(DropCoin).await.unwrap_err();
    let most = 65_536;
    assert!(
        matches!(error.not_run(), Some(Cause::ReplyTooLarge { bytes, most: m }) if *bytes > most && *m == most),
        "{error:?}"
    );
    assert_eq!((jars.coins().await, jars.events().await), (1, 1));
    jars.all.get("a").ask(DropCoin).await.expect("without a key it may say what it will");
}

/// A reply that nobody wants to keep.
#[derive(Debug, Serialize, Deserialize)]
struct Long(String);

impl From<u64> for Long {
    fn from(_: u64) -> Self {
        Long("x".repeat(100_000))
    }
}

/// The first goes on without its caller, and so do those who wait for it.
#[tokio::test]
async fn who_waits_for_one_whose_caller_has_gone_gets_its_reply() {
    for cancelled in [true, false] {
        let jars = Jars::<u64>::new().await;
        let jar = jars.all.get("a").timeout(Duration::from_secs(1));
        jars.journal.shut();
        let first = tokio::spawn(jar.once("k").ask(DropCoin));
        jars.journal.waiting(1).await;
        let patient = jars.all.get("a").timeout(Duration::from_secs(60));
        let again = tokio::spawn(patient.once("k").ask_with_receipt(DropCoin));
        settle().await;
        if cancelled {
            first.abort();
        } else {
            jars.clock.advance(Duration::from_secs(2));
            let error = first.await.unwrap().unwrap_err();
            assert!(matches!(error, AskError::Unknown { why: Unknown::TimedOut, .. }), "{error:?}");
        }
        jars.journal.open();
        let again = again.await.unwrap().unwrap();
        assert_eq!((again.reply, again.position), (1, Position::new(1)));
        assert_eq!(jars.coins().await, 1);
    }
}

/// Drops a coin, too.
#[derive(Debug, Serialize)]
struct Another;

impl Decide<Another> for Jar<u64> {
    type Reply = u64;
    type Rejection = Infallible;

    fn decide(&self, _: &Another, ctx: &mut Context<CoinDropped>) -> Result<u64, Infallible> {
        Ok(self.drop_one(ctx))
    }
}

/// That a key is used is certain only when that is durable.
#[tokio::test]
async fn a_key_is_not_told_to_be_used_before_that_is_certain() {
    for fault in [Fault::None, Fault::NotWritten] {
        let jars = Jars::<u64>::new().await;
        jars.journal.shut();
        let first = tokio::spawn(jars.all.get("a").once("k").ask(DropCoin));
        jars.journal.waiting(1).await;
        let other = tokio::spawn(jars.all.get("a").once("k").ask(Another));
        settle().await;
        assert!(!other.is_finished(), "{fault:?}");
        jars.journal.plan([fault]);
        jars.journal.open();
        let (first, other) = (first.await.unwrap(), other.await.unwrap().unwrap_err());
        if fault == Fault::None {
            first.unwrap();
            assert!(matches!(other.not_run(), Some(Cause::KeyReused { .. })), "{other:?}");
        } else {
            first.unwrap_err();
            assert!(matches!(other.not_run(), Some(Cause::JournalFailed(_))), "{other:?}");
            assert_eq!(jars.all.get("a").once("k").ask(Another).await.unwrap(), 1);
        }
    }
}

type Asked = JoinHandle<Result<u64, AskError<DropCoin, Infallible>>>;

/// Coins, each dropped with a key on a task of its own.
fn coins(jars: &Jars<u64>) -> impl Fn(&'static str) -> Asked {
    |key| tokio::spawn(jars.all.get("a").once(key).ask(DropCoin))
}

async fn certainly_not_run(asked: Asked) {
    let error = asked.await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::NotRun(_)), "{error:?}");
}

/// Behind it, in a batch that was never given to the journal.
#[tokio::test]
async fn who_waits_for_one_whose_outcome_is_unknown_does_not_know_it_either() {
    for fault in [Fault::UnknownLost, Fault::UnknownWritten] {
        let jars = Jars::<u64>::new().await;
        let [first, again, other] = jars.behind(coins(&jars), ["k", "k", "other"]).await;
        jars.journal.plan([fault]);
        jars.journal.open();
        for asked in [first, again] {
            let error = asked.await.unwrap().unwrap_err();
            assert!(
                matches!(error, AskError::Unknown { why: Unknown::JournalFailed(_), .. }),
                "{error:?}"
            );
        }
        certainly_not_run(other).await;
    }
}

/// It was not even judged, because the batch behind had no room for more.
#[tokio::test]
async fn who_would_repeat_one_whose_outcome_is_unknown_does_not_know_it_either() {
    let jars = Jars::<u64>::with(|builder| builder.config(|config| config.batch_bytes(1))).await;
    let keys = ["k", "other", "without room", "k"];
    let [first, other, without_room, again] = jars.behind(coins(&jars), keys).await;
    jars.journal.plan([Fault::UnknownWritten]);
    jars.journal.open();
    for asked in [first, again] {
        let error = asked.await.unwrap().unwrap_err();
        assert!(
            matches!(error, AskError::Unknown { why: Unknown::JournalFailed(_), .. }),
            "{error:?}"
        );
    }
    certainly_not_run(other).await;
    certainly_not_run(without_room).await;
}

/// Its caller was told before that it was not run, and it has one outcome, not two.
#[tokio::test]
async fn who_would_repeat_it_and_was_out_of_time_is_not_counted_again() {
    let jars = Jars::<u64>::with(|builder| builder.config(|config| config.batch_bytes(1))).await;
    let hasty = |key| {
        let jar = jars.all.get("a").timeout(Duration::from_secs(1));
        tokio::spawn(jar.once(key).ask(DropCoin))
    };
    let [_first, _other, _without_room, again] =
        jars.behind(hasty, ["k", "other", "without room", "k"]).await;
    jars.clock.advance(Duration::from_secs(2));
    certainly_not_run(again).await;
    jars.journal.plan([Fault::UnknownWritten]);
    jars.journal.open();
    settle().await;
    let counts = jars.runtime.counts();
    let ended = counts.expired + counts.returned + counts.unknown;
    assert_eq!((counts.accepted, ended), (4, 4), "{counts:?}");
}

#[tokio::test]
async fn who_waits_for_one_that_is_being_appended_when_the_runtime_goes_away_does_not_know_it() {
    let jars = Jars::<u64>::new().await;
    let [first, again, other] = jars.behind(coins(&jars), ["k", "k", "other"]).await;
    drop(jars.runtime);
    for asked in [first, again] {
        let error = asked.await.unwrap().unwrap_err();
        assert!(matches!(error, AskError::Unknown { why: Unknown::ShutDown, .. }), "{error:?}");
    }
    certainly_not_run(other).await;
}

/// In a batch behind it, with another command whose append fails then.
#[tokio::test]
async fn who_waits_for_one_is_answered_when_that_is_durable_and_not_later() {
    let jars = Jars::<u64>::new().await;
    let [first, again, other] = jars.behind(coins(&jars), ["k", "k", "other"]).await;
    jars.journal.let_pass(1);
    assert_eq!(first.await.unwrap().unwrap(), 1);
    jars.journal.waiting(1).await;
    settle().await;
    assert!(again.is_finished() && !other.is_finished());
    assert_eq!(again.await.unwrap().unwrap(), 1);
    drop(jars.runtime);
    other.await.unwrap().unwrap_err();
}

/// What is in the journal rests on nothing that is not.
#[tokio::test]
async fn a_durable_answer_is_told_whatever_becomes_of_what_is_being_appended() {
    let jars = Jars::<u64>::new().await;
    let ask = coins(&jars);
    assert_eq!(ask("k").await.unwrap().unwrap(), 1);
    let [other, again] = jars.behind(&ask, ["other", "k"]).await;
    assert!(again.is_finished(), "it waits for what it has nothing to do with");
    assert_eq!(again.await.unwrap().unwrap(), 1);
    jars.journal.plan([Fault::UnknownLost]);
    jars.journal.open();
    other.await.unwrap().unwrap_err();
    assert_eq!(ask("k").await.unwrap().unwrap(), 1);
}
