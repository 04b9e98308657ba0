//! Variants of another set that it does not have, or that are no event types themselves.

use bailiwick_core::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
enum OrderEvent {
    Placed { cents: u64 },
    Cancelled,
    Sent(ParcelSent),
}

#[derive(Event, Serialize, Deserialize)]
struct ParcelSent;

#[derive(Event)]
enum Misspelt {
    #[event(only(Placd))]
    Order(OrderEvent),
}

#[derive(Event)]
enum Indirect {
    #[event(only(Sent))]
    Order(OrderEvent),
}

#[derive(Event)]
enum NoConversion {
    #[event(only(Placed))]
    Order(OrderEvent),
}

fn convert(event: OrderEvent) -> NoConversion {
    event.into()
}

fn main() {}
