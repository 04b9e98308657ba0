//! What a fulfilment is told by policies, and what it asks for then.

use std::collections::BTreeSet;
use std::convert::Infallible;

use bailiwick_core::{Context, commands};
use serde::{Deserialize, Serialize};

use super::Fulfilment;
use super::events::FulfilmentEvent::{self, *};
use crate::orders::ahead::Ahead;
use crate::orders::{NoteRefused, ParcelId, WarehouseId};

/// Says from where the order comes now. A plan that is not newer than the one that holds changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// As of which change of the order: the higher the later.
    pub revision: u64,
    /// From where.
    pub warehouses: BTreeSet<WarehouseId>,
    /// Whether the order is packed, so that no other plan comes.
    pub last: bool,
}

/// What was received went back. Once is enough: then nothing happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallOff;

/// A parcel has arrived. Only the first time something happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteArrived {
    /// Which.
    pub parcel: ParcelId,
}

/// A parcel was cancelled, be it that it was called off or that a warehouse did so by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteCancelled {
    /// Which.
    pub parcel: ParcelId,
}

type Ctx = Context<FulfilmentEvent>;

#[commands]
impl Fulfilment {
    fn plan(&self, plan: &Plan, ctx: &mut Ctx) -> Result<(), Infallible> {
        if self.called_off || self.planned || plan.revision <= self.revision {
            return Ok(());
        }
        let mut ahead = Ahead::of(self.clone(), ctx);
        ahead.emit(DeliveryPlanned { revision: plan.revision, last: plan.last });
        // What has arrived is with the customer, whether or not it is in the plan.
        let open = self.parcels.iter().filter(|(_, parcel)| parcel.needed && !parcel.arrived);
        for (number, parcel) in open {
            if !plan.warehouses.contains(&parcel.warehouse) {
                let parcel = ParcelId::of(&self.order, *number);
                ahead.emit(ParcelCalledOff { parcel });
            }
        }
        for warehouse in &plan.warehouses {
            if self.needed().all(|(_, there)| there != warehouse) {
                ahead.requests(warehouse);
            }
        }
        ahead.completes();
        Ok(())
    }

    fn call_off(&self, _: &CallOff, ctx: &mut Ctx) -> Result<(), Infallible> {
        if self.called_off {
            return Ok(());
        }
        ctx.emit(DeliveryCalledOff);
        for (number, parcel) in &self.parcels {
            if parcel.needed && !parcel.arrived {
                ctx.emit(ParcelCalledOff { parcel: ParcelId::of(&self.order, *number) });
            }
        }
        Ok(())
    }

    fn note_arrived(&self, note: &NoteArrived, ctx: &mut Ctx) -> Result<(), NoteRefused> {
        let parcel = note.parcel.clone();
        if !self.known(&parcel)?.arrived {
            let mut ahead = Ahead::of(self.clone(), ctx);
            ahead.emit(ParcelConfirmed { parcel });
            ahead.completes();
        }
        Ok(())
    }

    fn note_cancelled(&self, note: &NoteCancelled, ctx: &mut Ctx) -> Result<(), NoteRefused> {
        let parcel = note.parcel.clone();
        let known = self.known(&parcel)?;
        if known.needed && !known.arrived {
            let mut ahead = Ahead::of(self.clone(), ctx);
            ahead.emit(ParcelLost { parcel });
            ahead.requests(&known.warehouse);
        }
        Ok(())
    }
}

impl Fulfilment {
    fn known(&self, parcel: &ParcelId) -> Result<&super::Requested, NoteRefused> {
        let its =
            self.parcels.get(&parcel.inner().number).filter(|_| *parcel.order() == self.order);
        its.ok_or_else(|| NoteRefused::UnknownParcel(parcel.clone()))
    }
}

impl Ahead<'_, Fulfilment> {
    fn requests(&mut self, warehouse: &WarehouseId) {
        let last = self.state.parcels.last_key_value().map_or(0, |(number, _)| *number);
        let parcel = ParcelId::of(&self.state.order, last + 1);
        self.emit(ParcelRequested { parcel, warehouse: warehouse.clone() });
    }

    fn completes(&mut self) {
        if self.state.complete() {
            self.emit(DeliveryDone);
        }
    }
}
