//! Money as it is sent and shown: whole minor units of a currency.

use bailiwick_examples::money::{Amount, Currency, Money};
use serde::Deserialize;
use serde_json::{Value, json};

/// An amount that is not negative.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoneyBody {
    minor: u64,
    currency: Currency,
}

/// An amount that somebody states, and that may be negative.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountBody {
    minor: i64,
    currency: Currency,
}

impl From<MoneyBody> for Money {
    fn from(MoneyBody { minor, currency }: MoneyBody) -> Money {
        Money { minor, currency }
    }
}

impl From<AmountBody> for Amount {
    fn from(AmountBody { minor, currency }: AmountBody) -> Amount {
        Amount { minor, currency }
    }
}

/// How it is shown.
pub fn shown(money: Money) -> Value {
    json!({ "minor": money.minor, "currency": money.currency })
}
