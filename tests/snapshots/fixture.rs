//! Fixture: a tank that is filled and emptied, with snapshots, and a runtime on it that the test controls.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{
    Aggregate, Aggregates, Builder, Context, Event, ManualClock, MemoryJournal, MemorySnapshots,
    Runtime, SnapshotStore, Snapshots, Timestamp, View, commands, id, require,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::settle;
use serde::{Deserialize, Serialize};

id!(pub TankId: "tank");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[event(retired("Painted"))]
pub enum TankEvent {
    Filled { litres: u64 },
    Drawn { litres: u64 },
    LeftOpen { until: Timestamp },
    Closed {},
}

pub type Ctx = Context<TankEvent>;

/// Every ten events, and when it leaves memory with three new ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tank {
    pub litres: u64,
    pub events: u64,
    open_until: Option<Timestamp>,
}

impl View for Tank {
    type Key = TankId;
    type Event = TankEvent;
    const SNAPSHOTS: Option<Snapshots<Self>> =
        Some(Snapshots::version(1).every(10).leaving_with(3));

    fn new(_: &TankId) -> Self {
        Tank { litres: 0, events: 0, open_until: None }
    }

    fn apply(&mut self, event: &TankEvent, _: Timestamp) {
        self.events += 1;
        match event {
            TankEvent::Filled { litres } => self.litres += litres,
            TankEvent::Drawn { litres } => self.litres -= litres,
            TankEvent::LeftOpen { until } => self.open_until = Some(*until),
            TankEvent::Closed {} => self.open_until = None,
        }
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Aggregate for Tank {
    const NAME: &'static str = "Tank";

    fn deadline(&self) -> Option<Timestamp> {
        self.open_until
    }

    fn on_deadline(&self, ctx: &mut Ctx) {
        ctx.emit(TankEvent::Closed {});
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fill(pub u64);
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Draw(pub u64);
pub struct LeaveOpen(pub Timestamp);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {0} litres")]
pub struct TooFew(pub u64);

#[commands]
impl Tank {
    fn fill(&self, Fill(litres): &Fill, ctx: &mut Ctx) -> Result<u64, TooFew> {
        ctx.emit(TankEvent::Filled { litres: *litres });
        Ok(self.litres + litres)
    }

    fn draw(&self, Draw(litres): &Draw, ctx: &mut Ctx) -> Result<u64, TooFew> {
        require(self.litres >= *litres, TooFew(self.litres))?;
        ctx.emit(TankEvent::Drawn { litres: *litres });
        Ok(self.litres - litres)
    }

    fn leave_open(&self, LeaveOpen(until): &LeaveOpen, ctx: &mut Ctx) -> Result<(), TooFew> {
        ctx.emit(TankEvent::LeftOpen { until: *until });
        Ok(())
    }
}

/// A runtime of tanks, and all that it takes from its surroundings.
pub struct Yard {
    pub runtime: Runtime,
    pub tanks: Aggregates<Tank>,
    pub clock: ManualClock,
    pub journal: FaultyJournal,
    pub store: MemorySnapshots,
}

/// When every test begins, in milliseconds: late enough that an hour of keys lies behind.
pub const BEGIN: u64 = 10_000_000;
/// Longer than an aggregate rests in memory.
pub const LONG: Duration = Duration::from_secs(120);

impl Yard {
    pub async fn new() -> Yard {
        Yard::with(|builder| builder).await
    }

    pub async fn with(change: impl FnOnce(Builder) -> Builder) -> Yard {
        let journal = FaultyJournal::new(MemoryJournal::new());
        Yard::on(journal, ManualClock::at(BEGIN), MemorySnapshots::new(), change).await
    }

    pub async fn on(
        journal: FaultyJournal,
        clock: ManualClock,
        store: MemorySnapshots,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Yard {
        let builder = builder(Arc::new(journal.clone()), &clock, store.clone());
        let runtime = change(builder).start().await.expect("it starts");
        let tanks = runtime.aggregates();
        Yard { runtime, tanks, clock, journal, store }
    }

    /// Another runtime on the same, beside this one.
    pub async fn another(&self, change: impl FnOnce(Builder) -> Builder) -> Yard {
        let Yard { journal, clock, store, .. } = self;
        Yard::on(journal.clone(), clock.clone(), store.clone(), change).await
    }

    /// Drops the runtime and starts another one.
    pub async fn restart(self) -> Yard {
        self.restart_with(|builder| builder).await
    }

    pub async fn restart_with(self, change: impl FnOnce(Builder) -> Builder) -> Yard {
        let Yard { runtime, tanks, clock, journal, store } = self;
        drop((runtime, tanks));
        settle().await;
        Yard::on(journal, clock, store, change).await
    }

    /// Fills the tank "a" so many times, by one litre each.
    pub async fn fill(&self, times: u64) {
        let tank = self.tanks.get("a");
        for _ in 0..times {
            tank.ask(Fill(1)).await.expect("it can be filled");
        }
        settle().await;
    }

    pub async fn state(&self) -> Tank {
        self.tanks.get("a").read(|tank, _| tank.clone()).await.expect("it can be read").value
    }

    /// Until nothing has been in memory for long.
    pub async fn leave_memory(&self) {
        // Who lingers goes first.
        for _ in 0..4 {
            self.clock.advance(LONG);
            settle().await;
        }
    }
}

pub fn builder(
    journal: Arc<dyn Journal>,
    clock: &ManualClock,
    store: impl SnapshotStore,
) -> Builder {
    Runtime::builder_shared(journal)
        .aggregate::<Tank>()
        .clock(clock.clone())
        .entropy(7)
        .snapshots(store)
        .config(|config| config.compared_snapshots(1))
}
