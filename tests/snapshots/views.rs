//! Views of decisions, those that are read, and states as of a position.

use std::sync::Arc;

use bailiwick::{
    AskError, Builder, Context, Decision, Event, ManualClock, MemoryJournal, MemorySnapshots,
    Position, Runtime, Snapshots, Timestamp, View, id, require,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

use crate::fixture::{BEGIN, Yard};

id!(pub BoardId: "board", pub PinId: "pin");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pinned {
    #[tag]
    board: BoardId,
    #[tag]
    pin: PinId,
}

/// How many pins a board has; every five events, and with two when it leaves memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Board {
    pins: u64,
}

impl View for Board {
    type Key = BoardId;
    type Event = Pinned;
    const SNAPSHOTS: Option<Snapshots<Self>> = Some(Snapshots::version(1).every(5).leaving_with(2));

    fn new(_: &BoardId) -> Self {
        Board { pins: 0 }
    }

    fn apply(&mut self, _: &Pinned, _: Timestamp) {
        self.pins += 1;
    }
}

/// How often a pin was used, on whichever board. Without snapshots.
#[derive(Debug)]
struct Used(u64);

impl View for Used {
    type Key = PinId;
    type Event = Pinned;

    fn new(_: &PinId) -> Self {
        Used(0)
    }

    fn apply(&mut self, _: &Pinned, _: Timestamp) {
        self.0 += 1;
    }
}

/// Pins something to two boards, unless there are so many: it is decided on what both have, and on how often
/// the pin was used.
#[derive(Debug, Clone)]
struct Pin {
    on: BoardId,
    beside: BoardId,
    pin: PinId,
    most: u64,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("there are {0}")]
struct Full(u64);

impl Decision for Pin {
    type Views = (Board, Board, Used);
    type Event = Pinned;
    type Reply = (u64, u64, u64);
    type Rejection = Full;

    fn keys(&self) -> (BoardId, BoardId, PinId) {
        (self.on.clone(), self.beside.clone(), self.pin.clone())
    }

    fn decide(
        &self,
        (on, beside, used): (&Board, &Board, &Used),
        ctx: &mut Context<Pinned>,
    ) -> Result<(u64, u64, u64), Full> {
        require(on.pins < self.most, Full(on.pins))?;
        ctx.emit(Pinned { board: self.on.clone(), pin: self.pin.clone() });
        Ok((on.pins, beside.pins, used.0))
    }
}

fn pin(on: &'static str, pin: &'static str) -> Pin {
    let beside = if on == "a" { "b" } else { "a" };
    Pin { on: on.into(), beside: beside.into(), pin: pin.into(), most: u64::MAX }
}

struct Wall {
    runtime: Runtime,
    journal: FaultyJournal,
    store: MemorySnapshots,
}

impl Wall {
    async fn new() -> Wall {
        let journal = FaultyJournal::new(MemoryJournal::new());
        Wall::on(journal, MemorySnapshots::new(), |builder| builder).await
    }

