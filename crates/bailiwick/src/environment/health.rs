//! How the clock of a runtime is.

use std::time::Duration;

/// What the clock of a runtime does that it should not. `now` never goes back and does not leap on the
/// word of a single reading; this says what keeps it from being what the clock shows.
///
/// For an example see [`Runtime`](crate::Runtime).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ClockHealth {
    /// How far the clock lies behind `now`, if that is more than
    /// [`clock_leap`](crate::Config::clock_leap): it was set back, or the journal was recorded ahead of
    /// it. `now` goes on at the pace of elapsed time. Were the runtime started again now, it would
    /// begin at what it recorded last, or, if that is more than
    /// [`journal_ahead`](crate::Config::journal_ahead), not start.
    pub behind: Option<Duration>,
    /// How far the clock has leapt ahead of `now`, as long as that is not believed: see
    /// [`clock_confirm`](crate::Config::clock_confirm).
    pub leap: Option<Duration>,
    /// How far ahead of `now` the latest of those events was recorded whose time is not believed:
    /// see [`journal_ahead`](crate::Config::journal_ahead).
    pub recorded_ahead: Option<Duration>,
}
