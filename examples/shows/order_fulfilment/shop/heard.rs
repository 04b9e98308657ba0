//! What is known of the journal so far: orders and parcels, and what became of deliveries.

use std::collections::BTreeMap;

use bailiwick::journal::RecordedEvent;
use bailiwick::policy::{DeliveryEnded, Ending};
use bailiwick::{BoxError, Event, Position, View};
use bailiwick_examples::orders::{
    FulfilmentEvent, Order, OrderEvent, OrderId, Parcel, ParcelEvent, ParcelId, ParcelStatus,
    PaymentEvent, Status,
};
use serde::{Deserialize, Serialize};

/// What happens at the shop.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ShopEvent {
    Order(OrderEvent),
    Payment(PaymentEvent),
    Parcel(ParcelEvent),
    Fulfilment(FulfilmentEvent),
}

/// What is known of the journal.
#[derive(Default)]
pub struct Heard {
    pub upto: Position,
    pub orders: BTreeMap<OrderId, Order>,
    pub parcels: BTreeMap<ParcelId, Parcel>,
    /// What every position was ever of.
    pub products: BTreeMap<(OrderId, u32), String>,
    /// How many commands of policies were refused.
    pub refused: usize,
    /// How often a customer was told something, and that is on record.
    pub told: usize,
    /// How often that was given up.
    pub given_up: usize,
}

impl Heard {
    pub fn status(&self, order: &OrderId) -> Status {
        self.orders.get(order).map_or(Status::Unpaid, Order::status)
    }

    pub fn parcel(&self, parcel: &ParcelId) -> ParcelStatus {
        self.parcels.get(parcel).map_or(ParcelStatus::NotOpened, Parcel::status)
    }

    pub fn note(&mut self, event: &ShopEvent, recorded: &RecordedEvent) -> Result<(), BoxError> {
        let at = recorded.event.recorded_at;
        match event {
            ShopEvent::Order(event) => {
                let id: OrderId = recorded.id()?;
                if let OrderEvent::PositionAdded { number, position } = event {
                    self.products.insert((id.clone(), *number), position.product.to_string());
                }
                self.orders.entry(id.clone()).or_insert_with(|| Order::new(&id)).apply(event, at);
            }
            ShopEvent::Parcel(event) => {
                let id: ParcelId = recorded.id()?;
                let parcel = self.parcels.entry(id.clone()).or_insert_with(|| Parcel::new(&id));
                parcel.apply(event, at);
            }
            ShopEvent::Payment(_) | ShopEvent::Fulfilment(_) => {}
        }
        Ok(())
    }

    pub fn note_ended(&mut self, ended: &DeliveryEnded) {
        match ended.how {
            Ending::Rejected => self.refused += 1,
            Ending::Performed => self.told += 1,
            Ending::GaveUp => self.given_up += 1,
            _ => {}
        }
    }
}
