//! A policy in a long history: a million events that concern nobody, and a thousand among them that it
//! wants. How long after `start` is called all of these are delivered; how long until there is nothing
//! more to do, where all of them are done: with the mark that says so, and without it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bailiwick::journal::{EncodedEvent, EventType, Journal, Metadata, POLICY_REACHED, QueryItem};
use bailiwick::{
    Builder, Event, FileJournal, Id, ManualClock, MemoryJournal, Runtime, Tags, Timestamp,
};
use bailiwick_core::policy::PolicyFact;
use tokio::time::sleep;

use super::market::{Depot, Door, DoorId, Opened, Packing, Sold, Stall, StallId, numbered};
use crate::latency::Latencies;
use crate::report::Row;
use crate::rounds::{Round, System, interleaved_long};
use crate::workloads::durable::a_folder_in;

/// The events that the policy wants.
const WANTED: usize = 1_000;
/// Events per append.
const BATCH: usize = 1_000;
const LOOKS_EVERY: Duration = Duration::from_millis(1);
const LIMIT_OF_THE_END: Duration = Duration::from_secs(60);

/// What the policy has done before.
#[derive(Clone, Copy, PartialEq)]
enum Done {
    /// There is no policy: what everything else is compared with.
    NoPolicy,
    Nothing,
    /// Everything; that it has was not recorded.
    Unmarked,
    /// Everything, and the mark says so.
    Marked,
}

const ALL: [(Done, &str); 4] = [
    (Done::NoPolicy, "no policy"),
    (Done::Nothing, "new: delivers all"),
    (Done::Unmarked, "done, no mark: looks for all"),
    (Done::Marked, "done, from the mark"),
];

/// In memory, and on the durable journal.
pub async fn run(folder: &Path, quick: bool) -> Vec<Row> {
    let (events, rounds) = if quick { (100_000, 1) } else { (1_000_000, 3) };
    let systems = ALL.map(|(done, name)| {
        System::new(format!("memory, {name}"), move || async move {
            let journal = MemoryJournal::new();
            prepare(|| journal.clone(), done, events).await;
            measured(journal, done).await
        })
    });
    let mut rows = interleaved_long("policy-backlog", 0, rounds, systems.into()).await;
    let systems = ALL.map(|(done, name)| {
        let folder = folder.to_owned();
        System::new(format!("durable, {name}"), move || on_disk(folder.clone(), done, events))
    });
    rows.extend(interleaved_long("policy-backlog", 0, rounds, systems.into()).await);
    rows
}

async fn on_disk(folder: PathBuf, done: Done, events: usize) -> Round {
    let folder = a_folder_in(&folder);
    let open = || FileJournal::open(folder.path()).expect("a journal");
    prepare(open, done, events).await;
    measured(open(), done).await
}

fn builder(journal: impl Journal, done: Done) -> Builder {
    let builder = Runtime::builder(journal);
    let builder = builder.aggregate::<Stall>().aggregate::<Depot>().aggregate::<Door>();
    match done {
        Done::NoPolicy => builder,
        _ => builder.policy(Packing { panics_at: None }),
    }
}

async fn measured(journal: impl Journal, done: Done) -> Round {
    let builder = builder(journal, done);
    let begun = Instant::now();
    let runtime = builder.start().await.expect("it starts");
    let started = begun.elapsed();
    is_idle(&runtime).await;
    let mut latencies = Latencies::default();
    latencies.push(begun.elapsed());
    if let Some(policy) = runtime.policies().get("packing") {
        let counts = policy.status().counts;
        let wanted = match done {
            Done::NoPolicy | Done::Nothing => (WANTED as u64, 0),
            Done::Unmarked => (0, WANTED as u64),
            Done::Marked => (0, 0),
        };
        assert_eq!((counts.caused, counts.repeated), wanted, "it does what is left to do");
    }
    runtime.shutdown(LIMIT_OF_THE_END).await;
    let asides = vec![(started.as_secs_f64() * 1e6, "µs until it was started")];
    Round { latencies, asides, ..Round::default() }
}

/// Until the policy has read everything, and nothing of it is left.
async fn is_idle(runtime: &Runtime) {
    let Some(policy) = runtime.policies().get("packing") else { return };
    let head = runtime.journal().head().await.expect("it has an end").position;
    loop {
        let status = policy.status();
        if status.read >= head && status.pending == 0 {
            return;
        }
        sleep(LOOKS_EVERY).await;
    }
}

/// Until the mark is behind all that the policy wants.
async fn is_marked(runtime: &Runtime) {
    let journal = runtime.journal();
    let last = async |event_type| {
        let last = journal.last(QueryItem::of_type(event_type).into()).await;
        last.expect("it can be read").event
    };
    let wanted = last("Sold").await.expect("there is one").position;
    loop {
        if let Some(mark) = last(POLICY_REACHED).await
            && let Ok(Some(PolicyFact::Reached { upto })) = mark.event.decode()
            && upto >= wanted
        {
            return;
        }
        sleep(LOOKS_EVERY).await;
    }
}

/// Writes the history, and what the policy has done in it.
async fn prepare<J: Journal>(open: impl Fn() -> J, done: Done, events: usize) {
    let journal = open();
    let every = events / WANTED;
    for first in (0..events).step_by(BATCH) {
        let mut batch = Vec::with_capacity(BATCH + BATCH / every + 1);
        for n in first..first + BATCH {
            batch.push(event(&Opened {}, numbered::<DoorId>(n % 100)));
            if n.is_multiple_of(every) {
                let sold = Sold { n: n as u64, from: numbered(n / every) };
                batch.push(event(&sold, numbered::<StallId>(n / every)));
            }
        }
        journal.append(batch, None).await.expect("it can be written");
    }
    drop(journal);
    if done == Done::Unmarked || done == Done::Marked {
        let builder = builder(open(), done);
        // No mark by time, and by number at once or never.
        let marks = if done == Done::Marked { 1 } else { u64::MAX };
        let builder = builder.clock(ManualClock::at(1_000_000));
        let builder = builder.config(|config| config.policy_mark_news(marks));
        let runtime = builder.start().await.expect("it starts");
        is_idle(&runtime).await;
        if done == Done::Marked {
            is_marked(&runtime).await;
        }
    }
}

fn event<E: Event>(event: &E, id: impl Id) -> EncodedEvent {
    let mut payload = Vec::new();
    event.encode(&mut payload).expect("it can be encoded");
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: event.descriptor().version(),
        tags: Tags::from(id.tag().expect("a valid tag")),
        payload: payload.into(),
        recorded_at: Timestamp::from_millis(1_000_000),
        metadata: Metadata::default(),
    }
}
