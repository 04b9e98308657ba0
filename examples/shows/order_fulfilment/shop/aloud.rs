//! Whoever says aloud what happens: reads the journal in order.
//!
//! What is said is durable: it was read from the journal, after it was written. What was there before the
//! shop opened is known, but not said again.

use std::sync::Arc;

use bailiwick::Effect;
use bailiwick::journal::{Journal, Query, Read, RecordedEvent};
use bailiwick::policy::{DeliveryEnded, Ending};
use bailiwick::{BoxError, Position};
use bailiwick_examples::orders::{
    OrderEvent, OrderId, ParcelEvent, ParcelId, PaymentEvent, TellCustomer,
};
use tokio::sync::watch;

use super::cast::price;
use super::heard::{Heard, ShopEvent};
use super::mail::Mail;
use super::page::{Line, Page, Who, come};
use crate::failure::Failure;

/// Reads on, and says it.
pub struct Aloud {
    journal: Arc<dyn Journal>,
    heard: watch::Sender<Heard>,
    page: Page,
    aloud: bool,
}

impl Aloud {
    /// Reads what is there, silently.
    pub async fn read(
        journal: Arc<dyn Journal>,
        page: Page,
    ) -> Result<(Aloud, watch::Receiver<Heard>), Failure> {
        let (heard, hears) = watch::channel(Heard::default());
        let mut aloud = Aloud { journal, heard, page, aloud: false };
        aloud.catch_up().await.map_err(Failure::Other)?;
        aloud.aloud = true;
        Ok((aloud, hears))
    }

    /// Says whatever comes, as soon as it is there, until the journal is closed.
    pub async fn go_on(mut self) -> Result<(), BoxError> {
        loop {
            let upto = self.heard.borrow().upto;
            self.journal.changed(Query::all(), upto).await?;
            self.catch_up().await?;
        }
    }

    async fn catch_up(&mut self) -> Result<(), BoxError> {
        loop {
            let upto = self.heard.borrow().upto;
            let page = self.journal.read(Read::new(Query::all()).after(upto)).await?;
            for recorded in &page.events {
                match recorded.event.is_reserved() {
                    true => self.hears_of_delivery(recorded)?,
                    false => self.hears(recorded)?,
                }
                self.heard.send_modify(|heard| heard.upto = recorded.position);
            }
            self.heard.send_modify(|heard| heard.upto = page.upto);
            if !page.more {
                return Ok(());
            }
        }
    }

    /// How a delivery ended that caused no event.
    fn hears_of_delivery(&mut self, recorded: &RecordedEvent) -> Result<(), BoxError> {
        let Some(delivery) = &recorded.event.metadata.extra().delivery else { return Ok(()) };
        let Ok(Some(ended)) = recorded.event.decode::<DeliveryEnded>() else { return Ok(()) };
        if self.aloud {
            let reason = ended.reason.as_deref().unwrap_or_default();
            let tells = delivery.policy.as_str() == <TellCustomer<Mail> as Effect>::NAME;
            match ended.how {
                Ending::Rejected => {
                    let target = delivery.target.as_ref().and_then(|target| target.tag.clone());
                    let whom = target.map_or(String::new(), |tag| tag.value().to_owned());
                    let text = format!("by {whom}, since {reason}");
                    self.line(recorded, Who::Policy, ("refused", &text), "")?;
                }
                Ending::GaveUp => self.line(recorded, Who::Mail, ("gives up", reason), "")?,
                Ending::Performed if tells => {
                    self.line(recorded, Who::Mail, ("noted", "and is never sent again"), "")?;
                }
                _ => {}
            }
        }
        self.heard.send_modify(|heard| heard.note_ended(&ended));
        Ok(())
    }

    fn hears(&mut self, recorded: &RecordedEvent) -> Result<(), BoxError> {
        let Some(event) = recorded.event.decode::<ShopEvent>()? else { return Ok(()) };
        let mut noted = Ok(());
        self.heard.send_modify(|heard| noted = heard.note(&event, recorded));
        noted?;
        if !self.aloud {
            return Ok(());
        }
        match &event {
            ShopEvent::Order(event) => self.says_of_order(event, recorded),
            ShopEvent::Payment(event) => self.says_of_payment(event, recorded),
            ShopEvent::Parcel(event) => self.says_of_parcel(event, recorded),
            // What it asks for is said when it is done.
            ShopEvent::Fulfilment(_) => Ok(()),
        }
    }

