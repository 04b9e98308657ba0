//! An upcaster that is no function over fields.

use bailiwick_core::{Event, Fields};
use serde::{Deserialize, Serialize};

fn total(_: Fields) -> Fields {
    Fields::new()
}

#[derive(Event, Serialize, Deserialize)]
#[event(version = 2, upcast = total)]
struct Counted {
    seats: u32,
}

fn main() {}
