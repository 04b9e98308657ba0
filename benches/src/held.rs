//! A clock that stands still while a workload prepares, and is the wall clock from then on.
//!
//! So what is armed first does not fall due before the last is armed, however long that takes.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bailiwick::{BoxFuture, Clock, SystemClock, Timestamp};
use tokio::sync::Notify;

/// Time stands still until [`HeldClock::release`]; then it goes on, behind the wall clock by as
/// long as it was held. Cloning shares it.
#[derive(Clone)]
pub struct HeldClock(Arc<Inner>);

struct Inner {
    wall: SystemClock,
    held_at: Timestamp,
    /// In whole milliseconds, so that both clocks tick at the same moment.
    behind: OnceLock<Duration>,
    released: Notify,
}

impl HeldClock {
    /// Stands still at the time of the wall clock.
    pub fn hold() -> HeldClock {
        let wall = SystemClock::new();
        HeldClock(Arc::new(Inner {
            held_at: wall.now(),
            wall,
            behind: OnceLock::new(),
            released: Notify::new(),
        }))
    }

    /// Lets time go on. Returns how far it is behind the wall clock.
    pub fn release(&self) -> Duration {
        let Inner { wall, held_at, behind, released } = &*self.0;
        let behind = *behind.get_or_init(|| wall.now().since(*held_at));
        released.notify_waiters();
        behind
    }

    async fn behind(&self) -> Duration {
        loop {
            // Before the look, so that the release is not missed.
            let released = self.0.released.notified();
            match self.0.behind.get() {
                Some(behind) => return *behind,
                None => released.await,
            }
        }
    }
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        match self.0.behind.get() {
            Some(behind) => earlier(self.0.wall.now(), *behind),
            None => self.0.held_at,
        }
    }

    fn elapsed(&self) -> Duration {
        match self.0.behind.get() {
            Some(behind) => self.0.wall.elapsed().saturating_sub(*behind),
            None => Duration::ZERO,
        }
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<()> {
        let clock = self.clone();
        Box::pin(async move {
            let behind = clock.behind().await;
            clock.0.wall.sleep_until(at + behind).await;
        })
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.0.wall.sleep(duration)
    }
}

fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(at.as_millis() - by.as_millis() as u64)
}
