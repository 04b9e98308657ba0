//! Two aggregates whose deadlines tell each other: each in a task of its own, however long it goes on.

use std::convert::Infallible;

use bailiwick::{
    Aggregate, Context, Decide, Event, ManualClock, MemoryJournal, Runtime, Timestamp, View, id,
};
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(LeftId: "left", RightId: "right");

/// How many strokes there are at least.
const STROKES: u64 = 20_000;

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ToRight {
    #[tag]
    left: LeftId,
    #[tag]
    right: RightId,
    stroke: u64,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ToLeft {
    #[tag]
    left: LeftId,
    #[tag]
    right: RightId,
    stroke: u64,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Stroke {
    ToRight(ToRight),
    ToLeft(ToLeft),
}

macro_rules! player {
    ($player:ident, $id:ident, $name:literal, $turn:pat, $answer:expr) => {
        struct $player(Option<(u64, Timestamp)>);

        impl View for $player {
            type Key = $id;
            type Event = Stroke;

            fn new(_: &$id) -> Self {
                $player(None)
            }

            fn apply(&mut self, event: &Stroke, at: Timestamp) {
                let (Stroke::ToRight(ToRight { stroke, .. })
                | Stroke::ToLeft(ToLeft { stroke, .. })) = event;
                self.0 = (matches!(event, $turn) && *stroke < STROKES).then_some((*stroke, at));
            }
        }

        impl Aggregate for $player {
            const NAME: &'static str = $name;

            fn deadline(&self) -> Option<Timestamp> {
                self.0.map(|(_, at)| at)
            }

            fn on_deadline(&self, ctx: &mut Context<Stroke>) {
                let (stroke, _) = self.0.expect("it is due");
                let answer: fn(u64) -> Stroke = $answer;
                ctx.emit(answer(stroke + 1));
            }
        }
    };
}

fn to_left(stroke: u64) -> Stroke {
    ToLeft { left: "l".into(), right: "r".into(), stroke }.into()
}

fn to_right(stroke: u64) -> Stroke {
    ToRight { left: "l".into(), right: "r".into(), stroke }.into()
}

player!(Left, LeftId, "left", Stroke::ToLeft(_), to_right);
player!(Right, RightId, "right", Stroke::ToRight(_), to_left);

struct Serve;

impl Decide<Serve> for Left {
    type Reply = ();
    type Rejection = Infallible;

    fn decide(&self, _: &Serve, ctx: &mut Context<Stroke>) -> Result<(), Infallible> {
        ctx.emit(to_right(1));
        Ok(())
    }
}

#[tokio::test]
async fn deadlines_that_cause_each_other_go_on_without_end_and_without_depth() {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Left>().aggregate::<Right>();
    let runtime = builder.clock(ManualClock::at(1_000)).entropy(7).start().await.unwrap();
    let left = runtime.aggregates::<Left>();
    left.get("l").ask(Serve).await.unwrap();
    let mut watch = left.get("l").watch(bailiwick::Position::START).unwrap();
    for stroke in 1..=STROKES {
        let position = watch.next().await.unwrap().position;
        assert_eq!(position.get(), stroke);
    }
    settle().await;
    assert_eq!((left.deadlines_armed(), runtime.aggregates::<Right>().deadlines_armed()), (0, 0));
}