    fn says_of_order(&self, event: &OrderEvent, recorded: &RecordedEvent) -> Result<(), BoxError> {
        let id: OrderId = recorded.id()?;
        let order = self.heard.borrow().orders[&id].clone();
        let customer = order.customer().map_or(String::new(), ToString::to_string);
        let (who, come) = (Who::Person(&customer), come(&id, &order));
        let (verb, text) = match event {
            OrderEvent::PositionAdded { position, .. } => {
                let (quantity, each) = (position.quantity, price(position.unit_price));
                ("orders", format!("{quantity} × {}, {each} each", position.product))
            }
            OrderEvent::PositionRemoved { number } => {
                let product = order_product(&self.heard.borrow(), &id, *number);
                ("removes", format!("the {product}: {} are left", price(order.value())))
            }
            OrderEvent::OrderPaid => {
                let (received, value) = (price(order.received()), price(order.value()));
                let text = format!("{id} is paid: {received} of {value}");
                return self.line(recorded, Who::Policy, ("says", &text), &come);
            }
            OrderEvent::OrderInDelivery => {
                let text = format!("{id} is in delivery, and packed");
                return self.line(recorded, Who::Policy, ("says", &text), &come);
            }
            OrderEvent::OrderCompleted => {
                let text = format!("{id} is complete");
                return self.line(recorded, Who::Policy, ("says", &text), &come);
            }
            OrderEvent::RefundNoted => {
                let text = format!("{id} is refunded, and goes no further");
                return self.line(recorded, Who::Policy, ("says", &text), &come);
            }
            OrderEvent::OrderOpened { .. }
            | OrderEvent::ReceiptNoted { .. }
            | OrderEvent::FillingNoted
            | OrderEvent::ArrivalNoted => return Ok(()),
        };
        self.line(recorded, who, (verb, &text), &come)
    }

    fn says_of_payment(
        &self,
        event: &PaymentEvent,
        recorded: &RecordedEvent,
    ) -> Result<(), BoxError> {
        let id: OrderId = recorded.id()?;
        let come = self.come(&id);
        match event {
            PaymentEvent::PaymentReceived { amount, total, .. } => {
                let text = format!("{} for {id}, {} in all", price(*amount), price(*total));
                self.line(recorded, Who::Bank, ("reports", &text), &come)
            }
            PaymentEvent::PaymentReturned { amount, .. } => {
                let text = format!("{} for {id}: it was refunded", price(*amount));
                self.line(recorded, Who::Bank, ("returns", &text), &come)
            }
            PaymentEvent::PaymentRefunded { amount } => {
                let text = format!("{id}: {} go back", price(*amount));
                self.line(recorded, Who::Office, ("refunds", &text), &come)
            }
        }
    }

    fn says_of_parcel(
        &self,
        event: &ParcelEvent,
        recorded: &RecordedEvent,
    ) -> Result<(), BoxError> {
        let id: ParcelId = recorded.id()?;
        let warehouse = self.heard.borrow().parcels[&id].warehouse().cloned();
        let warehouse = warehouse.map_or(String::new(), |warehouse| warehouse.to_string());
        let come = self.come(id.order());
        let (who, verb, text) = match event {
            ParcelEvent::ParcelOpened { .. } => {
                (Who::Policy, "opens", format!("parcel {id} in the {warehouse}"))
            }
            ParcelEvent::ParcelFilled { .. } => (Who::Place(&warehouse), "fills", id.to_string()),
            ParcelEvent::ParcelSent { .. } => (Who::Place(&warehouse), "sends", id.to_string()),
            ParcelEvent::ParcelArrived { .. } => (Who::Place("postman"), "brings", id.to_string()),
            ParcelEvent::ParcelCancelled { .. } => {
                (Who::Policy, "cancels", format!("parcel {id} in the {warehouse}"))
            }
        };
        self.line(recorded, who, (verb, &text), &come)
    }

    fn come(&self, id: &OrderId) -> String {
        self.heard.borrow().orders.get(id).map_or(String::new(), |order| come(id, order))
    }

    fn line(
        &self,
        recorded: &RecordedEvent,
        who: Who<'_>,
        (verb, text): (&str, &str),
        order: &str,
    ) -> Result<(), BoxError> {
        let (at, position) = (recorded.event.recorded_at, Some(recorded.position));
        Ok(self.page.line(&Line { at, who, verb, text, position, order })?)
    }
}

fn order_product(heard: &Heard, order: &OrderId, number: u32) -> String {
    heard.products.get(&(order.clone(), number)).cloned().unwrap_or_default()
}

/// Where the news of a key is in the journal, by its last part.
pub fn position_of(key: &str) -> Position {
    let position = key.rsplit('/').next().and_then(|position| position.parse().ok());
    Position::new(position.unwrap_or(0))
}
