//! The outage: eleven minutes in the middle of the evening in which the streaming side says nothing.

/// A second, a minute, an hour; all times are in milliseconds since the recording began.
pub const SECOND: u64 = 1_000;
pub const MINUTE: u64 = 60 * SECOND;
pub const HOUR: u64 = 60 * MINUTE;

const FROM: u64 = HOUR + 48 * MINUTE;
const UNTIL: u64 = FROM + 11 * MINUTE;

/// Where the streams of a household run, and so what the outage does to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Its network is cut. The streams play on, but nobody hears of them.
    East,
    /// It is killed. The streams stop, and none starts before it is back.
    West,
    /// Nothing happens to it.
    North,
}

/// What can be expected of a site just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Up,
    /// It runs its streams, and is heard of again at this time.
    CutOff {
        until: u64,
    },
    Dead,
}

/// When the sites that are killed are killed.
pub const KILLED_AT: u64 = FROM;

impl Site {
    /// How it is at `at`.
    pub fn state(self, at: u64) -> State {
        match self {
            Site::East if (FROM..UNTIL).contains(&at) => State::CutOff { until: UNTIL },
            Site::West if (FROM..UNTIL).contains(&at) => State::Dead,
            _ => State::Up,
        }
    }
}
