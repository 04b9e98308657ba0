//! Fulfilment, a process manager: which parcels an order needs, and when all of them have arrived.
//!
//! A process manager is an aggregate like any other. What it has asked for is in its own events, so it asks
//! once, and a [policy](super::Dispatch) sends it.

mod commands;
mod events;

use std::collections::BTreeMap;

use bailiwick_core::{Aggregate, Timestamp, View};

pub use commands::{CallOff, NoteArrived, NoteCancelled, Plan};
pub use events::FulfilmentEvent;
use events::FulfilmentEvent::*;

use super::{OrderId, ParcelId, WarehouseId};

/// What is known of a parcel that was asked for.
#[derive(Debug, Clone, PartialEq)]
struct Requested {
    warehouse: WarehouseId,
    /// It was not called off, and not lost.
    needed: bool,
    arrived: bool,
}

/// Brings a paid order to the customer: one parcel from each of its warehouses.
///
/// - **The set of parcels is known when the order is packed**, and not before: until then positions are
///   added and removed, and parcels with them. So parcels that have arrived do not complete an order while
///   others may follow. The last [`Plan`] says that it is the last.
/// - **Plans come in the order of the order's changes**, or are old and change nothing: each says as of which
///   change it was made.
/// - **A refund calls all parcels off** that have not arrived, for good: also if it is told before the first
///   plan. Those that were sent cannot be cancelled; the parcel says no, that is recorded, and it arrives.
///   The order is not completed by that.
/// - **What was called off and comes nevertheless** is confirmed, and nobody waits for it. Only the parcels
///   that are needed make an order complete.
/// - **A parcel that a warehouse cancels by itself** is still needed: another one is asked for.
/// - **A parcel has a number of its own**, and one that replaces it another: what was said about one cannot be
///   taken for the other, however late it is told.
#[derive(Debug, Clone)]
pub struct Fulfilment {
    order: OrderId,
    revision: u64,
    /// No other plan comes.
    planned: bool,
    called_off: bool,
    done: bool,
    /// By the numbers of the parcels.
    parcels: BTreeMap<u32, Requested>,
}

impl Fulfilment {
    /// The parcels that are needed, with their warehouses.
    pub fn needed(&self) -> impl Iterator<Item = (ParcelId, &WarehouseId)> {
        let needed = self.parcels.iter().filter(|(_, parcel)| parcel.needed);
        needed.map(|(number, parcel)| (ParcelId::of(&self.order, *number), &parcel.warehouse))
    }

    /// Whether all of them have arrived, and there will be no others.
    pub fn done(&self) -> bool {
        self.done
    }

    /// Whether it was called off.
    pub fn called_off(&self) -> bool {
        self.called_off
    }

    /// Whether there is nothing left to wait for.
    fn complete(&self) -> bool {
        let mut needed = self.parcels.values().filter(|parcel| parcel.needed).peekable();
        let open = !self.called_off && !self.done;
        open && self.planned && needed.peek().is_some() && needed.all(|parcel| parcel.arrived)
    }

    fn parcel(&mut self, id: &ParcelId) -> Option<&mut Requested> {
        self.parcels.get_mut(&id.inner().number)
    }
}

impl View for Fulfilment {
    type Key = OrderId;
    type Event = FulfilmentEvent;

    fn new(order: &OrderId) -> Self {
        Fulfilment {
            order: order.clone(),
            revision: 0,
            planned: false,
            called_off: false,
            done: false,
            parcels: BTreeMap::new(),
        }
    }

    fn apply(&mut self, event: &FulfilmentEvent, _at: Timestamp) {
        match event {
            DeliveryPlanned { revision, last } => {
                (self.revision, self.planned) = (*revision, self.planned || *last);
            }
            ParcelRequested { parcel, warehouse } => {
                let (warehouse, needed, arrived) = (warehouse.clone(), true, false);
                let requested = Requested { warehouse, needed, arrived };
                self.parcels.insert(parcel.inner().number, requested);
            }
            ParcelCalledOff { parcel } | ParcelLost { parcel } => {
                self.parcel(parcel).into_iter().for_each(|parcel| parcel.needed = false);
            }
            ParcelConfirmed { parcel } => {
                self.parcel(parcel).into_iter().for_each(|parcel| parcel.arrived = true);
            }
            DeliveryDone => self.done = true,
            DeliveryCalledOff => self.called_off = true,
        }
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Aggregate for Fulfilment {
    const NAME: &'static str = "fulfilment";
}
