//! Money, and the step from one bid to the next.

use std::fmt;
use std::str::FromStr;

use bailiwick_core::RoundTrip;
use serde::{Deserialize, Serialize};

use super::OtherCurrency;

/// The code of a currency, as in ISO 4217: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

// Its text is read as the same three letters.
impl RoundTrip for Currency {}

/// A text that is no code of a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a currency has three capital letters, as in EUR, not {0:?}")]
pub struct InvalidCurrency(pub String);

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(code: &str) -> Result<Self, InvalidCurrency> {
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Currency(letters)),
            _ => Err(InvalidCurrency(code.chars().take(20).collect())),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = InvalidCurrency;

    fn try_from(code: String) -> Result<Self, InvalidCurrency> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.0.map(char::from).iter().collect()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(*self))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An amount of money, in whole minor units (cents, or what the currency has): never a fraction of
/// one, and never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, RoundTrip)]
pub struct Money {
    /// How many minor units.
    pub minor: u64,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// That the other one is of this currency.
    ///
    /// # Errors
    /// If it is of another one.
    pub fn check(self, other: Money) -> Result<(), OtherCurrency> {
        let (expected, given) = (self.currency, other.currency);
        if expected == given { Ok(()) } else { Err(OtherCurrency { expected, given }) }
    }
}

/// As in `1250 EUR`: how many digits are behind the point is up to the currency.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.minor, self.currency)
    }
}

/// By how much a bid has to exceed the current price at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, RoundTrip)]
pub enum Increment {
    /// By this amount.
    Amount(Money),
    /// By so many hundredths of a percent of the current price, rounded up.
    BasisPoints(u32),
}

impl Increment {
    /// All of the price once more.
    pub const MAX_BASIS_POINTS: u32 = 10_000;

    /// What has to be bid at least over this price; none if that is more than can be said.
    pub fn above(self, price: Money) -> Option<Money> {
        let step = match self {
            Increment::Amount(amount) => amount.minor,
            Increment::BasisPoints(points) => {
                let step = u128::from(price.minor) * u128::from(points);
                u64::try_from(step.div_ceil(u128::from(Self::MAX_BASIS_POINTS))).ok()?
            }
        };
        Some(Money { minor: price.minor.checked_add(step)?, ..price })
    }
}
