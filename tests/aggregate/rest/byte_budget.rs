//! The budget of bytes: shelves that hold as much as they are told, and say so.

use std::time::Duration;

use bailiwick::{
    Aggregate, Aggregates, Context, Decide, Event, ManualClock, MemoryJournal, Runtime, Timestamp,
    View, id,
};
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(ShelfId: "shelf");

struct Shelf {
    goods: Vec<u8>,
    /// What it says it holds when it is asked for so much is nonsense.
    cursed: bool,
    /// When it is filled by itself, and with how much.
    ordered: Option<(Timestamp, usize)>,
}

#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
enum ShelfEvent {
    Filled { bytes: usize, cursed: bool },
    Ordered { at: Timestamp, bytes: usize },
}

/// Fill it with so much.
struct Fill(usize);

/// Fill it with so much, later.
struct Order(Timestamp, usize);

/// From now on it panics when it is asked what it holds.
struct Curse;

impl View for Shelf {
    type Key = ShelfId;
    type Event = ShelfEvent;

    fn new(_: &ShelfId) -> Self {
        Shelf { goods: Vec::new(), cursed: false, ordered: None }
    }

    fn apply(&mut self, event: &ShelfEvent, _: Timestamp) {
        match event {
            ShelfEvent::Filled { bytes, cursed } => {
                self.goods = vec![0; *bytes];
                (self.cursed, self.ordered) = (*cursed, None);
            }
            ShelfEvent::Ordered { at, bytes } => self.ordered = Some((*at, *bytes)),
        }
    }

    fn heap_bytes(&self) -> usize {
        assert!(!self.cursed, "do not ask");
        self.goods.capacity()
    }
}

impl Aggregate for Shelf {
    const NAME: &'static str = "Shelf";

    fn deadline(&self) -> Option<Timestamp> {
        self.ordered.map(|(at, _)| at)
    }

    fn on_deadline(&self, ctx: &mut Context<ShelfEvent>) {
        if let Some((_, bytes)) = self.ordered {
            ctx.emit(ShelfEvent::Filled { bytes, cursed: false });
        }
    }
}

impl Decide<Order> for Shelf {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn decide(&self, order: &Order, ctx: &mut Context<ShelfEvent>) -> Result<(), Self::Rejection> {
        ctx.emit(ShelfEvent::Ordered { at: order.0, bytes: order.1 });
        Ok(())
    }
}

impl Decide<Fill> for Shelf {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn decide(&self, fill: &Fill, ctx: &mut Context<ShelfEvent>) -> Result<(), Self::Rejection> {
        ctx.emit(ShelfEvent::Filled { bytes: fill.0, cursed: self.cursed });
        Ok(())
    }
}

impl Decide<Curse> for Shelf {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn decide(&self, _: &Curse, ctx: &mut Context<ShelfEvent>) -> Result<(), Self::Rejection> {
        ctx.emit(ShelfEvent::Filled { bytes: self.goods.len(), cursed: true });
        Ok(())
    }
}

const LINGER: Duration = Duration::from_secs(1);
/// What the documentation of `resting_bytes` says that one weighs empty.
const EMPTY: usize = 256 + size_of::<Shelf>();

struct Warehouse {
    shelves: Aggregates<Shelf>,
    clock: ManualClock,
    _runtime: Runtime,
}

impl Warehouse {
    async fn with_room_for(bytes: usize) -> Warehouse {
        let clock = ManualClock::at(1_000);
        let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Shelf>();
        let builder = builder.clock(clock.clone()).entropy(7);
        let builder = builder.config(|config| config.resting_bytes(bytes));
        let runtime = builder.start().await.expect("it starts");
        Warehouse { shelves: runtime.aggregates(), clock, _runtime: runtime }
    }

    async fn fill(&self, n: usize, bytes: usize) {
        self.shelves.get(id(n)).ask(Fill(bytes)).await.expect("it is filled");
    }

    async fn rest(&self) {
        self.clock.advance(LINGER);
        settle().await;
    }

