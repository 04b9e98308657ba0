//! Money, as the auction and the orders have it.

use std::fmt;
use std::str::FromStr;

use bailiwick_core::RoundTrip;
use serde::{Deserialize, Serialize};

/// The code of a currency, as in ISO 4217: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro, which has cents.
    pub const EUR: Currency = Currency(*b"EUR");
}

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

/// An amount in another currency than it has to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the currency is {expected}, not {given}")]
pub struct OtherCurrency {
    /// What it has to be in.
    pub expected: Currency,
    /// What it is in.
    pub given: Currency,
}

impl Money {
    /// So many cents.
    pub const fn cents(minor: u64) -> Money {
        Money { minor, currency: Currency::EUR }
    }

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

/// An amount as somebody states it, in minor units: it may be negative, and becomes [`Money`] only if it is
/// not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, RoundTrip)]
pub struct Amount {
    /// How many minor units.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

impl From<Money> for Amount {
    /// The same, or the largest amount that can be stated.
    fn from(money: Money) -> Amount {
        Amount { minor: i64::try_from(money.minor).unwrap_or(i64::MAX), currency: money.currency }
    }
}
