//! Who orders, and what.

use bailiwick_examples::money::{Amount, Money};
use bailiwick_examples::orders::{AddPosition, AddRefused, CustomerId, OrderId, ParcelId};

pub const ANN: &str = "Ann";
pub const BOB: &str = "Bob";
pub const CID: &str = "Cid";

/// Ann's order.
pub const A: &str = "A";
/// Bob's.
pub const B: &str = "B";
/// Cid's.
pub const C: &str = "C";

/// A product: what it is, where it lies, and what it costs, in cents.
pub type Product = (&'static str, &'static str, u64);

pub const TENT: Product = ("tent", "north", 240_00);
pub const BAG: Product = ("sleeping bag", "south", 90_00);
pub const PEG: Product = ("tent peg", "south", 1_00);
pub const HAMMOCK: Product = ("hammock", "north", 40_00);
pub const KAYAK: Product = ("kayak", "north", 1_200_00);
pub const PADDLE: Product = ("paddle", "south", 60_00);
pub const VEST: Product = ("life vest", "west", 80_00);

pub fn order(name: &'static str) -> OrderId {
    name.into()
}

pub fn customer(name: &'static str) -> CustomerId {
    name.into()
}

pub fn parcel(name: &'static str, number: u32) -> ParcelId {
    ParcelId::of(&order(name), number)
}

pub fn position((product, warehouse, cents): Product, quantity: u32) -> AddPosition {
    let unit_price = Amount::from(Money::cents(cents));
    AddPosition { product: product.into(), warehouse: warehouse.into(), unit_price, quantity }
}

/// `1 250.00`: all of it is in euros.
pub fn price(money: Money) -> String {
    let euros = usize::try_from(money.minor / 100).unwrap_or(usize::MAX);
    format!("{}.{:02}", crate::style::grouped(euros), money.minor % 100)
}

/// Why a position was refused, in the words of the shop.
pub fn too_much((product, ..): Product, quantity: u32, refused: &AddRefused) -> String {
    let why = match refused {
        AddRefused::TooManyItems { limit, total } => format!("{total} items, {limit} at most"),
        AddRefused::TooMuchValue { limit, total } => {
            format!("{} in all, {} at most", price(*total), price(*limit))
        }
        refused => refused.to_string(),
    };
    format!("{quantity} × {product}: {why}")
}
