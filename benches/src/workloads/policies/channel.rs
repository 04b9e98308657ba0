//! A bare channel into tasks: no order is checked, nothing is tried again, and what was under way when it
//! ends is forgotten.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bailiwick::{Id, MemoryJournal, Tags};
use tokio::sync::{mpsc, oneshot};

use super::chain::{AGGREGATES, Chain};
use super::market::{DepotId, Packed, Sold, StallId, numbered};
use super::paced::Times;
use crate::ledger::Ledger;

/// The news that wait, and those of one target.
const WAITING: usize = 16_384;
const OF_ONE: usize = 64;

/// A task per stall and per depot, and one between them.
pub(super) struct Channel {
    stalls: Vec<mpsc::Sender<(u64, oneshot::Sender<u64>)>>,
    effects: Arc<AtomicU64>,
}

impl Chain for Channel {
    async fn open(_: &Path, times: &'static Times) -> Self {
        let ledger = Ledger::new(MemoryJournal::new());
        let effects = Arc::new(AtomicU64::new(0));
        let depots = (0..AGGREGATES).map(|n| depot(n, &ledger, &effects, times)).collect();
        let (news, waiting) = mpsc::channel(WAITING);
        tokio::spawn(between(waiting, depots));
        let stalls = (0..AGGREGATES).map(|n| stall(n, &ledger, &news)).collect();
        Channel { stalls, effects }
    }

    fn sell(&self, n: usize) -> impl Future<Output = ()> + Send {
        let stall = self.stalls[n % AGGREGATES].clone();
        async move {
            let (reply, replied) = oneshot::channel();
            stall.send((n as u64, reply)).await.expect("the task runs");
            replied.await.expect("the task answers");
        }
    }

    fn effects(&self) -> u64 {
        self.effects.load(Ordering::Relaxed)
    }

    fn notes(&self) {}

    async fn close(&self) -> u64 {
        self.effects()
    }
}

fn stall(
    n: usize,
    ledger: &Ledger,
    news: &mpsc::Sender<Sold>,
) -> mpsc::Sender<(u64, oneshot::Sender<u64>)> {
    let (asks, mut asked) = mpsc::channel::<(u64, oneshot::Sender<u64>)>(OF_ONE);
    let (ledger, news, from) = (ledger.clone(), news.clone(), numbered::<DepotId>(n));
    let tags = Tags::from(numbered::<StallId>(n).tag().expect("a valid tag"));
    tokio::spawn(async move {
        let mut count = 0;
        while let Some((n, reply)) = asked.recv().await {
            let sold = Sold { n, from: from.clone() };
            ledger.append(&sold, &tags, ledger.now());
            count += 1;
            let _ = reply.send(count);
            let _ = news.send(sold).await;
        }
    });
    asks
}

async fn between(mut news: mpsc::Receiver<Sold>, depots: Vec<mpsc::Sender<u64>>) {
    while let Some(Sold { n, .. }) = news.recv().await {
        let _ = depots[n as usize % AGGREGATES].send(n).await;
    }
}

fn depot(
    n: usize,
    ledger: &Ledger,
    effects: &Arc<AtomicU64>,
    times: &'static Times,
) -> mpsc::Sender<u64> {
    let (sender, mut packs) = mpsc::channel(OF_ONE);
    let (ledger, effects) = (ledger.clone(), effects.clone());
    let tags = Tags::from(numbered::<DepotId>(n).tag().expect("a valid tag"));
    tokio::spawn(async move {
        while let Some(n) = packs.recv().await {
            ledger.append(&Packed { n }, &tags, ledger.now());
            effects.fetch_add(1, Ordering::Relaxed);
            times.is_durable(n);
        }
    });
    sender
}
