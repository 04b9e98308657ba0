//! What can be asked of an order, and what it is told by policies.

use std::convert::Infallible;

use bailiwick_core::{Context, commands, require};
use serde::{Deserialize, Serialize};

use super::events::OrderEvent::{self, *};
use super::{MAX_ITEMS, MAX_VALUE, Order, Position, Status};
use crate::money::{Amount, Money, OtherCurrency};
use crate::orders::ahead::Ahead;
use crate::orders::{AddRefused, CustomerId, OpenRefused, ProductId, RemoveRefused, WarehouseId};

type Ctx = Context<OrderEvent>;

/// Opens an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// For whom.
    pub customer: CustomerId,
}

/// Adds a position, and replies with its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddPosition {
    /// What.
    pub product: ProductId,
    /// From where.
    pub warehouse: WarehouseId,
    /// What one of it costs.
    pub unit_price: Amount,
    /// How many.
    pub quantity: u32,
}

/// Removes a position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovePosition {
    /// Which.
    pub number: u32,
}

/// Tells the order what its payment has received in all. Less than it knows already is old news, and nothing
/// happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteReceived {
    /// How much.
    pub received: Money,
}

/// Tells the order that a parcel is being filled. Only the first time something happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteFilling;

/// Tells the order that all of its parcels have arrived. Only the first time something happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteArrival;

/// Tells the order that what was received went back. Only the first time something happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteRefund;

#[commands]
impl Order {
    fn open(&self, command: &OpenOrder, ctx: &mut Ctx) -> Result<(), OpenRefused> {
        require(self.customer.is_none(), OpenRefused::AlreadyOpened)?;
        ctx.emit(OrderOpened { customer: command.customer.clone() });
        Ok(())
    }

    fn add(&self, command: &AddPosition, ctx: &mut Ctx) -> Result<u32, AddRefused> {
        require(self.customer.is_some(), AddRefused::NotOpened)?;
        require(!self.refunded, AddRefused::Refunded)?;
        require(!self.packed(), AddRefused::Packed)?;
        let position = self.checked(command)?;
        let number = self.last.checked_add(1).ok_or(AddRefused::Overflow)?;
        // Adding pays an order only if it was empty, and the money was there before.
        self.moves_on(PositionAdded { number, position }, ctx);
        Ok(number)
    }

    fn remove(&self, command: &RemovePosition, ctx: &mut Ctx) -> Result<(), RemoveRefused> {
        require(!self.refunded, RemoveRefused::Refunded)?;
        require(!self.packed(), RemoveRefused::Packed)?;
        let number = command.number;
        require(self.positions.contains_key(&number), RemoveRefused::NoSuchPosition)?;
        self.moves_on(PositionRemoved { number }, ctx);
        Ok(())
    }

    /// Also before the order is opened: money may be faster than people.
    fn note_received(&self, note: &NoteReceived, ctx: &mut Ctx) -> Result<(), OtherCurrency> {
        MAX_VALUE.check(note.received)?;
        if note.received.minor > self.received && !self.refunded {
            self.moves_on(ReceiptNoted { received: note.received }, ctx);
        }
        Ok(())
    }

    fn note_filling(&self, _: &NoteFilling, ctx: &mut Ctx) -> Result<(), Infallible> {
        if !self.filling {
            self.moves_on(FillingNoted, ctx);
        }
        Ok(())
    }

    fn note_arrival(&self, _: &NoteArrival, ctx: &mut Ctx) -> Result<(), Infallible> {
        if !self.arrived {
            self.moves_on(ArrivalNoted, ctx);
        }
        Ok(())
    }

    fn note_refund(&self, _: &NoteRefund, ctx: &mut Ctx) -> Result<(), Infallible> {
        if !self.refunded {
            ctx.emit(RefundNoted);
        }
        Ok(())
    }
}

impl Order {
    /// Emits this, and the steps that follow from it.
    fn moves_on(&self, event: OrderEvent, ctx: &mut Ctx) {
        let mut ahead = Ahead::of(self.clone(), ctx);
        ahead.emit(event);
        while let Some(step) = ahead.state.next_step() {
            ahead.emit(step);
        }
    }

    /// The position, if it is one, and the order has room for it.
    fn checked(&self, command: &AddPosition) -> Result<Position, AddRefused> {
        let AddPosition { product, warehouse, unit_price: Amount { minor, currency }, quantity } =
            command.clone();
        // A total of two currencies would be none.
        MAX_VALUE.check(Money { minor: 0, currency })?;
        let items = self.items() + u64::from(quantity);
        let limit = MAX_ITEMS;
        require(items <= limit, AddRefused::TooManyItems { limit, total: items })?;
        // Wide enough for whatever a price and a quantity can be.
        let value = i128::from(self.value().minor) + i128::from(minor) * i128::from(quantity);
        if value > i128::from(MAX_VALUE.minor) {
            let total = u64::try_from(value).map_err(|_| AddRefused::Overflow)?;
            let (limit, total) = (MAX_VALUE, Money::cents(total));
            return Err(AddRefused::TooMuchValue { limit, total });
        }
        require(quantity > 0, AddRefused::NoQuantity)?;
        let minor = u64::try_from(minor).map_err(|_| AddRefused::NegativePrice)?;
        let unit_price = Money { minor, currency };
        let total = self.value().minor + minor * u64::from(quantity);
        let covered = self.status == Status::Unpaid || self.covers(total) || minor == 0;
        let (received, total) = (self.received(), Money::cents(total));
        require(covered, AddRefused::NotCovered { received, total })?;
        Ok(Position { product, warehouse, unit_price, quantity })
    }
}
