//! The same of decisions.

use std::collections::HashMap;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::time::Duration;

use bailiwick::{
    AskError, Cause, Config, Context, Decision, Position, StartError, Unknown, UnreadableReply,
};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

use crate::fixture::{CoinDropped, Jar, JarId, Jars};

/// Drops a coin into the jar "a".
#[derive(Debug, Serialize)]
pub struct Drop<R> {
    labels: HashMap<String, u8>,
    #[serde(skip)]
    reply: PhantomData<fn() -> R>,
}

impl<R: From<u64> + Send + 'static> Decision for Drop<R> {
    const COMMAND: Option<&'static str> = Some("Drop");
    type Views = Jar<u64>;
    type Event = CoinDropped;
    type Reply = R;
    type Rejection = Infallible;

    fn keys(&self) -> JarId {
        "a".into()
    }

    fn decide(&self, jar: &Jar<u64>, ctx: &mut Context<CoinDropped>) -> Result<R, Infallible> {
        Ok(jar.drop_one(ctx).into())
    }
}

pub fn drop_coin<R>() -> Drop<R> {
    Drop { labels: (0..8).map(|n| (n.to_string(), n)).collect(), reply: PhantomData }
}

mod order {
    #[derive(Debug, serde::Serialize)]
    pub struct Cancel;
}

mod subscription {
    #[derive(Debug, serde::Serialize)]
    pub struct Cancel;
}

macro_rules! accepts {
    ($($decision:ty)*) => {$(
        impl Decision for $decision {
            type Views = ();
            type Event = CoinDropped;
            type Reply = ();
            type Rejection = Infallible;

            fn keys(&self) {}

            fn decide(&self, (): (), _: &mut Context<CoinDropped>) -> Result<(), Infallible> {
                Ok(())
            }
        }
    )*};
}

accepts!(order::Cancel subscription::Cancel);

/// A runtime that knows all of them.
async fn jars(change: impl FnOnce(Config) -> Config) -> Jars<u64> {
    Jars::with(|builder| {
        let builder = builder.decision::<Drop<u64>>();
        builder.decision::<order::Cancel>().decision::<subscription::Cancel>().config(change)
    })
    .await
}

/// The next version of the program.
async fn later(jars: Jars<u64>, change: impl FnOnce(Config) -> Config) -> Jars<u64> {
    jars.later_with(|builder| builder.decision::<Drop<Receipt>>().config(change)).await
}

/// What a later version replies.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    nth: u64,
}

impl From<u64> for Receipt {
    fn from(nth: u64) -> Self {
        Receipt { nth }
    }
}

#[tokio::test]
async fn a_decision_is_recognised_by_its_whole_name_and_its_value() {
    let jars = jars(|config| config).await;
    let once = |key: &'static str| jars.runtime.decisions().once(key);
    for _ in 0..20 {
        assert_eq!(once("k").decide(drop_coin::<u64>()).await.unwrap(), 1);
    }
    let other = Drop { labels: HashMap::new(), ..drop_coin::<u64>() };
    let error = once("k").decide(other).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::KeyReused { .. })), "{error:?}");
    once("cancel").decide(order::Cancel).await.unwrap();
    let error = once("cancel").decide(subscription::Cancel).await.unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::KeyReused { .. })), "{error:?}");
}

#[tokio::test]
async fn a_reply_that_cannot_be_read_any_more_was_given() {
    let jars = jars(|config| config).await;
    let once = jars.runtime.decisions().once("k");
    let first = once.decide_with_receipt(drop_coin::<u64>()).await.unwrap();
    let jars = later(jars, |config| config).await;
    let error =
        jars.runtime.decisions().once("k").decide(drop_coin::<Receipt>()).await.unwrap_err();
    let run = error.already_run().expect("it was run");
    assert!(matches!(run.cause, UnreadableReply::Codec(_)), "{error:?}");
    assert_eq!((run.position, jars.coins().await), (first.position, 1));
    let counts = jars.runtime.counts();
    assert_eq!((counts.already_run, counts.replied, counts.open()), (1, 0, 0));
}

