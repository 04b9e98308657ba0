//! What a race takes from its surroundings: chance, a clock with very short sleeps, an executor
//! that is slow, and a journal that is, too. They make the moments long in which something can go wrong.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use bailiwick::journal::Answer;
use bailiwick::{BoxFuture, Clock, MemoryJournal, Spawn, SystemClock, Timestamp};
use bailiwick_tests::journals::altered::Altered;
use tokio::runtime::Handle;
use tokio::task::coop::consume_budget;

/// splitmix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// Lets others run `times` times.
pub async fn yields(mut times: u64) {
    poll_fn(|cx| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The wall clock; but what is elapsed are looks at the clock, one for each microsecond, beside the
/// whole milliseconds that pass, and a sleep below a millisecond takes as many polls as it has
/// microseconds. So time-outs pass between any two steps of a command.
#[derive(Default)]
pub struct RaceClock {
    wall: SystemClock,
    looks: AtomicU64,
}

impl Clock for RaceClock {
    fn now(&self) -> Timestamp {
        SystemClock::new().now()
    }

    fn elapsed(&self) -> Duration {
        let elapsed = self.wall.elapsed();
        let millis = elapsed.as_secs() * 1_000 + u64::from(elapsed.subsec_millis());
        Duration::from_micros(millis * 1_000 + self.looks.fetch_add(1, Ordering::Relaxed))
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<()> {
        SystemClock::new().sleep_until(at)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        match duration.as_millis() {
            0 => Box::pin(yields(duration.subsec_micros().into())),
            _ => SystemClock::new().sleep(duration),
        }
    }
}

/// Runs tasks on tokio, and now and then lets one have nothing of tokio's in its turn. kameo takes
/// locks of tokio's when an actor ends, so some of them linger on when the next one is there.
pub struct SlowSpawner(pub Handle);

impl Spawn for SlowSpawner {
    fn spawn(&self, mut task: BoxFuture<()>) {
        let mut random = Random::new(self.0.metrics().num_alive_tasks() as u64);
        let slowed = poll_fn(move |cx| {
            if random.one_in(4) {
                while pin!(consume_budget()).poll(cx).is_ready() {}
            }
            task.as_mut().poll(cx)
        });
        drop(self.0.spawn(slowed));
    }
}

/// A memory journal whose answers come at once, after a few polls, or from another task. What is
/// appended is in the journal with the call, as the port demands.
#[derive(Clone, Default)]
pub struct SlowJournal {
    inner: MemoryJournal,
    calls: Arc<AtomicU64>,
    reads: Arc<AtomicU64>,
}

impl SlowJournal {
    pub fn inner(&self) -> &MemoryJournal {
        &self.inner
    }

    pub fn journal(&self) -> Altered {
        let [one, two, three] = [(); 3].map(|()| self.clone());
        Altered::new(self.inner.clone())
            .append(move |inner, events, condition| one.delay(inner.append(events, condition)))
            .read(move |inner, read| {
                two.reads.fetch_add(1, Ordering::Relaxed);
                two.delay(inner.read(read))
            })
            .last(move |inner, query| three.delay(inner.last(query)))
    }

    /// How often an aggregate was loaded or watched.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    fn delay<T: Send + 'static>(&self, answer: Answer<T>) -> Answer<T> {
        let chance = mix(self.calls.fetch_add(1, Ordering::Relaxed));
        match chance % 8 {
            0..4 => answer,
            4..7 => Answer::later(async move {
                yields(chance >> 60).await;
                answer.await
            }),
            _ => {
                let elsewhere = tokio::spawn(async move {
                    yields(chance >> 62).await;
                    answer.await
                });
                Answer::later(async move { elsewhere.await.expect("it does not panic") })
            }
        }
    }
}
