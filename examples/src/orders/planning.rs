//! From the order to its fulfilment.

use bailiwick_core::{Commands, Event, GiveUp, Lane, News, Policy, Start};
use serde::{Deserialize, Serialize};

use super::{Fulfilment, Order, OrderEvent, OrderId, Plan, Status};

/// What the policy wants to know of.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PlanningNews {
    /// That an order is paid, and whatever changes it after that, until it is packed.
    #[event(only(OrderPaid, PositionAdded, PositionRemoved, OrderInDelivery))]
    Order(OrderEvent),
}

/// Tells the fulfilment from which warehouses the order comes, from when on it is paid until it is packed.
///
/// What it says is as of the change that it sees, and it says as of which: so a plan that comes late does not
/// undo a later one.
#[derive(Debug)]
pub struct Planning;

impl Policy for Planning {
    const NAME: &'static str = "planning";
    const LANE: Lane = Lane::of::<OrderId>();
    const START: Start = Start::Beginning;
    type Event = PlanningNews;
    type Views = Order;

    fn keys(&self, news: &News<PlanningNews>) -> OrderId {
        news.id().expect("what happens to an order carries its ID")
    }

    fn react(
        &self,
        news: &News<PlanningNews>,
        order: &Order,
        out: &mut Commands,
    ) -> Result<(), GiveUp> {
        if order.status() >= Status::Paid {
            let (revision, warehouses) = (news.position().get(), order.warehouses());
            let plan = Plan { revision, warehouses, last: order.packed() };
            out.to::<Fulfilment>(&self.keys(news)).send(plan);
        }
        Ok(())
    }
}
