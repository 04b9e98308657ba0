//! What happens to an order, and how far it comes.

use bailiwick_core::{Event, RoundTrip};
use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::orders::{CustomerId, ProductId, WarehouseId};

/// What is ordered, and from where it comes.
///
/// Whoever adds it knows in which warehouse the product is: the order does not ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, RoundTrip)]
pub struct Position {
    /// What.
    pub product: ProductId,
    /// From where.
    pub warehouse: WarehouseId,
    /// What one of it costs.
    pub unit_price: Money,
    /// How many.
    pub quantity: u32,
}

/// What happened to an order.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum OrderEvent {
    /// Somebody orders.
    OrderOpened {
        /// Who.
        #[tag]
        customer: CustomerId,
    },
    /// A position was added.
    PositionAdded {
        /// Its number, which no other position of the order ever has.
        number: u32,
        /// What it is.
        position: Position,
    },
    /// A position was removed.
    PositionRemoved {
        /// Which.
        number: u32,
    },
    /// The order was told what its payment has received in all.
    ReceiptNoted {
        /// How much.
        received: Money,
    },
    /// The order was told that a parcel is being filled: it is packed.
    FillingNoted,
    /// The order was told that all of its parcels have arrived.
    ArrivalNoted,
    /// The order was told that what was received went back.
    RefundNoted,
    /// Enough of its value was received.
    OrderPaid,
    /// Its first parcel is being filled.
    OrderInDelivery,
    /// All of its parcels have arrived.
    OrderCompleted,
}

/// How far an order has come. It never goes backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Less than 99 % of its value were received so far.
    Unpaid,
    /// That much was.
    Paid,
    /// A parcel is being filled, or was.
    InDelivery,
    /// All parcels have arrived.
    Completed,
}
