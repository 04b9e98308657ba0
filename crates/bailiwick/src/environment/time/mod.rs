//! The time of a runtime, made of what its clock says.
//!
//! 1. `now` never goes back. It is elapsed time, by the monotonic clock, and an offset: see
//!    [`course`] for what moves that.
//! 2. A turn asks the monotonic clock only. The wall clock is looked at every [`LOOK`] while somebody
//!    asks for the time, before a deadline is called due or not, and, while a leap of it is not
//!    believed yet, by a task.
//! 3. Intervals are measured by [`Moment`]s, which are elapsed time alone.
//!
//! Why it is as it is: docs/decisions/time.md.

mod course;
mod moment;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bailiwick_core::Timestamp;
use bailiwick_core::journal::RecordedEvent;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::config::Config;
use crate::environment::clock::Clock;
use crate::environment::health::ClockHealth;
use crate::util::race::either;
use course::{Course, News};
pub(crate) use moment::Moment;

/// How long a reading of the wall clock serves turns, in microseconds.
const LOOK: u64 = 10_000;

/// How many readings there are at the start, of which the earliest is believed.
const FIRST_READINGS: usize = 3;

/// How long there is between two looks while a leap is not believed yet: a third of what confirms it.
const SHORTEST_LOOK: Duration = Duration::from_millis(10);
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// How long a recorded time that is not believed keeps others from being told.
const TOLD_EVERY: Duration = Duration::from_secs(60);

pub(crate) struct Time {
    clock: Arc<dyn Clock>,
    /// The clock's elapsed time when the runtime began.
    begun: Duration,
    /// What is added to elapsed microseconds. As the course says; only grows.
    offset: AtomicU64,
    /// When the wall clock is to be looked at again, in elapsed microseconds.
    next_look: AtomicU64,
    /// The latest `now` that anybody had, in milliseconds, and the latest moment. Should the
    /// monotonic clock go back, these do not.
    latest: AtomicU64,
    moment: AtomicU64,
    course: Mutex<Course>,
    /// When it was last told of a recorded time that was not believed.
    told: Mutex<Option<Moment>>,
    confirm: Duration,
    /// A leap of the clock is not believed yet.
    leapt: Notify,
    /// `now` has moved by more than time, or a leap is over.
    moved: Notify,
}

impl Time {
    pub(crate) fn new(clock: Arc<dyn Clock>, config: &Config) -> Self {
        let begun = clock.elapsed();
        let readings = (0..FIRST_READINGS).map(|_| (wall(&*clock), since(&*clock, begun)));
        let (wall, elapsed) = readings
            .min_by_key(|(wall, elapsed)| wall.saturating_sub(*elapsed))
            .expect("at least one");
        let course = Course::new(config, wall, elapsed);
        Time {
            clock,
            begun,
            offset: AtomicU64::new(course.offset()),
            next_look: AtomicU64::new(0),
            latest: AtomicU64::new(0),
            moment: AtomicU64::new(0),
            course: Mutex::new(course),
            told: Mutex::new(None),
            confirm: config.clock_confirm,
            leapt: Notify::new(),
            moved: Notify::new(),
        }
    }

    /// The current time. It never goes back.
    pub(crate) fn now(&self) -> Timestamp {
        self.now_with(self.clock.elapsed())
    }

    /// The latest time that anybody was told.
    pub(crate) fn latest(&self) -> Timestamp {
        Timestamp::from_millis(self.latest.load(Relaxed))
    }

    /// The same, for who has just read the clock's `elapsed`.
    pub(crate) fn now_with(&self, elapsed: Duration) -> Timestamp {
        let elapsed = self.since_begin(elapsed);
        let next_look = self.next_look.load(Relaxed);
        if elapsed >= next_look {
            let after = elapsed.saturating_add(LOOK);
            if self.next_look.compare_exchange(next_look, after, Relaxed, Relaxed).is_ok() {
                self.look();
            }
        }
        self.now_at(elapsed)
    }

    /// As [`now`](Self::now), after a look at the wall clock.
    pub(crate) fn exact_now(&self) -> Timestamp {
        self.look();
        self.now_at(self.elapsed())
    }

    /// The current moment.
    pub(crate) fn moment(&self) -> Moment {
        self.at_least(&self.moment, self.elapsed() / 1_000);
        self.recent()
    }

    /// The moment when somebody last asked for the time: for what need not be exact.
    pub(crate) fn recent(&self) -> Moment {
        Moment::from_millis(self.moment.load(Relaxed))
    }

    /// `now` will not be earlier than `at`, unless that lies too far ahead of the clock.
    pub(crate) fn not_before(&self, at: Timestamp) {
        if at.as_millis() <= self.latest.load(Relaxed) || at <= self.exact_now() {
            return;
        }
        let elapsed = self.elapsed();
        let mut course = self.course.lock();
        let believed = course.not_before(at, elapsed);
        self.offset.fetch_max(course.offset(), Relaxed);
        drop(course);
        if believed {
            self.moved.notify_waiters();
        } else {
            self.tell_of_the_future(at);
        }
    }

