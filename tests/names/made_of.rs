//! IDs that are made of a number or a UUID, from one runtime to the next.

use bailiwick::{
    Aggregate, Context, Decide, Event, MemoryJournal, Position, Runtime, StartError, Timestamp,
    View, id,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fixture::{append, assert_says, refusal, stored};

id!(OrderNo(u64): "order" was "bestellung", CartId(Uuid): "cart", CustomerId: "customer");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum OrderEvent {
    Placed {
        #[tag]
        cart: CartId,
        #[tag]
        by: CustomerId,
    },
}

#[derive(Debug, PartialEq)]
struct Order {
    number: OrderNo,
    carts: Vec<CartId>,
}

impl View for Order {
    type Key = OrderNo;
    type Event = OrderEvent;

    fn new(number: &OrderNo) -> Self {
        Order { number: *number, carts: Vec::new() }
    }

    fn apply(&mut self, OrderEvent::Placed { cart, .. }: &OrderEvent, _: Timestamp) {
        self.carts.push(*cart);
    }
}

impl Aggregate for Order {
    const NAME: &'static str = "order";
}

#[derive(Clone)]
struct Place(CartId);

impl Decide<Place> for Order {
    type Reply = OrderNo;
    type Rejection = std::convert::Infallible;

    fn decide(
        &self,
        place: &Place,
        ctx: &mut Context<OrderEvent>,
    ) -> Result<OrderNo, Self::Rejection> {
        ctx.emit(OrderEvent::Placed { cart: place.0, by: "c1".into() });
        Ok(self.number)
    }
}

async fn start(journal: &MemoryJournal) -> Runtime {
    Runtime::builder(journal.clone()).aggregate::<Order>().start().await.unwrap()
}

#[tokio::test]
async fn what_happened_is_found_by_a_number_and_by_a_uuid() {
    let journal = MemoryJournal::new();
    let cart = CartId::from(Uuid::from_u128(7));
    let runtime = start(&journal).await;
    let orders = runtime.aggregates::<Order>();
    for number in [10, 9, 7] {
        let order = orders.get(number);
        assert_eq!(order.ask(Place(cart)).await.unwrap(), OrderNo::from(number));
    }
    assert_eq!(orders.in_memory(), [7, 9, 10].map(OrderNo::from));
    let mut watch = orders.get(9).watch(Position::START).await.unwrap();
    let change = watch.next().await.unwrap().unwrap();
    assert_eq!(change.event, OrderEvent::Placed { cart, by: "c1".into() });
    runtime.shutdown(std::time::Duration::from_secs(5)).await;

    let runtime = start(&journal).await;
    let nine: OrderNo = "9".parse().unwrap();
    let carts = runtime.aggregates::<Order>().get(nine).read(|order, _| order.carts.clone());
    assert_eq!(carts.await.unwrap().value, [cart]);
}

#[tokio::test]
async fn a_text_that_is_another_way_to_write_the_number_is_refused() {
    for (text, says) in [
        ("007", "it is written \"7\", and in no other way"),
        ("seven", "invalid digit found in string"),
    ] {
        let journal = MemoryJournal::new();
        let placed = OrderEvent::Placed { cart: Uuid::nil().into(), by: "c1".into() };
        append(&journal, [stored("Placed", &[&format!("order:{text}")], &placed)]).await;
        let error = refusal(Runtime::builder(journal).aggregate::<Order>()).await;
        assert!(matches!(error, StartError::UnreadableId { .. }), "{error}");
        assert_says(&error, &[says, "OrderNo"]);
    }
}
