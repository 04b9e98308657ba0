//! An order: what is ordered, within its limits, and how far it has come.

mod commands;
mod events;

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_core::{Aggregate, Timestamp, View};

pub use commands::{
    AddPosition, NoteArrival, NoteFilling, NoteReceived, NoteRefund, OpenOrder, RemovePosition,
};
use events::OrderEvent::*;
pub use events::{OrderEvent, Position, Status};

use super::{CustomerId, OrderId, WarehouseId};
use crate::money::Money;

/// How many items an order has at most, in all its positions.
pub const MAX_ITEMS: u64 = 100;
/// How much it is worth at most.
pub const MAX_VALUE: Money = Money::cents(500_000);
/// An order is paid once so many percent of its value were received.
pub const PAID_PERCENT: u128 = 99;

/// An order.
///
/// It remembers what it was told by policies: the most that was received, that something is being filled,
/// that all has arrived, that the money went back. What it was told only grows, and the status moves on,
/// step by step, as far as all of that allows. So it ends as the same in whatever order it was told,
/// however often.
///
/// - **A refund ends it.** The status stays what it is when the order is told, and does not move on any
///   more: parcels that were sent before may still arrive, but nobody calls that a completed order.
/// - **A paid order stays covered.** A position that what was received does not cover is refused once the
///   order is paid: the money has to come first.
/// - **What is worth nothing is not paid.** An order that is emptied before it is paid does not become paid
///   by that, though 99 % of nothing were received. If it is emptied after that, its parcels are cancelled,
///   it never completes, and the money waits for somebody to refund it.
/// - **What is received beyond the value** is [shown](Order::overpaid), and stays with the payment: to give it
///   back, or to add a position for it, is up to people.
/// - **It is packed** as soon as it knows of a parcel that is being filled: what is added or removed after
///   that would not be in it. What is removed just before that, while the warehouse has begun already,
///   is removed; if nothing else comes from there its parcel is cancelled, unless that was sent.
#[derive(Debug, Clone)]
pub struct Order {
    customer: Option<CustomerId>,
    positions: BTreeMap<u32, Position>,
    /// The highest number that a position has had.
    last: u32,
    received: u64,
    filling: bool,
    arrived: bool,
    refunded: bool,
    status: Status,
}

impl Order {
    /// Who has ordered; none before it is opened.
    pub fn customer(&self) -> Option<&CustomerId> {
        self.customer.as_ref()
    }

    /// The positions, by their numbers.
    pub fn positions(&self) -> &BTreeMap<u32, Position> {
        &self.positions
    }

    /// How many items there are in all positions.
    pub fn items(&self) -> u64 {
        self.positions.values().map(|position| u64::from(position.quantity)).sum()
    }

    /// What all positions cost.
    pub fn value(&self) -> Money {
        let each = |position: &Position| position.unit_price.minor * u64::from(position.quantity);
        Money::cents(self.positions.values().map(each).sum())
    }

    /// What it knows to have been received.
    pub fn received(&self) -> Money {
        Money::cents(self.received)
    }

    /// What was received beyond its value, as far as it knows, unless all of it went back.
    pub fn overpaid(&self) -> Money {
        let over = self.received.saturating_sub(self.value().minor);
        Money::cents(if self.refunded { 0 } else { over })
    }

    /// From where its positions come.
    pub fn warehouses(&self) -> BTreeSet<WarehouseId> {
        self.positions.values().map(|position| position.warehouse.clone()).collect()
    }

    /// How far it has come.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether its positions stay as they are.
    pub fn packed(&self) -> bool {
        self.filling || self.arrived
    }

    /// Whether the money went back.
    pub fn refunded(&self) -> bool {
        self.refunded
    }

    /// Whether what was received covers so much. Nothing is covered by nothing.
    fn covers(&self, value: u64) -> bool {
        value > 0 && u128::from(self.received) * 100 >= u128::from(value) * PAID_PERCENT
    }

    /// What follows next from all that it knows.
    fn next_step(&self) -> Option<OrderEvent> {
        match self.status {
            _ if self.refunded => None,
            Status::Unpaid => self.covers(self.value().minor).then_some(OrderPaid),
            Status::Paid => self.packed().then_some(OrderInDelivery),
            Status::InDelivery => self.arrived.then_some(OrderCompleted),
            Status::Completed => None,
        }
    }
}

impl View for Order {
    type Key = OrderId;
    type Event = OrderEvent;

    fn new(_: &OrderId) -> Self {
        Order {
            customer: None,
            positions: BTreeMap::new(),
            last: 0,
            received: 0,
            filling: false,
            arrived: false,
            refunded: false,
            status: Status::Unpaid,
        }
    }

    fn apply(&mut self, event: &OrderEvent, _at: Timestamp) {
        match event {
            OrderOpened { customer } => self.customer = Some(customer.clone()),
            PositionAdded { number, position } => {
                self.positions.insert(*number, position.clone());
                self.last = *number;
            }
            PositionRemoved { number } => drop(self.positions.remove(number)),
            ReceiptNoted { received } => self.received = received.minor,
            FillingNoted => self.filling = true,
            ArrivalNoted => self.arrived = true,
            RefundNoted => self.refunded = true,
            OrderPaid => self.status = Status::Paid,
            OrderInDelivery => self.status = Status::InDelivery,
            OrderCompleted => self.status = Status::Completed,
        }
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Aggregate for Order {
    const NAME: &'static str = "order";
}
