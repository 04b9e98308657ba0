//! Whatever code of the domain panics, wherever it does: its command fails, and nobody else's.
//!
//! Rules that panic are in `turn.rs`. This is about the code around them: how an event is written,
//! and how an ID in it is shown.

use std::fmt;
use std::str::FromStr;

use bailiwick::{
    Aggregate, AskError, Cause, Context, Decide, Event, Id, ManualClock, MemoryJournal, Runtime,
    Timestamp, View, id,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use serde::{Deserialize, Serialize, Serializer};

use super::within_reason;

id!(ScribeId: "scribe");

/// Counts its lines.
struct Scribe(u64);

#[derive(Event, Serialize, Deserialize)]
enum ScribeEvent {
    Wrote {
        #[serde(serialize_with = "write")]
        line: u64,
    },
    Signed {
        #[tag]
        seal: Seal,
    },
}

/// The line on which the pen breaks.
const BROKEN: u64 = 13;

fn write<S: Serializer>(line: &u64, paper: S) -> Result<S::Ok, S::Error> {
    assert_ne!(*line, BROKEN, "the pen breaks");
    paper.serialize_u64(*line)
}

/// An ID that cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Seal;

impl Id for Seal {
    const KEY: &'static str = "seal";
}

impl fmt::Display for Seal {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("the seal is broken")
    }
}

impl FromStr for Seal {
    type Err = fmt::Error;

    fn from_str(_: &str) -> Result<Seal, fmt::Error> {
        Err(fmt::Error)
    }
}

impl View for Scribe {
    type Key = ScribeId;
    type Event = ScribeEvent;

    fn new(_: &ScribeId) -> Scribe {
        Scribe(0)
    }

    fn apply(&mut self, _: &ScribeEvent, _: Timestamp) {
        self.0 += 1;
    }
}

impl Aggregate for Scribe {
    const NAME: &'static str = "Scribe";
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Write,
    BreakThePen,
    BreakTheSeal,
}

impl Decide<Order> for Scribe {
    type Reply = u64;
    type Rejection = std::convert::Infallible;

    fn decide(
        &self,
        order: &Order,
        ctx: &mut Context<ScribeEvent>,
    ) -> Result<u64, Self::Rejection> {
        ctx.emit(match order {
            Order::Write => ScribeEvent::Wrote { line: 0 },
            Order::BreakThePen => ScribeEvent::Wrote { line: BROKEN },
            Order::BreakTheSeal => ScribeEvent::Signed { seal: Seal },
        });
        Ok(self.0 + 1)
    }
}

/// A panic among commands of which one is being appended, and the others wait together.
async fn among_others(accident: Order) {
    let journal = FaultyJournal::new(MemoryJournal::new());
    let runtime = Runtime::builder(journal.clone()).aggregate::<Scribe>();
    let runtime = runtime.clock(ManualClock::at(1_000)).start().await.expect("it starts");
    let scribe = runtime.aggregates::<Scribe>().get("a");
    journal.shut();
    let submitted = tokio::spawn(scribe.ask(Order::Write));
    journal.waiting(1).await;
    let orders = [Order::Write, accident, Order::Write];
    let orders = orders.map(|order| tokio::spawn(scribe.ask(order)));
    super::yields(8).await;
    journal.open();

    let submitted = within_reason(submitted).await.expect("no panic here");
    assert_eq!(submitted.expect("it was being appended before"), 1);
    let mut answers = Vec::new();
    for order in orders {
        answers.push(within_reason(order).await.expect("no panic here"));
    }
    let after = within_reason(scribe.ask(Order::Write)).await;
    assert_eq!(after.expect("it lives on"), 4);
    assert_eq!(*answers[0].as_ref().expect("it came before"), 2);
    let AskError::NotRun(not_run) = answers[1].as_ref().expect_err("it was not written") else {
        panic!("{:?}", answers[1])
    };
    assert!(matches!(not_run.cause, Cause::Panicked { .. }), "{not_run:?}");
    assert_eq!(*answers[2].as_ref().expect("it came behind"), 3);
    let counts = runtime.counts();
    assert_eq!((counts.replied, counts.panicked, counts.open()), (4, 1, 0));
}

#[tokio::test]
async fn an_event_that_panics_when_it_is_encoded_fails_its_command_only() {
    among_others(Order::BreakThePen).await;
}

#[tokio::test]
async fn an_id_that_panics_when_it_is_shown_fails_its_command_only() {
    among_others(Order::BreakTheSeal).await;
}
