//! What happens to the fulfilment of an order.

use bailiwick_core::Event;
use serde::{Deserialize, Serialize};

use crate::orders::{ParcelId, WarehouseId};

/// What happened to the fulfilment of an order.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FulfilmentEvent {
    /// It was told from where the order comes.
    DeliveryPlanned {
        /// As of which change of the order.
        revision: u64,
        /// Whether the order is packed, so that this is the last plan.
        last: bool,
    },
    /// A parcel is needed.
    ParcelRequested {
        /// Which.
        parcel: ParcelId,
        /// From where.
        warehouse: WarehouseId,
    },
    /// A parcel is not needed any more.
    ParcelCalledOff {
        /// Which.
        parcel: ParcelId,
    },
    /// It was told that a parcel has arrived.
    ParcelConfirmed {
        /// Which.
        parcel: ParcelId,
    },
    /// It was told that a parcel was cancelled which it needs.
    ParcelLost {
        /// Which.
        parcel: ParcelId,
    },
    /// All parcels that are needed have arrived, and there will be no others.
    DeliveryDone,
    /// What was received went back: nothing is needed any more.
    DeliveryCalledOff,
}
