//! A parcel: from the warehouse to the customer.

use std::convert::Infallible;

use bailiwick_core::{Aggregate, Context, Event, Timestamp, View, commands, require};
use serde::{Deserialize, Serialize};

use super::ParcelEvent::*;
use super::ahead::Ahead;
use super::{CancelRefused, OrderId, ParcelId, ParcelRefused, WarehouseId};

/// What happened to a parcel.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ParcelEvent {
    /// A warehouse has it, still empty.
    ParcelOpened {
        /// Of which order.
        #[tag]
        order: OrderId,
        /// Where.
        warehouse: WarehouseId,
    },
    /// It is being filled.
    ParcelFilled {
        /// Of which order.
        #[tag]
        order: OrderId,
    },
    /// It was sent.
    ParcelSent {
        /// Of which order.
        #[tag]
        order: OrderId,
    },
    /// The customer has it.
    ParcelArrived {
        /// Of which order.
        #[tag]
        order: OrderId,
    },
    /// It is not to be sent. What was in it goes back onto the shelves.
    ParcelCancelled {
        /// Of which order.
        #[tag]
        order: OrderId,
    },
}

/// How far a parcel has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParcelStatus {
    /// Nobody has asked for it.
    NotOpened,
    /// It is empty.
    Opened,
    /// It is being filled, or is full.
    Filled,
    /// It is on its way.
    Sent,
    /// The customer has it.
    Arrived,
    /// It is not to be sent.
    Cancelled,
}

/// A parcel of an order, in one warehouse.
///
/// What happens to it is scanned, and scans may be late: what implies that something else has happened
/// before says so first. A parcel that arrives without having been filled or sent was filled and sent, and
/// whoever follows it hears of that in order. The scan that comes late changes nothing.
///
/// It can be cancelled until it was sent. After that nobody can call it back.
#[derive(Debug, Clone)]
pub struct Parcel {
    order: OrderId,
    warehouse: Option<WarehouseId>,
    status: ParcelStatus,
}

impl Parcel {
    /// How far it has come.
    pub fn status(&self) -> ParcelStatus {
        self.status
    }

    /// Where it is packed; none before it is opened.
    pub fn warehouse(&self) -> Option<&WarehouseId> {
        self.warehouse.as_ref()
    }

    /// Emits what has to have happened for it to be so far.
    fn comes_to(&self, goal: ParcelStatus, ctx: &mut Ctx) -> Result<(), ParcelRefused> {
        require(self.status != ParcelStatus::NotOpened, ParcelRefused::NotOpened)?;
        // The scan may be right: then it was sent before it was cancelled, and somebody has to look for it.
        require(self.status != ParcelStatus::Cancelled, ParcelRefused::Cancelled)?;
        let mut ahead = Ahead::of(self.clone(), ctx);
        while ahead.state.status < goal {
            let order = self.order.clone();
            ahead.emit(match ahead.state.status {
                ParcelStatus::Opened => ParcelFilled { order },
                ParcelStatus::Filled => ParcelSent { order },
                _ => ParcelArrived { order },
            });
        }
        Ok(())
    }
}

impl View for Parcel {
    type Key = ParcelId;
    type Event = ParcelEvent;

    fn new(id: &ParcelId) -> Self {
        let order = id.order().clone();
        Parcel { order, warehouse: None, status: ParcelStatus::NotOpened }
    }

    fn apply(&mut self, event: &ParcelEvent, _at: Timestamp) {
        self.status = match event {
            ParcelOpened { warehouse, .. } => {
                self.warehouse = Some(warehouse.clone());
                ParcelStatus::Opened
            }
            ParcelFilled { .. } => ParcelStatus::Filled,
            ParcelSent { .. } => ParcelStatus::Sent,
            ParcelArrived { .. } => ParcelStatus::Arrived,
            ParcelCancelled { .. } => ParcelStatus::Cancelled,
        };
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Aggregate for Parcel {
    const NAME: &'static str = "parcel";
}

/// Asks a warehouse for it. Only the first time something happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenParcel {
    /// Which.
    pub warehouse: WarehouseId,
}

/// It is being filled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FillParcel;

/// It was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SendParcel;

/// The customer has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliverParcel;

/// It is not to be sent. If it was cancelled already, nothing happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CancelParcel;

type Ctx = Context<ParcelEvent>;

#[commands]
impl Parcel {
    fn open(&self, command: &OpenParcel, ctx: &mut Ctx) -> Result<(), Infallible> {
        if self.status == ParcelStatus::NotOpened {
            let (order, warehouse) = (self.order.clone(), command.warehouse.clone());
            ctx.emit(ParcelOpened { order, warehouse });
        }
        Ok(())
    }

    fn fill(&self, _: &FillParcel, ctx: &mut Ctx) -> Result<(), ParcelRefused> {
        self.comes_to(ParcelStatus::Filled, ctx)
    }

    fn send(&self, _: &SendParcel, ctx: &mut Ctx) -> Result<(), ParcelRefused> {
        self.comes_to(ParcelStatus::Sent, ctx)
    }

    fn deliver(&self, _: &DeliverParcel, ctx: &mut Ctx) -> Result<(), ParcelRefused> {
        self.comes_to(ParcelStatus::Arrived, ctx)
    }

    fn cancel(&self, _: &CancelParcel, ctx: &mut Ctx) -> Result<(), CancelRefused> {
        match self.status {
            ParcelStatus::NotOpened => Err(CancelRefused::NotOpened),
            ParcelStatus::Opened | ParcelStatus::Filled => {
                ctx.emit(ParcelCancelled { order: self.order.clone() });
                Ok(())
            }
            ParcelStatus::Sent | ParcelStatus::Arrived => Err(CancelRefused::AlreadySent),
            ParcelStatus::Cancelled => Ok(()),
        }
    }
}
