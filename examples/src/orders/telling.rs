//! The customer is told when the order is complete.

use bailiwick_core::{Attempt, Effect, Event, Failed, Lane, News, Start};
use serde::{Deserialize, Serialize};

use super::{Order, OrderEvent, OrderId, Payment};
use crate::notifier::{Message, Notifier};

/// What the customer is told about.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CustomerNews {
    /// The order is complete.
    #[event(only(OrderCompleted))]
    Order(OrderEvent),
}

/// Tells the customer that the order is complete, through a [`Notifier`].
///
/// If what was paid for it went back before the customer could be told, there is nothing to be glad about,
/// and it gives up. It asks the payment and not the order, which hears of a refund later. A message that is
/// on its way just then arrives: nobody can call it back.
#[derive(Debug)]
pub struct TellCustomer<N>(pub N);

impl<N: Notifier> Effect for TellCustomer<N> {
    const NAME: &'static str = "tell-customer";
    const LANE: Lane = Lane::of::<OrderId>();
    const START: Start = Start::Now;
    type Event = CustomerNews;
    type Views = Order;

    fn keys(&self, news: &News<CustomerNews>) -> OrderId {
        news.id().expect("what happens to an order carries its ID")
    }

    async fn perform(
        &self,
        news: &News<CustomerNews>,
        order: &Order,
        attempt: &Attempt<'_>,
    ) -> Result<(), Failed> {
        let id = self.keys(news);
        if attempt.latest::<Payment>(&id).await?.refunded() {
            return Err(Failed::give_up("the order was refunded"));
        }
        let Some(customer) = order.customer() else {
            return Err(Failed::give_up("nobody has opened the order"));
        };
        let items = match order.items() {
            1 => "its one item has arrived".to_owned(),
            items => format!("all {items} items have arrived"),
        };
        let text = format!("order {id} is complete: {items}");
        self.0.tell(attempt.key(), &[Message { to: customer.to_string(), text }]).await
    }
}
