//! The course of `now`: which readings of the wall clock, and which recorded times, are believed.
//! Pure: no clock, no lock, nothing is told.
//!
//! 1. `now` is elapsed time and an [`offset`](Course::offset) that only grows. So it never goes back,
//!    and goes on at the pace of the monotonic clock whatever becomes of the wall clock.
//! 2. A reading that is ahead of `now` is followed by `leap` per [`WINDOW`] at most. What is further
//!    ahead is a *leap*: it is believed when [`READINGS`] readings, over `confirm` of elapsed time,
//!    have agreed on it. A reading in between that does not agree begins anew.
//! 3. What somebody recorded moves `now` up to `ahead` beyond the wall clock, and no further,
//!    however many such times there are.
//!
//! Everything is in microseconds: elapsed time, or what is to be added to it.

use std::time::Duration;

use bailiwick_core::Timestamp;

use crate::config::Config;

/// The elapsed time in which `now` gains `leap` on it at most without a leap.
const WINDOW: u64 = 5_000_000;

/// How many readings have to agree on a leap.
pub(super) const READINGS: u32 = 3;

/// Which `now` a runtime has, and why.
#[derive(Debug)]
pub(super) struct Course {
    offset: u64,
    /// The offset of the last reading that was believed.
    wall: u64,
    /// When the window began, and what was gained in it.
    window: (u64, u64),
    leap: Option<Leap>,
    /// The latest recorded time that was not believed.
    ignored: Timestamp,
    is_back: bool,
    limits: Limits,
}

#[derive(Debug)]
struct Limits {
    leap: u64,
    confirm: u64,
    ahead: u64,
}

/// A leap that is not believed yet.
#[derive(Debug)]
struct Leap {
    offset: u64,
    since: u64,
    readings: u32,
}

/// What is to be told of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// The clock leapt ahead; that is not believed yet.
    Leapt { by: Duration },
    /// It has kept to it.
    Believed { by: Duration },
    /// It has not.
    Recovered,
    /// It was set back.
    SetBack { by: Duration },
    /// It has reached `now` again.
    CaughtUp,
}

impl Course {
    /// The course on which the clock showed `wall` when `elapsed` had passed.
    pub(super) fn new(config: &Config, wall: u64, elapsed: u64) -> Self {
        let offset = wall.saturating_sub(elapsed);
        let limits = Limits {
            leap: micros(config.clock_leap),
            confirm: micros(config.clock_confirm),
            ahead: micros(config.journal_ahead),
        };
        Course {
            offset,
            wall: offset,
            window: (elapsed, 0),
            leap: None,
            ignored: Timestamp::EPOCH,
            is_back: false,
            limits,
        }
    }

    /// What is added to the elapsed time to give `now`.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The clock showed `wall` when no more than `elapsed` had passed.
    pub(super) fn read(&mut self, wall: u64, elapsed: u64) -> Option<News> {
        let offset = wall.saturating_sub(elapsed);
        let gain = offset.saturating_sub(self.offset);
        if elapsed.saturating_sub(self.window.0) >= WINDOW {
            self.window = (elapsed, 0);
        }
        if self.window.1.saturating_add(gain) <= self.limits.leap {
            self.window.1 += gain;
            return self.follow(offset);
        }
        let leap = self.leap.take_if(|leap| leap.offset.abs_diff(offset) <= self.limits.leap);
        let is_new = self.leap.is_none() && leap.is_none();
        let mut leap = leap.unwrap_or(Leap { offset, since: elapsed, readings: 0 });
        leap.readings += 1;
        let lasted = elapsed.saturating_sub(leap.since);
        let by = Duration::from_micros(gain);
        let readings = if self.limits.confirm == 0 { 1 } else { READINGS };
        if lasted >= self.limits.confirm && leap.readings >= readings {
            self.leap = None;
            self.window = (elapsed, 0);
            self.follow(offset);
            return Some(News::Believed { by });
        }
        self.leap = Some(leap);
        is_new.then_some(News::Leapt { by })
    }

    /// A reading that is believed.
    fn follow(&mut self, offset: u64) -> Option<News> {
        self.wall = offset;
        self.offset = self.offset.max(offset);
        if self.leap.take().is_some() {
            return Some(News::Recovered);
        }
        let behind = self.behind();
        match (behind, std::mem::replace(&mut self.is_back, behind.is_some())) {
            (Some(by), false) => Some(News::SetBack { by }),
            (None, true) => Some(News::CaughtUp),
            _ => None,
        }
    }

    /// Somebody recorded something at `at`: `now` is not earlier, if that is to be believed.
    pub(super) fn not_before(&mut self, at: Timestamp, elapsed: u64) -> bool {
        let offset = at.as_millis().saturating_mul(1_000).saturating_sub(elapsed);
        if offset > self.offset.max(self.wall.saturating_add(self.limits.ahead)) {
            self.ignored = self.ignored.max(at);
            return false;
        }
        self.offset = self.offset.max(offset);
        true
    }

    /// How far the clock lies behind `now`, if that is worth telling.
    pub(super) fn behind(&self) -> Option<Duration> {
        let behind = self.offset - self.wall.min(self.offset);
        (behind > self.limits.leap).then_some(Duration::from_micros(behind))
    }

    /// How far the clock has leapt ahead of `now`, if that is not believed yet.
    pub(super) fn leap(&self) -> Option<Duration> {
        let leap = self.leap.as_ref()?;
        Some(Duration::from_micros(leap.offset.saturating_sub(self.offset)))
    }

    /// The latest recorded time that was not believed.
    pub(super) fn ignored(&self) -> Timestamp {
        self.ignored
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
