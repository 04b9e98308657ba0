//! What came of a load.

use std::time::Duration;

use super::Histogram;
use super::turn::Kind;

/// Of one kind of request.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    /// Sent.
    pub sent: u64,
    /// Answered with a status of 200 to 299.
    pub accepted: u64,
    /// A rule said no: 404, 409 or 422.
    pub rejected: u64,
    /// The server had too much to do: 429 or 503.
    pub refused: u64,
    /// Another status: the server failed, or the request was wrong.
    pub failed: u64,
    /// No answer in time, none at all, or 504: it may have been done.
    pub unknown: u64,
    /// Of those that were accepted, since they were due.
    pub latencies: Histogram,
}

/// Of all kinds.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// By kind.
    pub kinds: [Counts; 3],
    /// Latencies of refusals, since they were due.
    pub refusals: Histogram,
    /// How long after it was due a request was sent though somebody was free: the generator's own delay.
    pub own_delay: Histogram,
    /// Not sent: nobody was free for so long that a client would have gone away.
    pub given_up: u64,
    /// Not sent: all who might have asked were told to come later, or wait for an answer.
    pub held_back: u64,
    /// Not sent: no connection.
    pub not_connected: u64,
    /// The first failure, as it was answered.
    pub failure: Option<String>,
}

impl Tally {
    /// Of one kind.
    pub fn of(&mut self, kind: Kind) -> &mut Counts {
        &mut self.kinds[kind as usize]
    }

    /// All kinds together.
    pub fn all(&self) -> Counts {
        let mut all = Counts::default();
        for counts in &self.kinds {
            all.sent += counts.sent;
            all.accepted += counts.accepted;
            all.rejected += counts.rejected;
            all.refused += counts.refused;
            all.failed += counts.failed;
            all.unknown += counts.unknown;
            all.latencies.extend(&counts.latencies);
        }
        all
    }
}

/// One second of it.
#[derive(Debug, Default, Clone)]
pub struct Second {
    /// Since the beginning.
    pub at: Duration,
    /// Requests accepted per second.
    pub accepted: f64,
    /// Requests refused per second.
    pub refused: f64,
    /// Half of those that were accepted took no longer.
    pub p50: Option<Duration>,
    /// 99 % of those that were accepted took no longer.
    pub p99: Option<Duration>,
    /// Bytes of the server's process that are in memory, without pages of files; if it is known.
    pub memory: Option<u64>,
}

/// What was measured.
#[derive(Debug, Default, Clone)]
pub struct Measured {
    /// What came of it.
    pub tally: Tally,
    /// Second by second.
    pub seconds: Vec<Second>,
    /// How many requests were due per second; none if each waited for the one before.
    pub rate: Option<f64>,
    /// From the first to the last.
    pub took: Duration,
    /// Cores that this process used.
    pub own_cores: Option<f64>,
    /// Cores that the server's processes used, if they are known.
    pub server_cores: Option<f64>,
}

impl Measured {
    /// Requests accepted per second.
    pub fn goodput(&self) -> f64 {
        let accepted: u64 = self.tally.kinds.iter().map(|counts| counts.accepted).sum();
        accepted as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}
