//! How long a journal of a million events takes: every command recorded, a refusal among eight, a policy
//! that sends because of every tenth, in memory and in a folder.
//!
//! `cargo test --release -p bailiwick-tests --test rehearsal million -- --ignored --nocapture`
//! (`REHEARSED_EVENTS` for another number of them).

use std::time::{Duration, Instant};

use bailiwick::journal::Journal;
use bailiwick::rehearsal::Report;
use bailiwick::{
    Aggregate, Commands, Context, Event, FileJournal, GiveUp, Lane, MemoryJournal, News, Policy,
    Rehearsal, Runtime, Start, Timestamp, View, commands, id, require,
};
use serde::{Deserialize, Serialize};

id!(MeterId(u64): "meter");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum MeterEvent {
    Read(MeterRead),
    Billed { amount: u64 },
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct MeterRead {
    reads: u64,
    amount: u64,
}

#[derive(Clone)]
struct Meter<const LEAST: u64> {
    reads: u64,
    total: u64,
}

impl<const LEAST: u64> View for Meter<LEAST> {
    type Key = MeterId;
    type Event = MeterEvent;

    fn new(_: &MeterId) -> Self {
        Meter { reads: 0, total: 0 }
    }

    fn apply(&mut self, event: &MeterEvent, _: Timestamp) {
        if let MeterEvent::Read(MeterRead { amount, .. }) = event {
            (self.reads, self.total) = (self.reads + 1, self.total + amount);
        }
    }
}

impl<const LEAST: u64> Aggregate for Meter<LEAST> {
    const NAME: &'static str = "meter";
}

#[derive(Debug, Serialize, Deserialize)]
struct Read {
    amount: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Bill {
    amount: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("it cannot be read so")]
struct Unread;

#[commands]
impl<const LEAST: u64> Meter<LEAST> {
    #[command(recorded)]
    fn read(&self, read: &Read, ctx: &mut Context<MeterEvent>) -> Result<u64, Unread> {
        require(read.amount > LEAST, Unread)?;
        let reads = self.reads + 1;
        ctx.emit(MeterRead { reads, amount: read.amount });
        Ok(reads)
    }

    #[command(recorded)]
    fn bill(&self, bill: &Bill, ctx: &mut Context<MeterEvent>) -> Result<(), Unread> {
        ctx.emit(MeterEvent::Billed { amount: bill.amount + self.total });
        Ok(())
    }
}

struct Billing;

impl Policy for Billing {
    const NAME: &'static str = "billing";
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Beginning;
    type Event = MeterRead;
    type Views = Meter<0>;

    fn keys(&self, news: &News<MeterRead>) -> MeterId {
        news.emitter::<Meter<0>>().expect("an ID").expect("a meter emitted it")
    }

    fn react(
        &self,
        news: &News<MeterRead>,
        meter: &Meter<0>,
        out: &mut Commands,
    ) -> Result<(), GiveUp> {
        if news.event.reads.is_multiple_of(10) {
            out.to::<Meter<0>>(&self.keys(news)).send(Bill { amount: meter.total });
        }
        Ok(())
    }
}

/// A hundred events for each.
fn meters_of(events: u64) -> u64 {
    (events / 100).max(1)
}

const CALLERS: u64 = 256;
/// How often it is looked whether the policy has done all.
const LOOKS: usize = 6_000;

/// Fills it, until it has so many events about.
async fn fill(journal: impl Journal, events: u64) {
    let builder = Runtime::builder(journal).aggregate::<Meter<0>>().policy(Billing);
    let builder = builder.config(|config| config.unwritten_refusals(100_000));
    let runtime = builder.start().await.expect("it starts");
    let meters = runtime.aggregates::<Meter<0>>();
    let each = events * 10 / 11 / CALLERS;
    let callers = (0..CALLERS).map(|caller| {
        let meters = meters.clone();
        tokio::spawn(async move {
            let mut read = 0;
            for n in 0..each {
                // Each of its own meters, in turn.
                let meter = (n * CALLERS + caller) % meters_of(events);
                let asked = meters.get(MeterId::from(meter)).ask(Read { amount: n % 8 }).await;
                read += u64::from(asked.is_ok());
            }
            read
        })
    });
    let mut read = 0;
    for caller in callers.collect::<Vec<_>>() {
        read += caller.await.expect("it goes well");
    }
    let policy = runtime.policies().get("billing").expect("it was added");
    // What it has not done by then is left out of the report, and counted there.
    for _ in 0..LOOKS {
        if policy.status().counts.news >= read {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(meters.counts().unrecorded, 0);
    runtime.shutdown(Duration::from_secs(60)).await;
}

fn number() -> u64 {
    std::env::var("REHEARSED_EVENTS").map_or(1_000_000, |n| n.parse().expect("a number"))
}

async fn measured(name: &str, journal: &dyn Journal) {
    let began = Instant::now();
    let report = Rehearsal::of(journal)
        .command::<Meter<0>, Read>()
        .command::<Meter<0>, Bill>()
        .policy(Billing)
        .run(|progress| {
            if progress.events % 100_000 == 0 {
                println!("{progress}");
            }
        })
        .await
        .expect("it can be rehearsed");
    println!("{name}: {:?}\n{report}", began.elapsed());
    report.assert_same();
    let changed = rehearsed_by_another_rule(journal).await;
    assert!(changed.differing() > 0 && changed.differences.len() == 100);
    println!("{name}, a changed rule: {:?}, {} differ", changed.elapsed, changed.differing());
}

async fn rehearsed_by_another_rule(journal: &dyn Journal) -> Report {
    let of = Rehearsal::of(journal).command::<Meter<3>, Read>();
    of.run(|_| {}).await.expect("it can be rehearsed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a million events"]
async fn in_memory() {
    let journal = MemoryJournal::new();
    fill(journal.clone(), number()).await;
    measured("memory", &journal).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a million events"]
async fn in_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    fill(FileJournal::open(folder.path()).expect("a journal"), number()).await;
    let journal = FileJournal::open(folder.path()).expect("a journal");
    measured("folder", &journal).await;
}

/// The same in small.
#[tokio::test]
async fn in_small() {
    let journal = MemoryJournal::new();
    fill(journal.clone(), 5_000).await;
    measured("small", &journal).await;
}