    /// As [`not_before`](Self::not_before), of all of them that are not too far ahead.
    pub(crate) fn not_before_any(&self, events: &[RecordedEvent]) {
        let known = self.latest();
        let later =
            events.iter().map(|recorded| recorded.event.recorded_at).filter(|at| *at > known);
        later.for_each(|at| self.not_before(at));
    }

    /// Resolves when `now` is at or after `at`, and perhaps before: whoever waits looks again. Before
    /// `closing`, or when that is ready.
    pub(crate) async fn reach(&self, at: Timestamp, closing: impl Future<Output = ()>) {
        // Before the look, so that what moves after it is not missed.
        let moved = self.moved.notified();
        let now = self.exact_now();
        let elapsed = self.elapsed().saturating_add(self.offset.load(Relaxed));
        let left = at.as_millis().saturating_mul(1_000).saturating_sub(elapsed);
        if now >= at || left == 0 {
            return;
        }
        // By the monotonic clock, in case that the wall clock was set back; and by the wall clock,
        // which may be set on.
        let change = either(self.clock.sleep(Duration::from_micros(left)), either(moved, closing));
        if self.has_leapt() {
            // It shows a time that is not believed: a sleep by it would be over at once.
            return change.await;
        }
        either(self.clock.sleep_until(at), change).await;
    }

    /// What the clock does that it should not.
    pub(crate) fn health(&self) -> ClockHealth {
        let now = self.exact_now();
        let course = self.course.lock();
        let ahead = course.ignored().since(now);
        ClockHealth {
            behind: course.behind(),
            leap: course.leap(),
            recorded_ahead: (!ahead.is_zero()).then_some(ahead),
        }
    }

    /// Elapsed time since the beginning, in microseconds.
    fn elapsed(&self) -> u64 {
        self.since_begin(self.clock.elapsed())
    }

    fn since_begin(&self, elapsed: Duration) -> u64 {
        let elapsed = elapsed.saturating_sub(self.begun);
        let seconds = elapsed.as_secs().saturating_mul(1_000_000);
        seconds.saturating_add(elapsed.subsec_micros().into())
    }

    fn now_at(&self, elapsed: u64) -> Timestamp {
        self.at_least(&self.moment, elapsed / 1_000);
        let now = elapsed.saturating_add(self.offset.load(Relaxed)) / 1_000;
        Timestamp::from_millis(self.at_least(&self.latest, now))
    }

    /// Raises what only grows. One store per millisecond, whoever asks.
    fn at_least(&self, latest: &AtomicU64, value: u64) -> u64 {
        let known = latest.load(Relaxed);
        if known >= value {
            return known;
        }
        latest.fetch_max(value, Relaxed).max(value)
    }

    /// Looks at the wall clock.
    fn look(&self) {
        let wall = wall(&*self.clock);
        // After it: whoever is kept waiting in between finds the clock behind, never ahead.
        let elapsed = since(&*self.clock, self.begun);
        let mut course = self.course.lock();
        let news = course.read(wall, elapsed);
        self.offset.fetch_max(course.offset(), Relaxed);
        drop(course);
        match news {
            Some(News::Leapt { by }) => {
                self.leapt.notify_one();
                tracing::warn!(
                    ?by,
                    "the clock leapt ahead; it is not believed before it has kept to that"
                );
            }
            Some(News::Believed { by }) => {
                self.moved.notify_waiters();
                tracing::warn!(?by, "the clock has kept to its leap; `now` follows it");
            }
            Some(News::Recovered) => {
                self.moved.notify_waiters();
                tracing::warn!("the clock has not kept to its leap; `now` did not follow");
            }
            Some(News::SetBack { by }) => tracing::warn!(
                ?by,
                "the clock lies behind; `now` goes on at the pace of elapsed time"
            ),
            Some(News::CaughtUp) => tracing::info!("the clock does not lie behind any more"),
            None => {}
        }
    }

    /// Looks at the wall clock while a leap of it is not believed yet.
    pub(crate) async fn keep_looking(&self) {
        let between = (self.confirm / course::READINGS).clamp(SHORTEST_LOOK, LONGEST_LOOK);
        loop {
            if self.has_leapt() {
                self.clock.sleep(between).await;
                self.look();
            } else {
                self.leapt.notified().await;
            }
        }
    }

    fn has_leapt(&self) -> bool {
        self.course.lock().leap().is_some()
    }

    fn tell_of_the_future(&self, at: Timestamp) {
        let (now, moment) = (self.now(), self.moment());
        let mut told = self.told.lock();
        if told.is_some_and(|told| moment.since(told) < TOLD_EVERY) {
            return;
        }
        *told = Some(moment);
        drop(told);
        let by = at.since(now);
        tracing::warn!(%at, ?by, "an event was recorded far ahead of the clock; `now` does not follow it");
    }
}

/// What the wall clock shows, in microseconds.
fn wall(clock: &dyn Clock) -> u64 {
    clock.now().as_millis().saturating_mul(1_000)
}

/// Elapsed time since `begun`, in microseconds, rounded up.
fn since(clock: &dyn Clock, begun: Duration) -> u64 {
    let elapsed = clock.elapsed().saturating_sub(begun);
    let seconds = elapsed.as_secs().saturating_mul(1_000_000);
    seconds.saturating_add(u64::from(elapsed.subsec_nanos()).div_ceil(1_000))
}
