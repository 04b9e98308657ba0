//! What is said aloud of what happens at the shop.

use std::sync::Arc;

use bailiwick::Effect;
use bailiwick::journal::{Journal, RecordedEvent};
use bailiwick::policy::{DeliveryEnded, Ending};
use bailiwick::{BoxError, Position};
use bailiwick_examples::orders::{
    OrderEvent, OrderId, ParcelEvent, ParcelId, PaymentEvent, TellCustomer,
};
use tokio::sync::watch;

use super::cast::price;
use super::heard::{Heard, ShopEvent};
use super::mail::Mail;
use super::who::{Who, come};
use crate::failure::Failure;
use crate::page::Page;
use crate::reader::{Listener, Reader};

/// Says what it hears of.
pub struct Aloud {
    heard: watch::Sender<Heard>,
    page: Page,
}

impl Aloud {
    /// Reads what is there, silently.
    pub async fn read(
        journal: Arc<dyn Journal>,
        page: Page,
    ) -> Result<(Reader<Aloud>, watch::Receiver<Heard>), Failure> {
        let (heard, hears) = watch::channel(Heard::default());
        let aloud = Aloud { heard, page };
        Ok((Reader::read(journal, aloud).await.map_err(Failure::Other)?, hears))
    }

    /// How a delivery ended that caused no event.
    fn hears_of_delivery(&mut self, recorded: &RecordedEvent, aloud: bool) -> Result<(), BoxError> {
        let Some(delivery) = &recorded.event.metadata.extra().delivery else { return Ok(()) };
        let Ok(Some(ended)) = recorded.event.decode::<DeliveryEnded>() else { return Ok(()) };
        if aloud {
            let reason = ended.reason.as_deref().unwrap_or_default();
            let tells = delivery.policy.as_str() == <TellCustomer<Mail> as Effect>::NAME;
            match ended.how {
                Ending::Rejected => {
                    let target = delivery.target.as_ref().and_then(|target| target.tag.clone());
                    let whom = target.map_or(String::new(), |tag| tag.value().to_owned());
                    let text = format!("by {whom}, since {reason}");
                    self.page.line(recorded, Who::Policy, ("refused", &text), "")?;
                }
                Ending::GaveUp => self.page.line(recorded, Who::Mail, ("gives up", reason), "")?,
                Ending::Performed if tells => {
                    self.page.line(
                        recorded,
                        Who::Mail,
                        ("noted", "and is never sent again"),
                        "",
                    )?;
                }
                _ => {}
            }
        }
        self.heard.send_modify(|heard| heard.note_ended(&ended));
        Ok(())
    }

    fn hears_of_event(&mut self, recorded: &RecordedEvent, aloud: bool) -> Result<(), BoxError> {
        let Some(event) = recorded.event.decode::<ShopEvent>()? else { return Ok(()) };
        let mut noted = Ok(());
        self.heard.send_modify(|heard| noted = heard.note(&event, recorded));
        noted?;
        if !aloud {
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
                return self.page.line(recorded, Who::Policy, ("says", &text), &come);
            }
            OrderEvent::OrderInDelivery => {
                let text = format!("{id} is in delivery, and packed");
                return self.page.line(recorded, Who::Policy, ("says", &text), &come);
            }
            OrderEvent::OrderCompleted => {
                let text = format!("{id} is complete");
                return self.page.line(recorded, Who::Policy, ("says", &text), &come);
            }
            OrderEvent::RefundNoted => {
                let text = format!("{id} is refunded, and goes no further");
                return self.page.line(recorded, Who::Policy, ("says", &text), &come);
            }
            OrderEvent::OrderOpened { .. }
            | OrderEvent::ReceiptNoted { .. }
            | OrderEvent::FillingNoted
            | OrderEvent::ArrivalNoted => return Ok(()),
        };
        self.page.line(recorded, who, (verb, &text), &come)
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
                self.page.line(recorded, Who::Bank, ("reports", &text), &come)
            }
            PaymentEvent::PaymentReturned { amount, .. } => {
                let text = format!("{} for {id}: it was refunded", price(*amount));
                self.page.line(recorded, Who::Bank, ("returns", &text), &come)
            }
            PaymentEvent::PaymentRefunded { amount } => {
                let text = format!("{id}: {} go back", price(*amount));
                self.page.line(recorded, Who::Office, ("refunds", &text), &come)
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
        self.page.line(recorded, who, (verb, &text), &come)
    }

    fn come(&self, id: &OrderId) -> String {
        self.heard.borrow().orders.get(id).map_or(String::new(), |order| come(id, order))
    }
}

impl Listener for Aloud {
    fn hears(&mut self, recorded: &RecordedEvent, aloud: bool) -> Result<(), BoxError> {
        match recorded.event.is_reserved() {
            true => self.hears_of_delivery(recorded, aloud),
            false => self.hears_of_event(recorded, aloud),
        }
    }

    fn has_heard(&mut self, upto: Position) {
        self.heard.send_modify(|heard| heard.upto = upto);
    }
}

fn order_product(heard: &Heard, order: &OrderId, number: u32) -> String {
    heard.products.get(&(order.clone(), number)).cloned().unwrap_or_default()
}
