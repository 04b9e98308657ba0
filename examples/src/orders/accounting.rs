//! From the payment to the order and to its fulfilment.

use bailiwick_core::{Commands, GiveUp, Lane, News, Policy, Start};

use super::{CallOff, Fulfilment, NoteReceived, NoteRefund, Order, OrderId, PaymentEvent};

/// Tells the order what was received in all, whenever money comes, and order and fulfilment that it went back.
///
/// The news of one order come in order, so an order hears of a refund after all that was received before.
/// What comes after a refund goes straight back, and nobody has to hear of it.
#[derive(Debug)]
pub struct Accounting;

impl Policy for Accounting {
    const NAME: &'static str = "accounting";
    const LANE: Lane = Lane::of::<OrderId>();
    const START: Start = Start::Beginning;
    type Event = PaymentEvent;
    type Views = ();

    fn keys(&self, _: &News<PaymentEvent>) {}

    fn react(&self, news: &News<PaymentEvent>, (): (), out: &mut Commands) -> Result<(), GiveUp> {
        let order: OrderId = news.id().map_err(GiveUp::because)?;
        match &news.event {
            PaymentEvent::PaymentReceived { total, .. } => {
                out.to::<Order>(&order).send(NoteReceived { received: *total });
            }
            PaymentEvent::PaymentRefunded { .. } => {
                out.to::<Order>(&order).send(NoteRefund);
                out.to::<Fulfilment>(&order).send(CallOff);
            }
            PaymentEvent::PaymentReturned { .. } => {}
        }
        Ok(())
    }
}
