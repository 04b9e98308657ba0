//! Aggregates whose deadlines tell each other, each another one that is not in memory: each comes to
//! its turn in a task of its own, however long it goes on.

use std::convert::Infallible;

use bailiwick::journal::Journal;
use bailiwick::{
    Aggregate, Context, Decide, Event, ManualClock, MemoryJournal, Runtime, Timestamp, View, id,
};
use serde::{Deserialize, Serialize};
use tokio::task::yield_now;

id!(LeftId: "left", RightId: "right");

/// How many strokes there are. On one stack they would not have room.
const STROKES: u64 = 10_000;

/// The stroke that bears this number, and who plays it to whom.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Played {
    #[tag]
    left: LeftId,
    #[tag]
    right: RightId,
    stroke: u64,
}

/// The player whose turn comes after this stroke.
macro_rules! player {
    ($player:ident, $id:ident, $name:literal, $is_odd:literal) => {
        struct $player {
            id: $id,
            to_answer: Option<(u64, Timestamp)>,
        }

        impl View for $player {
            type Key = $id;
            type Event = Played;

            fn new(id: &$id) -> Self {
                $player { id: id.clone(), to_answer: None }
            }

            fn apply(&mut self, Played { stroke, .. }: &Played, at: Timestamp) {
                let answers = (stroke % 2 == 1) == $is_odd && *stroke < STROKES;
                self.to_answer = answers.then_some((*stroke, at));
            }
        }

        impl Aggregate for $player {
            const NAME: &'static str = $name;

            fn deadline(&self) -> Option<Timestamp> {
                self.to_answer.map(|(_, at)| at)
            }

            fn on_deadline(&self, ctx: &mut Context<Played>) {
                let (stroke, _) = self.to_answer.expect("it is due");
                ctx.emit(self.answer(stroke + 1));
            }
        }
    };
}

player!(Left, LeftId, "left", false);
player!(Right, RightId, "right", true);

impl Left {
    fn answer(&self, stroke: u64) -> Played {
        let right = format!("r{stroke}").parse().expect("an ID");
        Played { left: self.id.clone(), right, stroke }
    }
}

impl Right {
    fn answer(&self, stroke: u64) -> Played {
        let left = format!("l{stroke}").parse().expect("an ID");
        Played { left, right: self.id.clone(), stroke }
    }
}

struct Serve;

impl Decide<Serve> for Left {
    type Reply = ();
    type Rejection = Infallible;

    fn decide(&self, _: &Serve, ctx: &mut Context<Played>) -> Result<(), Infallible> {
        ctx.emit(self.answer(1));
        Ok(())
    }
}

#[tokio::test]
async fn deadlines_that_cause_each_other_go_on_without_end_and_without_depth() {
    let journal = MemoryJournal::new();
    let builder = Runtime::builder(journal.clone()).aggregate::<Left>().aggregate::<Right>();
    let runtime = builder.clock(ManualClock::at(1_000)).entropy(7).start().await.unwrap();
    let left = runtime.aggregates::<Left>();
    left.get("l").ask(Serve).await.unwrap();
    while journal.head().await.unwrap().position.get() < STROKES {
        yield_now().await;
    }
}