    fn in_memory(&self) -> Vec<usize> {
        let number = |id: ShelfId| id.to_string().parse().expect("a number");
        let mut numbers: Vec<_> = self.shelves.in_memory().into_iter().map(number).collect();
        numbers.sort_unstable();
        numbers
    }
}

fn id(n: usize) -> ShelfId {
    n.to_string().parse().expect("an ID")
}

#[tokio::test]
async fn the_budget_of_bytes_holds() {
    let room = 100 * (EMPTY + 1_000);
    let warehouse = Warehouse::with_room_for(room).await;
    let bytes = |n: usize| 200 + n * 37 % 1_600;
    for wave in 0..30 {
        for n in wave * 20..(wave + 1) * 20 {
            warehouse.fill(n, bytes(n)).await;
        }
        warehouse.rest().await;
        let resting = warehouse.in_memory();
        let weight: usize = resting.iter().map(|n| EMPTY + bytes(*n)).sum();
        assert!(weight <= room, "{} weigh {weight}", resting.len());
        assert!(wave < 10 || weight > room * 9 / 10, "only {} weigh {weight}", resting.len());
    }
}

#[tokio::test]
async fn others_give_way_to_who_has_grown_at_rest() {
    let warehouse = Warehouse::with_room_for(64 * (EMPTY + 100)).await;
    for n in 0..64 {
        warehouse.fill(n, 100).await;
    }
    warehouse.rest().await;
    assert_eq!(warehouse.in_memory().len(), 64);
    warehouse.fill(7, 100 + 10 * (EMPTY + 100)).await;
    warehouse.rest().await;
    let resting = warehouse.in_memory();
    assert_eq!(resting.len(), 54, "ten gave way: {resting:?}");
    assert!(resting.contains(&7), "it was used: {resting:?}");
    warehouse.fill(7, 100).await;
    for n in 100..110 {
        warehouse.fill(n, 100).await;
    }
    warehouse.rest().await;
    assert_eq!(warehouse.in_memory().len(), 64, "there is room again");
}

#[tokio::test]
async fn who_is_heavier_than_all_the_room_takes_nobody_elses() {
    let warehouse = Warehouse::with_room_for(10 * EMPTY).await;
    for n in 0..9 {
        warehouse.fill(n, 0).await;
    }
    warehouse.rest().await;
    for _ in 0..5 {
        warehouse.fill(100, 11 * EMPTY).await;
        warehouse.rest().await;
    }
    assert_eq!(warehouse.in_memory(), (0..9).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_panics_when_asked_counts_as_empty_and_lives_on() {
    let warehouse = Warehouse::with_room_for(3 * EMPTY).await;
    for n in 0..3 {
        warehouse.fill(n, 0).await;
    }
    warehouse.rest().await;
    warehouse.shelves.get(id(1)).ask(Curse).await.expect("it is cursed");
    warehouse.fill(1, 50_000).await;
    warehouse.rest().await;
    assert_eq!(warehouse.in_memory(), [0, 1, 2]);
    let goods = warehouse.shelves.get(id(1)).read(|shelf, _| shelf.goods.len());
    assert_eq!(goods.await.expect("it is read").value, 50_000);
}

/// Who grows because of its deadline, and is never asked, is weighed as well.
#[tokio::test]
async fn what_deadlines_fill_is_weighed() {
    let warehouse = Warehouse::with_room_for(10 * (EMPTY + 10_000)).await;
    for n in 0..64 {
        let order = Order(Timestamp::from_millis(20_000), 10_000);
        warehouse.shelves.get(id(n)).ask(order).await.unwrap();
    }
    warehouse.rest().await;
    assert_eq!(warehouse.in_memory().len(), 64, "they are empty");
    warehouse.clock.advance(Duration::from_secs(20));
    settle().await;
    settle().await;
    warehouse.rest().await;
    assert!((8..=10).contains(&warehouse.in_memory().len()), "{:?}", warehouse.in_memory());
}
