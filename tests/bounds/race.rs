//! Few permits, many aggregates, callers that go away, and a journal that takes its time: everybody has
//! an answer, and nothing is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bailiwick::journal::Answer;
use bailiwick::{MemoryJournal, Runtime};
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterId};
use bailiwick_tests::journals::altered::Altered;

const PERMITS: usize = 3;
const THREADS: usize = 4;
const CALLERS: u64 = 64;

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) % bound
    }
}

#[test]
fn whoever_comes_and_goes_everybody_has_an_answer_and_nobody_keeps_a_permit() {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_time()
        .build()
        .unwrap();
    executor.block_on(crowd());
}

async fn crowd() {
    let in_flight = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let counted = in_flight.clone();
    let journal = Altered::new(MemoryJournal::new()).append(move |inner, events, condition| {
        let counted = counted.clone();
        // Submitted by the call; only the answer takes its time.
        let appended = inner.append(events, condition);
        Answer::later(async move {
            let (now, most) = &*counted;
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            appended.await
        })
    });
    let runtime = Runtime::builder(journal)
        .aggregate::<Counter>()
        .config(|config| {
            config.waiting_aggregates(PERMITS).resting_aggregates(8).warm(Duration::ZERO)
        })
        .start()
        .await
        .unwrap();
    let counters = runtime.aggregates::<Counter>();
    let callers: Vec<_> = (1..=CALLERS)
        .map(|caller| {
            let counters = counters.clone();
            tokio::spawn(async move {
                let mut random = Random(caller);
                for _ in 0..150 {
                    let id: CounterId = format!("c{}", random.below(40)).parse().unwrap();
                    let counter = counters.get(id).timeout(Duration::from_secs(60));
                    let ask = tokio::spawn(counter.ask(Count::FREELY));
                    match random.below(4) {
                        0 => ask.abort(),
                        1 => {
                            let read = tokio::spawn(counter.read(|counter, _| counter.value));
                            if random.below(2) == 0 {
                                read.abort();
                            } else {
                                read.await.unwrap().unwrap();
                            }
                            ask.await.unwrap().unwrap();
                        }
                        _ => {
                            ask.await.unwrap().unwrap();
                        }
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let most = in_flight.1.load(Ordering::SeqCst);
    assert!(most <= PERMITS + THREADS, "{most} appends in flight");
    // Each of them can still be asked, and nothing queues for ever.
    for n in 0..40 {
        let id: CounterId = format!("c{n}").parse().unwrap();
        counters.get(id).timeout(Duration::from_secs(60)).ask(Count::FREELY).await.unwrap();
    }
    let shutdown = runtime.shutdown(Duration::from_secs(60)).await;
    assert!(shutdown.in_time, "{shutdown:?}");
}