/// In one turn with another, whose append hangs.
#[tokio::test]
async fn a_durable_answer_is_told_whatever_becomes_of_what_is_being_appended() {
    let jars = jars(|config| config).await;
    let decide = |key| tokio::spawn(jars.runtime.decisions().once(key).decide(drop_coin::<u64>()));
    assert_eq!(decide("k").await.unwrap().unwrap(), 1);
    let [ahead, again, other] = jars.behind(&decide, ["ahead", "k", "other"]).await;
    jars.journal.let_pass(1);
    assert_eq!(ahead.await.unwrap().unwrap(), 2);
    jars.journal.waiting(1).await;
    settle().await;
    assert!(again.is_finished() && !other.is_finished());
    assert_eq!(again.await.unwrap().unwrap(), 1);
    drop(jars.runtime);
    let error = other.await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { .. }), "{error:?}");
}

/// In one turn with it, behind one that had no room in the append.
#[tokio::test]
async fn who_would_repeat_one_whose_outcome_is_unknown_does_not_know_it_either() {
    let jars = jars(|config| config.batch_bytes(1)).await;
    let decide = |key| tokio::spawn(jars.runtime.decisions().once(key).decide(drop_coin::<u64>()));
    let keys = ["ahead", "k", "without room", "k"];
    let [ahead, first, other, again] = jars.behind(decide, keys).await;
    jars.journal.plan([Fault::None, Fault::UnknownWritten]);
    jars.journal.open();
    ahead.await.unwrap().unwrap();
    for asked in [first, again] {
        let error = asked.await.unwrap().unwrap_err();
        assert!(
            matches!(error, AskError::Unknown { why: Unknown::JournalFailed(_), .. }),
            "{error:?}"
        );
    }
    let other = other.await.unwrap().unwrap_err();
    assert!(matches!(other, AskError::NotRun(_)), "{other:?}");
}

#[tokio::test]
async fn a_decision_whose_reply_is_too_large_to_be_remembered_is_not_run() {
    let five = |config: Config| config.reply_bytes(5);
    let jars = later(jars(five).await, five).await;
    let once = jars.runtime.decisions().once("k");
    let error = once.decide(drop_coin::<Receipt>()).await.unwrap_err();
    let cause = error.not_run().expect("it was not run");
    assert!(matches!(cause, Cause::ReplyTooLarge { bytes: 6, most: 5 }), "{error:?}");
    assert_eq!((jars.coins().await, jars.events().await), (0, 0));
    let receipt = jars.runtime.decide(drop_coin::<Receipt>()).await.unwrap();
    assert_eq!(receipt.nth, 1, "without a key it may say what it will");
}

#[tokio::test]
async fn it_is_remembered_as_long_however_many_there_are() {
    let jars = jars(|config| config.answers(1)).await;
    let once = |key| jars.runtime.decisions().once(key).decide_with_receipt(drop_coin::<u64>());
    assert_eq!(once("k").await.unwrap().position, Position::new(2));
    for key in ["k1", "k2", "k3"] {
        once(key).await.unwrap();
    }
    jars.clock.advance(Duration::from_secs(60 * 60) - Duration::from_millis(1));
    assert_eq!(once("k").await.unwrap().reply, 1);
    jars.clock.advance(Duration::from_millis(1));
    assert_eq!(once("k").await.unwrap().reply, 5);
}

#[tokio::test]
async fn a_name_is_pinned_to_one_decision() {
    let builder = bailiwick::Runtime::builder(bailiwick::MemoryJournal::new());
    let builder = builder.aggregate::<Jar<u64>>().decision::<Drop<u64>>();
    let builder = builder.decision::<Drop<u64>>().decision::<Drop<Receipt>>();
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, StartError::CommandTaken { name: "Drop", .. }), "{error}");
}
