//! The crate, where it is not.

use bailiwick_core::{Event, RoundTrip};
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[event(crate = "crate::nowhere")]
struct Nowhere;

#[derive(RoundTrip, Serialize, Deserialize)]
#[round_trip(krate = "bailiwick_core")]
struct Typo;

fn main() {}
