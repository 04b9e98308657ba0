//! Driven time: it stands still while anything runs, and never moves past a sleeper.
//!
//! So a deadline is met at its very millisecond, however fast the evening is replayed, and two
//! replays of one evening write the same journal.

use std::time::Duration;

use bailiwick::{ManualClock, Timestamp};
use tokio::time::{Instant, sleep_until};

use super::quiet::Quiet;

/// The time of a replay.
pub struct DrivenTime {
    clock: ManualClock,
    quiet: Quiet,
    pace: Option<Pace>,
}

/// How many times faster than recorded time passes, and since when.
struct Pace {
    speed: u32,
    began: Instant,
}

impl DrivenTime {
    /// Time begins at the epoch, and passes `speed` times as fast as it was recorded or, without
    /// one, as fast as it can.
    pub fn new(clock: ManualClock, quiet: Quiet, speed: Option<u32>) -> DrivenTime {
        let pace = speed.map(|speed| Pace { speed, began: Instant::now() });
        DrivenTime { clock, quiet, pace }
    }

    /// Moves on to `at`. Whoever sleeps until then, or less long, is woken at his time and
    /// has done what he wanted to do.
    pub async fn move_to(&self, at: Timestamp) {
        self.settle().await;
        while self.move_to_sleeper(at).await {}
        self.jump(at).await;
    }

    /// Moves on to the next sleeper if there is one until `latest`. Returns whether there was.
    pub async fn move_to_sleeper(&self, latest: Timestamp) -> bool {
        let next = self.clock.next_sleeper().filter(|next| *next <= latest);
        if let Some(next) = next {
            self.jump(next).await;
        }
        next.is_some()
    }

    /// Waits until nothing is left to do at this time.
    pub async fn settle(&self) {
        self.quiet.wait().await;
    }

    async fn jump(&self, to: Timestamp) {
        if let Some(Pace { speed, began }) = self.pace {
            let since = to.since(Timestamp::EPOCH) / speed;
            sleep_until(began + since.min(Duration::from_secs(1 << 30))).await;
        }
        self.clock.advance_to(to);
        self.settle().await;
    }
}
