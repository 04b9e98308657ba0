//! Floods of calls to ever new IDs: what they leave in memory, and the most that they take meanwhile.

use std::time::Duration;

use bailiwick::{Aggregates, Runtime};

use super::parcel::{Open, Parcel, Parcels};

const CLIENTS: u32 = 64;
/// Before a flood so many rest already: as many as may.
const RESTING: u32 = 10_000;
const LINGERING: usize = 256;
const LINGER: Duration = Duration::from_millis(10);

/// What a flood did.
pub struct Flood {
    /// What was called, and how.
    pub name: &'static str,
    /// How often.
    pub calls: u32,
    /// Heap bytes before it.
    pub before: f64,
    /// The most heap bytes meanwhile.
    pub peak: f64,
    /// Heap bytes after it.
    pub after: f64,
    /// How many of those who rested before are there still.
    pub still_there: usize,
}

/// How the heap is measured.
pub struct Heap {
    /// Bytes in use.
    pub now: fn() -> f64,
    /// The most bytes in use since `reset`.
    pub peak: fn() -> f64,
    /// Begins anew with `peak`.
    pub reset: fn(),
}

/// Floods runtimes, one after the other, each with so many calls.
pub async fn floods(calls: u32, heap: &Heap) -> Vec<Flood> {
    let mut floods = Vec::new();
    let reads = |parcels: Aggregates<Parcel>, n| async move {
        parcels.get(Parcel::unknown(n)).read(|_, _| ()).await.expect("it is read");
    };
    floods.push(flood("reads of unknown IDs", calls, heap, reads).await);
    let commands = |parcels: Aggregates<Parcel>, n| async move {
        parcels.get(Parcel::unknown(n)).ask(Open).await.expect_err("it is sealed");
    };
    floods.push(flood("commands to unknown IDs, rejected", calls, heap, commands).await);
    let known = |parcels: Aggregates<Parcel>, n| async move {
        parcels.get(Parcel::id(RESTING + n, 0)).read(|_, _| ()).await.expect("it is read");
    };
    floods.push(flood("reads of known IDs, each once", calls, heap, known).await);
    floods
}

async fn flood<F>(
    name: &'static str,
    calls: u32,
    heap: &Heap,
    call: impl Fn(Aggregates<Parcel>, u32) -> F + Copy + Send + Sync + 'static,
) -> Flood
where
    F: Future<Output = ()> + Send + 'static,
{
    let builder = Runtime::builder(Parcels::new()).aggregate::<Parcel>().config(|config| {
        config.warm(LINGER).warm_aggregates(LINGERING).resting_aggregates(RESTING as usize)
    });
    let runtime = builder.start().await.expect("it starts");
    let parcels = runtime.aggregates::<Parcel>();
    for n in 0..RESTING {
        parcels.get(Parcel::id(n, 0)).read(|_, _| ()).await.expect("it is read");
    }
    quiet().await;
    let before = (heap.now)();
    (heap.reset)();
    let clients = (0..CLIENTS).map(|client| {
        let parcels = parcels.clone();
        tokio::spawn(async move {
            for n in (client..calls).step_by(CLIENTS as usize) {
                call(parcels.clone(), n).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("a client ended well");
    }
    let peak = (heap.peak)();
    quiet().await;
    let in_memory = parcels.in_memory();
    let rested = (0..RESTING).map(|n| Parcel::id(n, 0));
    let still_there = rested.filter(|id| in_memory.binary_search(id).is_ok()).count();
    drop(in_memory);
    Flood { name, calls, before, peak, after: (heap.now)(), still_there }
}

/// Long enough for the actors to leave.
async fn quiet() {
    tokio::time::sleep(LINGER * 50).await;
}