    async fn on(
        journal: FaultyJournal,
        store: MemorySnapshots,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Wall {
        let builder = Runtime::builder_shared(Arc::new(journal.clone())).decision::<Pin>();
        let builder = builder.clock(ManualClock::at(BEGIN)).entropy(7).snapshots(store.clone());
        let builder = builder.config(|config| config.compared_snapshots(1));
        let runtime = change(builder).start().await.unwrap();
        Wall { runtime, journal, store }
    }

    async fn another(&self, change: impl FnOnce(Builder) -> Builder) -> Wall {
        Wall::on(self.journal.clone(), self.store.clone(), change).await
    }

    async fn pins(&self, boards: &[&'static str]) {
        for on in boards {
            self.runtime.decide(pin(on, "p")).await.unwrap();
        }
        settle().await;
    }
}

/// Those of one decision go on from snapshots at different positions, and one from none.
#[tokio::test]
async fn a_decision_goes_on_from_what_its_views_have() {
    let wall = Wall::new().await;
    wall.pins(&["a", "b", "a", "a", "a", "a", "b", "b", "a", "b", "b", "a"]).await;
    assert_eq!(wall.runtime.snapshots().saved, 2, "one of each board");
    let reply = wall.runtime.decide(pin("b", "p")).await.unwrap();
    let anew = wall.another(|builder| builder).await;
    let again = anew.runtime.decide(pin("b", "p")).await.unwrap();
    assert_eq!((reply, again), ((5, 7, 12), (6, 7, 13)));
    settle().await;
    let counts = anew.runtime.snapshots();
    assert_eq!((counts.used, counts.compared, counts.different), (2, 2, 0), "{counts:?}");
}

#[tokio::test]
async fn two_runtimes_keep_the_rule() {
    let first = Wall::new().await;
    first.pins(&["a"; 10]).await;
    let second = first.another(|builder| builder).await;
    let last = Pin { most: 11, ..pin("a", "q") };
    let (one, other) =
        tokio::join!(first.runtime.decide(last.clone()), second.runtime.decide(last.clone()),);
    let both = [one, other];
    let refused = both.iter().filter(|told| matches!(told, Err(AskError::Rejected(Full(11)))));
    assert_eq!(
        (refused.count(), both.iter().filter(|told| told.is_ok()).count()),
        (1, 1),
        "{both:?}"
    );
    assert_eq!(second.runtime.snapshots().used, 1);
}

#[tokio::test]
async fn a_view_that_leaves_memory_is_saved() {
    let wall = Wall::new().await;
    let wall = wall.another(|builder| builder.config(|config| config.cached_views(0))).await;
    wall.pins(&["a", "a", "a"]).await;
    let counts = wall.runtime.snapshots();
    assert!(counts.saved > 0, "{counts:?}");
    let anew = wall.another(|builder| builder).await;
    assert_eq!(anew.runtime.decide(pin("a", "q")).await.unwrap(), (3, 0, 0));
    assert!(anew.runtime.snapshots().used > 0);
}

/// A view that is read is saved by who reads it, and has the same position as without.
#[tokio::test]
async fn a_view_that_is_read_goes_on() {
    let wall = Wall::new().await;
    wall.pins(&["a", "b", "a", "a", "a", "b"]).await;
    wall.store.delete_all();
    let reads = wall.journal.reads();
    let first = wall.runtime.read::<Board>("a").await.unwrap();
    assert_eq!((first.value.pins, first.position.get()), (4, 5));
    assert_eq!(wall.store.keys().len(), 0, "four are too few");
    wall.pins(&["a", "b"]).await;
    wall.store.delete_all();
    let second = wall.runtime.read::<Board>("a").await.unwrap();
    assert_eq!((second.value.pins, second.position.get()), (5, 7));
    settle().await;
    assert_eq!(wall.store.keys().len(), 1);
    let third = wall.runtime.read::<Board>("a").await.unwrap();
    assert_eq!((third.value.pins, third.position.get()), (5, 7));
    assert_eq!(wall.runtime.snapshots().used, 1);
    assert!(wall.journal.reads() > reads);
}

#[tokio::test]
async fn a_state_as_of_a_position_goes_on_from_a_snapshot_below_it() {
    let yard = Yard::new().await;
    yard.fill(17).await;
    let tank = yard.tanks.get("a");
    for (position, used) in [(4, 0), (9, 0), (10, 1), (13, 2), (17, 3)] {
        let then = tank.as_of(Position::new(position)).await.unwrap();
        assert_eq!((then.value.events, then.position.get()), (position, position));
        assert_eq!(yard.runtime.snapshots().used, used, "as of {position}");
    }
    let full = tank.until(|tank| tank.litres == 17).await.unwrap();
    assert_eq!((full.position.get(), yard.runtime.snapshots().used), (17, 4));
}
