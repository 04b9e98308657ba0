//! The seam of time: the only place where a clock is read or a sleep begins.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bailiwick_core::{BoxFuture, Timestamp};
use parking_lot::Mutex;

/// Where a runtime gets its time from: a wall clock, and a monotonic one.
///
/// The time of a runtime never goes back, whatever its clock does. It goes on at the pace of
/// [`elapsed`](Clock::elapsed) and follows [`now`](Clock::now) when that is later:
///
/// - by a little ([`Config::clock_leap`](crate::Config::clock_leap)) at once;
/// - by more, a *leap*, when the clock has kept to it for
///   [`Config::clock_confirm`](crate::Config::clock_confirm), counted from the first look at it: when the
///   clock reaches a deadline, or with the next command, decision or
///   [`health`](crate::Runtime::health). So one wrong reading lets nothing run out early, and what ran out
///   while a machine was suspended may be late by that time and two seconds;
/// - not at all while it lies behind, because it was set back.
///
/// [`Runtime::health`](crate::Runtime::health) says which of these is the case.
///
/// For an example see [`ManualClock`](crate::ManualClock).
pub trait Clock: Send + Sync + 'static {
    /// The current time, by a clock that may be set.
    fn now(&self) -> Timestamp;

    /// Time that has passed since some moment, by a clock that nobody sets: it never goes back or
    /// leaps. Every interval is measured by it: time-outs, back-offs, how long something rests.
    ///
    /// A clock that does without one of its own, as one that is driven by a test, is taken at its
    /// word: then nothing is a leap.
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.now().as_millis())
    }

    /// Resolves when [`now`](Clock::now) is at or after `at`; it may be late, never early.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<()>;

    /// Resolves when `duration` has [elapsed](Clock::elapsed).
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.sleep_until(self.now() + duration)
    }
}

/// The wall clock, with tokio's timers. Needs a tokio runtime with the time driver enabled.
///
/// For an example see [`ManualClock`](crate::ManualClock).
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    made: Instant,
}

impl SystemClock {
    /// No sleep is longer than this, so that a step of the wall clock is noticed.
    const LONGEST_SLEEP: Duration = Duration::from_secs(1);

    /// The wall clock.
    pub fn new() -> Self {
        SystemClock { made: Instant::now() }
    }

    fn since_epoch() -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// How long it is until `at`. Not from [`now`](Clock::now), which is up to a millisecond behind
    /// and would make every sleeper as late.
    fn until(at: Timestamp) -> Duration {
        Duration::from_millis(at.as_millis()).saturating_sub(SystemClock::since_epoch())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemClock::since_epoch();
        // Not `as_millis`, which divides 128 bits.
        Timestamp::from_millis(since.as_secs() * 1_000 + u64::from(since.subsec_millis()))
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<()> {
        Box::pin(async move {
            loop {
                let left = SystemClock::until(at);
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(SystemClock::LONGEST_SLEEP)).await;
            }
        })
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that stands still until it is driven: for tests, simulations and replays.
///
/// Cloning shares it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use bailiwick::ManualClock;
///
/// let clock = ManualClock::at(1_000);
/// let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
/// let runtime = builder.clock(clock.clone()).start().await?;
/// let account = runtime.aggregates::<AccountSessions>().get("acc-1");
/// account.ask(Acquire("tv".into())).await?;
///
/// clock.advance(Duration::from_secs(10)); // Nobody waits, and the lease has run out.
/// let free = account.read(|account, now| account.leases.free(now)).await?.value;
/// assert_eq!(free, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Driven>>);

#[derive(Debug)]
struct Driven {
    now: Timestamp,
    next_sleeper: u64,
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: impl Into<Timestamp>) -> Self {
        let driven = Driven { now: now.into(), next_sleeper: 0, sleepers: BTreeMap::new() };
        ManualClock(Arc::new(Mutex::new(driven)))
    }

    /// Moves on by `duration` and wakes who has slept long enough.
    pub fn advance(&self, duration: Duration) {
        let to = self.0.lock().now + duration;
        self.advance_to(to);
    }

    /// Moves on to `to` and wakes who has slept long enough. Never moves back.
    pub fn advance_to(&self, to: impl Into<Timestamp>) {
        let mut driven = self.0.lock();
        let now = driven.now.max(to.into());
        driven.now = now;
        let later = driven.sleepers.split_off(&(now.plus_millis(1), 0));
        let due = std::mem::replace(&mut driven.sleepers, later);
        drop(driven);
        due.into_values().for_each(Waker::wake);
    }

    /// When the next sleeper wants to wake, if anybody sleeps.
    pub fn next_sleeper(&self) -> Option<Timestamp> {
        self.0.lock().sleepers.keys().next().map(|(at, _)| *at)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.lock().now
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<()> {
        Box::pin(Sleep { clock: self.clone(), at, key: None })
    }
}

struct Sleep {
    clock: ManualClock,
    at: Timestamp,
    key: Option<(Timestamp, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut driven = clock.0.lock();
        if driven.now >= self.at {
            return Poll::Ready(());
        }
        let at = self.at;
        let key = *self.key.get_or_insert_with(|| {
            driven.next_sleeper += 1;
            (at, driven.next_sleeper)
        });
        driven.sleepers.insert(key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.0.lock().sleepers.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(sleep: &mut BoxFuture<()>) -> Poll<()> {
        sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_manual_clock_wakes_nobody_early_and_forgets_the_dropped() {
        let clock = ManualClock::at(100);
        let mut sleep = clock.sleep(Duration::from_millis(10));
        let dropped = clock.sleep_until(Timestamp::from_millis(105));
        assert!(poll(&mut sleep).is_pending());
        drop(dropped);
        assert_eq!(clock.next_sleeper(), Some(Timestamp::from_millis(110)));
        clock.advance_to(109);
        assert!(poll(&mut sleep).is_pending());
        clock.advance_to(50);
        assert_eq!(clock.now(), Timestamp::from_millis(109));
        clock.advance(Duration::from_millis(1));
        assert!(poll(&mut sleep).is_ready());
    }
}
