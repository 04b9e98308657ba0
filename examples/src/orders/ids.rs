//! How things are addressed.

use std::fmt;
use std::str::FromStr;

use bailiwick_core::{InvalidId, RoundTrip, id};
use serde::{Deserialize, Serialize};

id!(
    /// An order, its payment and its fulfilment: there is one of each.
    pub OrderId: "order",
    /// Who orders.
    pub CustomerId: "customer",
    /// What is ordered.
    pub ProductId: "product",
    /// Where it is taken from.
    pub WarehouseId: "warehouse",
    /// A parcel: the order, and which of its parcels.
    pub ParcelId(ParcelNo): "parcel",
    /// How the bank calls a transfer of money.
    pub TransferId: "transfer",
);

/// Which parcel of which order: `o1-2`. A number is never used twice, so what is said about a parcel cannot
/// be taken for another one that replaced it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParcelNo {
    /// Of which order.
    pub order: OrderId,
    /// Which of its parcels, from 1.
    pub number: u32,
}

// Its text is read as the same order and number.
impl RoundTrip for ParcelNo {}

/// A text that is no number of a parcel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidParcelNo {
    /// There is no number at its end.
    #[error("a parcel is an order and a number, as in o1-2, not {0:?}")]
    NoNumber(String),
    /// What is before it is no order.
    #[error(transparent)]
    Order(#[from] InvalidId),
}

impl FromStr for ParcelNo {
    type Err = InvalidParcelNo;

    fn from_str(text: &str) -> Result<Self, InvalidParcelNo> {
        let no_number = || InvalidParcelNo::NoNumber(text.chars().take(40).collect());
        // The number has no hyphen, so the last one is between the two.
        let (order, number) = text.rsplit_once('-').ok_or_else(no_number)?;
        let number = number.parse().map_err(|_| no_number())?;
        Ok(ParcelNo { order: order.parse()?, number })
    }
}

impl TryFrom<String> for ParcelNo {
    type Error = InvalidParcelNo;

    fn try_from(text: String) -> Result<Self, InvalidParcelNo> {
        text.parse()
    }
}

impl From<ParcelNo> for String {
    fn from(parcel: ParcelNo) -> String {
        parcel.to_string()
    }
}

impl fmt::Display for ParcelNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.order, self.number)
    }
}

impl ParcelId {
    /// This one of the parcels of an order.
    pub fn of(order: &OrderId, number: u32) -> ParcelId {
        ParcelNo { order: order.clone(), number }.into()
    }

    /// Of which order.
    pub fn order(&self) -> &OrderId {
        &self.inner().order
    }
}
