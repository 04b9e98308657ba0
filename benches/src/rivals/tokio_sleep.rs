//! A bare tokio task per lease, asleep until it ends: the deadline of those who have no index.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bailiwick::{Clock, Id, Tags, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::domain::{Credit, CreditEvent, CreditId};
use crate::ledger::Ledger;

/// Tasks that each let one credit lapse. Dropping it ends them.
pub struct Sleepers {
    ledger: Ledger,
    /// The same moment by both clocks.
    origin: (Instant, SystemTime),
    asleep: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Sleepers {
    /// Room for `n`.
    pub fn new(ledger: Ledger, n: usize) -> Self {
        let origin = (Instant::now(), SystemTime::now());
        Sleepers { ledger, origin, asleep: Arc::default(), tasks: Vec::with_capacity(n) }
    }

    /// Lets the credit `id` lapse at `due`.
    pub fn arm(&mut self, id: &CreditId, due: Timestamp) {
        let at = self.instant(due);
        let (id, ledger, asleep) = (id.clone(), self.ledger.clone(), self.asleep.clone());
        self.tasks.push(tokio::spawn(async move {
            let mut credit = Credit::full();
            credit.fold(&CreditEvent::Leased { until: due });
            asleep.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep_until(at).await;
            // The wall clock may lag behind the timer's.
            while ledger.clock.now() < due {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            ledger.lapse(&mut credit, &Tags::from(id.tag().expect("a valid tag")));
        }));
    }

    /// Waits until every task has been polled once.
    pub async fn all_asleep(&self) {
        while self.asleep.load(Ordering::Relaxed) < self.tasks.len() {
            tokio::task::yield_now().await;
        }
    }

    fn instant(&self, due: Timestamp) -> Instant {
        let (instant, time) = self.origin;
        let due = UNIX_EPOCH + Duration::from_millis(due.as_millis());
        instant + due.duration_since(time).unwrap_or_default()
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
