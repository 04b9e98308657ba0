//! Orders, payments and parcels, folded from events alone, and the rules between them.

use std::collections::BTreeMap;
use std::time::Duration;

use bailiwick::journal::RecordedEvent;
use bailiwick::{BoxError, Timestamp};
use bailiwick_examples::orders::{
    CustomerId, OrderEvent, OrderId, ParcelEvent, ParcelId, PaymentEvent,
};

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Limits,
    Paid,
    Forward,
    Arrived,
    CountedOnce,
    Refunded,
}

/// What the journal says about all of them.
#[derive(Debug, Default)]
pub struct Orders {
    /// By name.
    pub orders: BTreeMap<OrderId, Order>,
    parcels: BTreeMap<ParcelId, Parcel>,
    /// How often each rule was judged.
    pub judged: BTreeMap<Rule, usize>,
    /// How many items and cents an order had at most.
    pub most: (u64, u64),
    /// Of which part of its value an order was paid at least, in thousandths.
    pub least_paid: Option<u64>,
    /// How long after a refund a parcel was cancelled, at most.
    pub latest: Duration,
}

/// One order, and what belongs to it.
#[derive(Debug, Default)]
pub struct Order {
    pub customer: Option<CustomerId>,
    positions: BTreeMap<u32, (u64, u64)>,
    /// 0 to 3: unpaid, paid, in delivery, complete.
    pub status: u32,
    pub received: u64,
    transfers: BTreeMap<String, u64>,
    pub refunded: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Parcel {
    Open,
    Sent,
    Arrived,
    Cancelled,
}

impl Order {
    fn items(&self) -> u64 {
        self.positions.values().map(|(quantity, _)| quantity).sum()
    }

    /// In cents.
    pub fn value(&self) -> u64 {
        self.positions.values().map(|(quantity, cents)| quantity * cents).sum()
    }
}

impl Orders {
    fn judge(&mut self, rule: Rule, holds: bool, what: &str) -> Result<(), BoxError> {
        *self.judged.entry(rule).or_default() += 1;
        if holds { Ok(()) } else { Err(what.into()) }
    }

    /// Something happened.
    pub fn fold(&mut self, recorded: &RecordedEvent) -> Result<(), BoxError> {
        let (event, at) = (&recorded.event, recorded.event.recorded_at);
        let is = |types: &[bailiwick::EventDescriptor]| {
            types.iter().any(|known| event.event_type.as_str() == known.name)
        };
        if is(<OrderEvent as bailiwick::Event>::TYPES) {
            let event = event.decode()?.ok_or("it is of no type any more")?;
            return self.order(recorded.id()?, &event);
        }
        if is(<PaymentEvent as bailiwick::Event>::TYPES) {
            let event = event.decode()?.ok_or("it is of no type any more")?;
            return self.payment(recorded.id()?, &event, at);
        }
        if is(<ParcelEvent as bailiwick::Event>::TYPES) {
            let event = event.decode()?.ok_or("it is of no type any more")?;
            return self.parcel(recorded.id()?, &event, at);
        }
        Ok(())
    }

    fn order(&mut self, id: OrderId, event: &OrderEvent) -> Result<(), BoxError> {
        let order = self.orders.entry(id.clone()).or_default();
        let step = match event {
            OrderEvent::OrderOpened { customer } => {
                order.customer = Some(customer.clone());
                return Ok(());
            }
            OrderEvent::PositionAdded { number, position } => {
                let (quantity, cents) = (u64::from(position.quantity), position.unit_price.minor);
                order.positions.insert(*number, (quantity, cents));
                let (items, value) = (order.items(), order.value());
                self.most = (self.most.0.max(items), self.most.1.max(value));
                let within = items <= 100 && value <= 5_000_00;
                return self.judge(Rule::Limits, within, "it is beyond its limits");
            }
            OrderEvent::PositionRemoved { number } => {
                order.positions.remove(number).ok_or("there is no such position")?;
                return Ok(());
            }
            OrderEvent::OrderPaid => 1,
            OrderEvent::OrderInDelivery => 2,
            OrderEvent::OrderCompleted => 3,
            OrderEvent::ReceiptNoted { .. }
            | OrderEvent::FillingNoted
            | OrderEvent::ArrivalNoted
            | OrderEvent::RefundNoted => return Ok(()),
        };
        let (before, received, value) = (order.status, order.received, order.value());
        order.status = step;
        self.judge(Rule::Forward, step == before + 1, "its status does not go one step forward")?;
        match step {
            1 => {
                let part = 1_000 * received / value.max(1);
                self.least_paid = Some(self.least_paid.map_or(part, |least| least.min(part)));
                let enough = value > 0 && 100 * received >= 99 * value;
                self.judge(Rule::Paid, enough, "less than 99 % were received")
            }
            3 => {
                let mut its = self.parcels.iter().filter(|(parcel, _)| *parcel.order() == id);
                let arrived = its.all(|(_, parcel)| *parcel >= Parcel::Arrived);
                self.judge(Rule::Arrived, arrived, "not all of its parcels have arrived")
            }
            _ => Ok(()),
        }
    }

    fn payment(
        &mut self,
        id: OrderId,
        event: &PaymentEvent,
        at: Timestamp,
    ) -> Result<(), BoxError> {
        let order = self.orders.entry(id).or_default();
        match event {
            PaymentEvent::PaymentReceived { transfer, amount, total } => {
                let known = order.transfers.insert(transfer.to_string(), amount.minor);
                order.received += amount.minor;
                let once = known.is_none() && order.received == total.minor;
                self.judge(Rule::CountedOnce, once, "a transfer counts twice, or does not add up")
            }
            PaymentEvent::PaymentReturned { .. } => {
                let refunded = order.refunded.is_some();
                self.judge(Rule::Refunded, refunded, "money goes back for no reason")
            }
            PaymentEvent::PaymentRefunded { .. } => {
                order.refunded = Some(at);
                Ok(())
            }
        }
    }

    fn parcel(&mut self, id: ParcelId, event: &ParcelEvent, at: Timestamp) -> Result<(), BoxError> {
        let now = match event {
            ParcelEvent::ParcelOpened { .. } | ParcelEvent::ParcelFilled { .. } => Parcel::Open,
            ParcelEvent::ParcelSent { .. } => Parcel::Sent,
            ParcelEvent::ParcelArrived { .. } => Parcel::Arrived,
            ParcelEvent::ParcelCancelled { .. } => Parcel::Cancelled,
        };
        let before = self.parcels.insert(id.clone(), now).unwrap_or(Parcel::Open);
        let refunded = self.orders.get(id.order()).and_then(|order| order.refunded);
        if let (Parcel::Cancelled, Some(since)) = (now, refunded) {
            self.latest = self.latest.max(at.since(since));
            return self.judge(Rule::Refunded, before == Parcel::Open, "it was sent before");
        }
        Ok(())
    }

    /// Nothing that was not sent is left of an order that was refunded.
    pub fn in_the_end(&mut self) -> Result<(), String> {
        for (id, parcel) in &self.parcels {
            let refunded =
                self.orders.get(id.order()).is_some_and(|order| order.refunded.is_some());
            if refunded && *parcel == Parcel::Open {
                return Err(format!("the parcel {id} was never cancelled"));
            }
        }
        Ok(())
    }
}
