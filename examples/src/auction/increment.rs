//! The step from one bid to the next.

use bailiwick_core::RoundTrip;
use serde::{Deserialize, Serialize};

use crate::money::Money;

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
