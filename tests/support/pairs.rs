//! Decisions about two counters.

use std::fmt;

use bailiwick::{Context, Decision, Event, Timestamp, require};
use serde::{Deserialize, Serialize};

use crate::counter::{Counter, CounterId};

/// Two counters were counted, both or none.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountedTogether {
    /// The first.
    #[tag]
    pub one: CounterId,
    /// The second, another one.
    #[tag]
    pub other: CounterId,
    /// Their values after it.
    pub values: [u64; 2],
}

/// The alarm of a counter was set, because of another's value.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reminded {
    /// Whose alarm.
    #[tag]
    pub counter: CounterId,
    /// When it rings.
    pub at: Timestamp,
    /// Whose value. It does not see this event.
    pub of: CounterId,
    /// Its value.
    pub value: u64,
}

/// Count two counters, unless their sum reaches the limit. Reads both, and changes both.
#[derive(Debug, Clone, Serialize)]
pub struct CountBoth {
    /// The first.
    pub one: CounterId,
    /// The second, another one.
    pub other: CounterId,
    /// The limit of their sum.
    pub limit: u64,
}

/// Set the alarm of a counter, if another one has this value at least. Reads only that other one, so
/// nothing but its key keeps it from being run twice.
#[derive(Debug, Clone, Serialize)]
pub struct Remind {
    /// Whose alarm.
    pub counter: CounterId,
    /// When it rings.
    pub at: Timestamp,
    /// Whose value.
    pub of: CounterId,
    /// What it is at least.
    pub from: u64,
}

/// The values are not such that it may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotNow<const N: usize>(pub [u64; N]);

impl<const N: usize> fmt::Display for NotNow<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not with the values {:?}", self.0)
    }
}

impl<const N: usize> std::error::Error for NotNow<N> {}

impl Decision for CountBoth {
    type Views = (Counter, Counter);
    type Event = CountedTogether;
    type Reply = [u64; 2];
    type Rejection = NotNow<2>;

    fn keys(&self) -> (CounterId, CounterId) {
        (self.one.clone(), self.other.clone())
    }

    fn decide(
        &self,
        (one, other): (&Counter, &Counter),
        ctx: &mut Context<CountedTogether>,
    ) -> Result<[u64; 2], NotNow<2>> {
        require(one.value + other.value < self.limit, NotNow([one.value, other.value]))?;
        let values = [one.value + 1, other.value + 1];
        let (one, other) = self.keys();
        ctx.emit(CountedTogether { one, other, values });
        Ok(values)
    }
}

impl Decision for Remind {
    type Views = Counter;
    type Event = Reminded;
    type Reply = [u64; 1];
    type Rejection = NotNow<1>;

    fn keys(&self) -> CounterId {
        self.of.clone()
    }

    fn decide(&self, of: &Counter, ctx: &mut Context<Reminded>) -> Result<[u64; 1], NotNow<1>> {
        let value = of.value;
        require(value >= self.from, NotNow([value]))?;
        let Remind { counter, at, of, .. } = self.clone();
        ctx.emit(Reminded { counter, at, of, value });
        Ok([value])
    }
}
