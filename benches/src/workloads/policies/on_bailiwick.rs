//! A policy on Bailiwick, in memory and on its durable journal.

use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use bailiwick::journal::{EventType, Journal, Query, QueryItem, Read};
use bailiwick::{Aggregates, FileJournal, MemoryJournal, Position, ReactionHandle, Runtime};

use super::chain::{AGGREGATES, Chain};
use super::market::{Depot, DepotId, Packed, Packing, Sell, Stall, StallId, numbered};
use super::paced::Times;

/// How long a runtime may take to end.
const LIMIT_OF_THE_END: Duration = Duration::from_secs(10);

/// On which journal.
pub(super) trait Ground: Send + Sync + 'static {
    type Journal: Journal;
    fn open(folder: &Path) -> Self::Journal;
}

pub(super) struct OnMemory;
pub(super) struct OnDisk;

impl Ground for OnMemory {
    type Journal = MemoryJournal;

    fn open(_: &Path) -> MemoryJournal {
        MemoryJournal::new()
    }
}

impl Ground for OnDisk {
    type Journal = FileJournal;

    fn open(folder: &Path) -> FileJournal {
        FileJournal::open(folder).expect("a journal")
    }
}

/// A runtime with the policy.
pub(super) struct Market<G> {
    pub(super) runtime: Runtime,
    stalls: Aggregates<Stall>,
    ids: Vec<(StallId, DepotId)>,
    policy: ReactionHandle,
    times: &'static Times,
    ground: PhantomData<G>,
}

impl<G: Ground> Chain for Market<G> {
    async fn open(folder: &Path, times: &'static Times) -> Self {
        let builder = Runtime::builder(G::open(folder)).aggregate::<Stall>().aggregate::<Depot>();
        let builder = builder.policy(Packing { panics_at: None });
        let runtime = builder.start().await.expect("it starts");
        Market::of(runtime, AGGREGATES, times)
    }

    fn sell(&self, n: usize) -> impl Future<Output = ()> + Send {
        let (stall, from) = self.ids[n % self.ids.len()].clone();
        let asked = self.stalls.get(stall).ask(Sell { n: n as u64, from });
        async move {
            asked.await.expect("it sells");
        }
    }

    fn effects(&self) -> u64 {
        self.policy.status().counts.news
    }

    fn notes(&self) {
        tokio::spawn(follow(self.runtime.journal(), self.times));
    }

    async fn close(&self) -> u64 {
        let journal = self.runtime.journal();
        let effects = count(&journal).await;
        let counts = self.policy.status().counts;
        assert_eq!((counts.caused, counts.news, counts.failures), (effects, effects, 0));
        self.runtime.shutdown(LIMIT_OF_THE_END).await;
        effects
    }
}

impl<G> Market<G> {
    pub(super) fn of(runtime: Runtime, aggregates: usize, times: &'static Times) -> Self {
        let policy = runtime.policies().get("packing").expect("it was added");
        let ids = (0..aggregates).map(|n| (numbered(n), numbered(n))).collect();
        let stalls = runtime.aggregates();
        Market { runtime, stalls, ids, policy, times, ground: PhantomData }
    }
}

fn effects() -> Query {
    QueryItem::new([EventType::literal("Packed")], []).expect("there is a type").into()
}

async fn count(journal: &impl Journal) -> u64 {
    let (mut count, mut upto) = (0, Position::START);
    loop {
        let page = journal.read(Read::new(effects()).after(upto)).await.expect("it can be read");
        (count, upto) = (count + page.events.len() as u64, page.upto);
        if !page.more {
            return count;
        }
    }
}

/// Follows the journal from its end on, until the runtime ends.
async fn follow(journal: impl Journal, times: &'static Times) {
    let mut upto = journal.head().await.expect("it has an end").position;
    while let Ok(page) = journal.read(Read::new(effects()).after(upto)).await {
        for effect in &page.events {
            let packed = effect.event.decode::<Packed>().expect("it can be read");
            times.is_durable(packed.expect("it is of this type").n);
        }
        upto = page.upto;
        if !page.more && journal.changed(effects(), upto).await.is_err() {
            return;
        }
    }
}
