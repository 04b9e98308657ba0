//! What happens: a stall sells something, and a depot packs it.

use std::convert::Infallible;

use bailiwick::{
    Aggregate, Commands, Context, Event, GiveUp, Id, Lane, News, Policy, Start, Timestamp, View,
    commands, id,
};
use serde::{Deserialize, Serialize};

id!(pub(super) StallId: "stall", pub(super) DepotId: "depot", pub(super) DoorId: "door");

/// The source: something was sold.
#[derive(Event, Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sold {
    pub(super) n: u64,
    pub(super) from: DepotId,
}

/// The effect: it was packed.
#[derive(Event, Debug, Clone, Serialize, Deserialize)]
pub(super) struct Packed {
    pub(super) n: u64,
}

/// What concerns no policy.
#[derive(Event, Debug, Clone, Serialize, Deserialize)]
pub(super) struct Opened {}

/// It sells.
#[derive(Debug, Default)]
pub(super) struct Stall {
    pub(super) sold: u64,
}

/// It packs.
#[derive(Debug, Default)]
pub(super) struct Depot {
    pub(super) packed: u64,
}

/// Nobody waits for what it does.
pub(super) struct Door;

#[derive(Debug, Clone)]
pub(super) struct Sell {
    pub(super) n: u64,
    pub(super) from: DepotId,
}

#[derive(Debug, Clone)]
pub(super) struct Pack {
    pub(super) n: u64,
}

impl View for Stall {
    type Key = StallId;
    type Event = Sold;

    fn new(_: &StallId) -> Self {
        Stall::default()
    }

    fn apply(&mut self, _: &Sold, _: Timestamp) {
        self.sold += 1;
    }
}

impl View for Depot {
    type Key = DepotId;
    type Event = Packed;

    fn new(_: &DepotId) -> Self {
        Depot::default()
    }

    fn apply(&mut self, _: &Packed, _: Timestamp) {
        self.packed += 1;
    }
}

impl View for Door {
    type Key = DoorId;
    type Event = Opened;

    fn new(_: &DoorId) -> Self {
        Door
    }

    fn apply(&mut self, _: &Opened, _: Timestamp) {}
}

impl Aggregate for Stall {
    const NAME: &'static str = "Stall";
}

impl Aggregate for Depot {
    const NAME: &'static str = "Depot";
}

impl Aggregate for Door {
    const NAME: &'static str = "Door";
}

#[commands]
impl Stall {
    fn sell(&self, sell: &Sell, ctx: &mut Context<Sold>) -> Result<u64, Infallible> {
        ctx.emit(Sold { n: sell.n, from: sell.from.clone() });
        Ok(self.sold + 1)
    }
}

#[commands]
impl Depot {
    fn pack(&self, pack: &Pack, ctx: &mut Context<Packed>) -> Result<u64, Infallible> {
        ctx.emit(Packed { n: pack.n });
        Ok(self.packed + 1)
    }
}

/// What was sold is packed.
pub(super) struct Packing {
    /// News from this depot are too much for it.
    pub(super) panics_at: Option<DepotId>,
}

impl Policy for Packing {
    const NAME: &'static str = "packing";
    const LANE: Lane = Lane::of::<StallId>();
    const START: Start = Start::Beginning;
    type Event = Sold;
    type Views = ();

    fn keys(&self, _: &News<Sold>) {}

    fn react(&self, news: &News<Sold>, _: (), out: &mut Commands) -> Result<(), GiveUp> {
        let Sold { n, from } = &news.event;
        assert!(self.panics_at.as_ref() != Some(from), "it is broken");
        out.to::<Depot>(from).send(Pack { n: *n });
        Ok(())
    }
}

/// Another policy, which is broken for all.
pub(super) struct Auditing;

impl Policy for Auditing {
    const NAME: &'static str = "auditing";
    const LANE: Lane = Lane::of::<StallId>();
    const START: Start = Start::Beginning;
    type Event = Sold;
    type Views = ();

    fn keys(&self, _: &News<Sold>) {}

    fn react(&self, _: &News<Sold>, _: (), _: &mut Commands) -> Result<(), GiveUp> {
        panic!("it is broken")
    }
}

/// The `n`th ID of a kind.
pub(super) fn numbered<I: Id>(n: usize) -> I {
    match format!("{n:05}").parse() {
        Ok(id) => id,
        Err(_) => panic!("a number is an ID"),
    }
}
