//! Who is there, and what is for sale.

use bailiwick::Timestamp;
use bailiwick_examples::auction::{BidderId, Increment, ListingId, Money, PlaceBid, Terms};

pub const ANN: &str = "Ann";
pub const BOB: &str = "Bob";
pub const CID: &str = "Cid";
pub const EVE: &str = "Eve";
pub const SELLER: &str = "Sue";

pub const VASE: &str = "vase";
pub const LAMP: &str = "lamp";
pub const PIANO: &str = "piano";

pub fn bidder(name: &'static str) -> BidderId {
    name.into()
}

pub fn lot(name: &'static str) -> ListingId {
    name.into()
}

/// So many euros.
pub fn euros(number: u64) -> Money {
    Money { minor: 100 * number, currency: "EUR".parse().expect("three capital letters") }
}

pub fn bid(who: &'static str, amount: u64) -> PlaceBid {
    PlaceBid { bidder: bidder(who), amount: euros(amount) }
}

/// `1 250 EUR`: whole euros are all there is this evening.
pub fn price(money: Money) -> String {
    let number = usize::try_from(money.minor / 100).unwrap_or(usize::MAX);
    format!("{} {}", crate::style::grouped(number), money.currency)
}

pub fn terms(ask: u64, step: u64, starts_at: Timestamp, ends_at: Timestamp) -> Terms {
    Terms {
        seller: bidder(SELLER),
        ask: euros(ask),
        increment: Increment::Amount(euros(step)),
        starts_at,
        ends_at,
    }
}
