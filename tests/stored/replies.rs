//! A reply that is remembered under an idempotency key is read back before anybody is told, and the
//! first caller is told what the second will be.

use std::convert::Infallible;
use std::fmt::Debug;

use bailiwick::{
    Aggregate, Cause, Context, Decide, Decision, Event, MemoryJournal, Position, Runtime,
    Timestamp, Unstorable, View,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::fixture::{LogId, head};

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    #[tag]
    by: LogId,
}

struct Desk(LogId);

impl View for Desk {
    type Key = LogId;
    type Event = Asked;
    fn new(id: &LogId) -> Self {
        Desk(id.clone())
    }
    fn apply(&mut self, _: &Asked, _: Timestamp) {}
}

impl Aggregate for Desk {
    const NAME: &'static str = "Desk";
}

/// Asks for a reply, with an event or without. What it is recognised by is not the reply.
#[derive(Clone, Serialize)]
struct AskFor<R> {
    #[serde(skip)]
    reply: R,
    emits: bool,
}

impl<R: Clone + Send + Sync + 'static> Decide<AskFor<R>> for Desk {
    type Reply = R;
    type Rejection = Infallible;
    fn decide(&self, ask: &AskFor<R>, ctx: &mut Context<Asked>) -> Result<R, Infallible> {
        if ask.emits {
            ctx.emit(Asked { by: self.0.clone() });
        }
        Ok(ask.reply.clone())
    }
}

impl<R: Clone + Send + Sync + 'static> Decision for AskFor<R> {
    type Views = Desk;
    type Event = Asked;
    type Reply = R;
    type Rejection = Infallible;
    fn keys(&self) -> LogId {
        "a".into()
    }
    fn decide(&self, _: &Desk, ctx: &mut Context<Asked>) -> Result<R, Infallible> {
        if self.emits {
            ctx.emit(Asked { by: "a".into() });
        }
        Ok(self.reply.clone())
    }
}

/// Asks an aggregate, then a decision, each twice with one key: what the first and the second caller
/// are told.
async fn told<R>(reply: R, emits: bool) -> Vec<Result<R, Cause>>
where
    R: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static,
{
    let journal = MemoryJournal::new();
    let builder = Runtime::builder(journal.clone()).aggregate::<Desk>();
    let runtime = builder.decision::<AskFor<R>>().start().await.unwrap();
    let desk = runtime.aggregates::<Desk>().get("a").once("k");
    let decisions = runtime.decisions().once("k");
    let mut told = Vec::new();
    for _ in 0..2 {
        let ask = AskFor { reply: reply.clone(), emits };
        let answer = desk.ask(ask.clone()).await;
        told.push(answer.map_err(|error| error.not_run().expect("a cause").clone()));
        let answer = decisions.decide(ask).await;
        told.push(answer.map_err(|error| error.not_run().expect("a cause").clone()));
    }
    if told.iter().all(Result::is_err) {
        assert_eq!(head(&journal).await, Position::START, "refused, though appended");
        let counts = runtime.counts();
        assert_eq!((counts.returned, counts.open()), (4, 0));
    }
    told
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sparse {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "Option::deserialize")]
    note: Option<u8>,
}

#[tokio::test]
async fn a_reply_that_could_not_be_given_again_is_refused() {
    for emits in [false, true] {
        for told in told(Sparse { note: None }, emits).await {
            let Err(Cause::Unstorable(why)) = told else { panic!("{told:?}") };
            assert!(matches!(*why, Unstorable::Undecodable { .. }), "{why}");
            assert!(why.to_string().contains("the reply to AskFor"), "{why}");
        }
        for told in told(Some(None::<u8>), emits).await {
            let Err(Cause::Unstorable(why)) = told else { panic!("{told:?}") };
            assert!(matches!(*why, Unstorable::SomeOfNothing { .. }), "{why}");
        }
        let deep = (0..200).fold(serde_json::Value::Null, |inner, _| vec![inner].into());
        for told in told(deep, emits).await {
            let Err(Cause::Unstorable(why)) = told else { panic!("{told:?}") };
            assert!(matches!(*why, Unstorable::TooDeep { .. }), "{why}");
        }
        for told in told(Sparse { note: Some(1) }, emits).await {
            assert_eq!(told.unwrap(), Sparse { note: Some(1) });
        }
    }
}

/// Not stored whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ticket {
    number: u32,
    #[serde(skip)]
    printed: bool,
}

#[tokio::test]
async fn the_first_caller_is_told_what_the_second_will_be() {
    for told in told(Ticket { number: 7, printed: true }, true).await {
        assert_eq!(told.unwrap(), Ticket { number: 7, printed: false });
    }
}
