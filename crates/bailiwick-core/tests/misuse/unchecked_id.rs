//! IDs that nobody has checked, and IDs of what cannot be one.

use bailiwick_core::{Aggregate, Event, Timestamp, View, given, id};
use serde::{Deserialize, Serialize};

id!(ShopId: "shop", OrderNo(u64): "order");

id!(Price(f64): "price");

#[derive(Event, Debug, PartialEq, Serialize, Deserialize)]
struct Opened;

macro_rules! aggregate {
    ($name:ident, $id:ty) => {
        struct $name;

        impl View for $name {
            type Key = $id;
            type Event = Opened;
            fn new(_: &$id) -> Self {
                $name
            }
            fn apply(&mut self, _: &Opened, _: Timestamp) {}
        }

        impl Aggregate for $name {
            const NAME: &'static str = stringify!($name);
        }
    };
}

aggregate!(Shop, ShopId);
aggregate!(Order, OrderNo);

fn addressed(text: String) {
    let _ = given::<Shop>(text);
    let _ = given::<Shop>(&text);
    let _ = given::<Order>("7");
    let _ = given::<Order>(-7);
}

fn main() {}
