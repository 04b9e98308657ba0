//! Time as data: a point in time that nobody but the runtime's clock makes.
//!
//! Why it is as it is: docs/decisions/time.md.

use std::fmt;
use std::ops::Add;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod civil;
mod convert;
mod rfc3339;

/// A point in time: whole milliseconds since the Unix epoch.
///
/// Domain code gets one from [`Context::now`](crate::Context::now) and computes others from it; it
/// never asks a clock. Arithmetic saturates, so a far future stays a far future.
///
/// It is stored as the number, and shown and parsed as RFC 3339:
///
/// ```
/// # use bailiwick_core::Timestamp;
/// let at = Timestamp::from_millis(1_795_828_464_000);
/// assert_eq!(at.to_string(), "2026-11-28T01:14:24.000Z");
/// assert_eq!("2026-11-28T02:14:24+01:00".parse(), Ok(at));
/// ```
///
/// - **Shown** in UTC with milliseconds, as `Display` and as `Debug`. RFC 3339 has four digits for the
///   year: a later year than 9999 has a `+` and as many digits as it needs, as in ISO 8601:
///   `+10000-01-01T00:00:00.000Z`.
/// - **Parsed** is whatever RFC 3339 allows, and a year with a `+` and 5 to 12 digits. What is finer than
///   a millisecond is rounded down; a leap second is the moment after it.
///
/// It is made from a [`SystemTime`](std::time::SystemTime), and with the feature `jiff` from a
/// `jiff::Timestamp`, by `try_from`, rounded down to the millisecond, and becomes one by `try_from` too:
/// what is before 1970 or too late for the other type is an [`InvalidTimestamp`].
///
/// ```
/// # use bailiwick_core::{InvalidTimestamp, Timestamp};
/// # use std::time::{Duration, SystemTime};
/// let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
/// assert_eq!(Timestamp::try_from(before_1970), Err(InvalidTimestamp::BeforeEpoch));
/// assert_eq!(SystemTime::try_from(Timestamp::EPOCH), Ok(SystemTime::UNIX_EPOCH));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Timestamp = Timestamp(0);
    /// The last representable instant.
    pub const MAX: Timestamp = Timestamp(u64::MAX);

    /// The instant `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Timestamp(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This instant plus `millis` milliseconds, saturating.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Timestamp(self.0.saturating_add(millis))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub const fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl From<u64> for Timestamp {
    /// Milliseconds since the Unix epoch.
    fn from(millis: u64) -> Self {
        Timestamp(millis)
    }
}

/// Adds a duration, rounded *up* to whole milliseconds: what is due after it is never early.
impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, duration: Duration) -> Timestamp {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        self.plus_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

/// As RFC 3339, in UTC and with milliseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc3339::write(self.0, f)
    }
}

/// As it is displayed.
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// From RFC 3339, with any offset.
impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Timestamp, InvalidTimestamp> {
        let syntax = || InvalidTimestamp::Syntax(text.chars().take(80).collect());
        let millis = rfc3339::read(text).ok_or_else(syntax)?;
        Timestamp::from_signed(millis)
    }
}

impl Timestamp {
    fn from_signed(millis: i128) -> Result<Timestamp, InvalidTimestamp> {
        match u64::try_from(millis) {
            Ok(millis) => Ok(Timestamp(millis)),
            Err(_) if millis < 0 => Err(InvalidTimestamp::BeforeEpoch),
            Err(_) => Err(InvalidTimestamp::TooLate),
        }
    }
}

/// Why something is no [`Timestamp`], or that is no time of the other type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTimestamp {
    /// It is before 1970, where timestamps begin.
    #[error("it is before 1970, where timestamps begin")]
    BeforeEpoch,
    /// It is later than the other type can tell.
    #[error("it is later than the type can tell that it is to become")]
    TooLate,
    /// It is not RFC 3339, or no day or time of day.
    #[error("{0:?} is no time of RFC 3339, such as 2026-11-28T01:14:24.000Z")]
    Syntax(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_rounds_up_and_saturates() {
        let t = Timestamp::from_millis(10);
        assert_eq!(t + Duration::from_micros(1), Timestamp::from_millis(11));
        assert_eq!(t + Duration::from_millis(5), Timestamp::from_millis(15));
        assert_eq!(Timestamp::MAX + Duration::from_secs(1), Timestamp::MAX);
        assert_eq!(t.since(Timestamp::from_millis(20)), Duration::ZERO);
    }
}
