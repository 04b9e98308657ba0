//! A moment: a point in time by the monotonic clock, for what is measured and never told.

use std::ops::Add;
use std::time::Duration;

/// Whole milliseconds since the runtime began, by the clock's [`elapsed`](crate::Clock::elapsed).
/// As small as a timestamp, because every cell in memory has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Moment(u64);

impl Moment {
    /// When the runtime began.
    pub(crate) const BEGIN: Moment = Moment(0);

    pub(crate) const fn from_millis(millis: u64) -> Self {
        Moment(millis)
    }

    pub(crate) const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub(crate) const fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Rounded up to whole milliseconds, and saturating.
impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, duration: Duration) -> Moment {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        Moment(self.0.saturating_add(u64::try_from(millis).unwrap_or(u64::MAX)))
    }
}
