//! A million commands over ten thousand IDs, against everything that goes wrong at once: callers
//! that time out or go away at any point, rules that panic, full mailboxes, actors killed from
//! outside, aggregates that leave memory and come back all the time, a journal that is slow.
//! Afterwards all of it is audited; [`audit`] says what is exact and what is a bound:
//!
//! 1. Nothing is lost: who got a reply finds it in the journal, where and as it was told.
//! 2. Nothing is run twice, and what was not run never is: each command carries its number, and its
//!    event that number.
//! 3. The laps of each ID are 1, 2, 3... without a gap, and its turns never overlapped.
//! 4. Every accepted command has one outcome, and the counters say how many of which.
//! 5. When all is quiet, nothing is left in memory.

mod audit;
mod client;
mod disturbances;
mod environment;
mod patience;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bailiwick::{Aggregates, Runtime};
use bailiwick_tests::fixtures::runner::{Runner, RunnerId, Track};

use audit::Audit;
use client::{Client, Ledger};
use disturbances::Disturbances;
use environment::{RaceClock, Random, SlowJournal, SlowSpawner};
use tokio::runtime::Handle;

/// How big a race is.
struct Size {
    commands: u32,
    ids: usize,
}

/// At the same time. They ask one after the other, but for bursts.
const CLIENTS: u32 = 384;

/// No caller waits longer than that for anything; whoever does has found a bug.
const TOO_LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_commands_over_ten_thousand_ids() {
    let size = Size { commands: 1_000_000, ids: 10_000 };
    run(size).await;
}

/// Takes about five minutes of processor time and 4 GB:
/// `cargo test --release -p bailiwick-tests --test race -- --ignored`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ten times as long as its little sister"]
async fn ten_million_commands_over_a_hundred_thousand_ids() {
    let size = Size { commands: 10_000_000, ids: 100_000 };
    run(size).await;
}

/// What everybody in a race knows.
struct Race {
    runners: Aggregates<Runner>,
    ids: Vec<RunnerId>,
    tracks: Vec<Arc<Track>>,
    /// The first of those who run most just now.
    leader: AtomicUsize,
    over: AtomicBool,
}

/// It is asked from the first to the last command, so its life is long.
const CHAMPION: usize = 0;
/// So many are asked so often that their mailboxes are full.
const LEADERS: u64 = 4;
/// So many are asked again when they are just about to leave memory.
const FIELD: u64 = 256;

impl Race {
    /// A few are asked often, a field behind them now and then, most of them seldom; and who is
    /// where changes all the time.
    fn somebody(&self, random: &mut Random) -> usize {
        let behind = match random.below(64) {
            0 => return CHAMPION,
            1..10 => random.below(LEADERS),
            10..14 => random.below(self.ids.len() as u64),
            _ => random.below(FIELD),
        };
        let behind = usize::try_from(behind).expect("an index");
        (self.leader.load(Relaxed) + behind) % self.ids.len()
    }

    fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    /// How often two turns of one ID ran at the same time.
    fn overlaps(&self) -> u64 {
        self.tracks.iter().map(|track| track.overlaps()).sum()
    }
}

async fn run(size: Size) {
    let journal = SlowJournal::default();
    let runtime = start(&journal).await;
    let race = Arc::new(Race {
        runners: runtime.aggregates(),
        ids: (0..size.ids).map(|n| n.to_string().parse().expect("an ID")).collect(),
        tracks: (0..size.ids).map(|_| Arc::default()).collect(),
        leader: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    });
    let disturbances = Disturbances::begin(&race);
    let mut ledger = clients(&race, 0, size.commands).await;
    race.over.store(true, Relaxed);
    let seen = disturbances.end().await;
    let left = left_in_memory(&race).await;

    let last = tokio::spawn(last_lap(race.clone(), size.commands));
    let shutdown = runtime.shutdown(TOO_LONG).await;
    ledger.append(last.await.expect("the last lap"));
    assert!(shutdown.in_time, "{shutdown:?}");
    seen.assert_it_was_a_race(journal.reads());
    assert_eq!(race.overlaps(), 0, "turns of one ID overlapped");
    let audit = Audit::read(journal.inner(), size.ids, ledger).await;
    audit.balance(&race.runners.counts());
    seen.assert_watched(&audit.laps).await;
    assert_eq!(left, [], "something stays in memory with nothing to do");
}

async fn start(journal: &SlowJournal) -> Runtime {
    Runtime::builder(journal.journal())
        .aggregate::<Runner>()
        .clock(RaceClock::default())
        .spawner(SlowSpawner(Handle::current()))
        .config(|config| {
            config
                .mailbox_commands(6)
                .batch_commands(4)
                .page_events(64)
                .warm(Duration::from_millis(1))
                .idle(Duration::from_millis(1))
                .warm_aggregates(100)
                .resting_aggregates(100)
                .timeout(TOO_LONG)
        })
        .start()
        .await
        .expect("it starts")
}

/// Lets clients loose and gathers what they saw of the commands from `first` on.
async fn clients(race: &Arc<Race>, first: u32, commands: u32) -> Ledger {
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        let share = commands / CLIENTS + u32::from(n < commands % CLIENTS);
        let begin = clients.last().map_or(first, |(_, end)| *end);
        let client = Client::new(race.clone(), begin);
        clients.push((tokio::spawn(client.run(share)), begin + share));
    }
    let mut ledger = Ledger::default();
    for (client, _) in clients {
        ledger.append(client.await.expect("a client saw what it should not"));
    }
    ledger
}

/// Commands that meet the shutdown: run, or turned away.
async fn last_lap(race: Arc<Race>, first: u32) -> Ledger {
    clients(&race, first, CLIENTS * 8).await
}

/// Waits until all have left memory, or it is clear that some do not.
async fn left_in_memory(race: &Race) -> Vec<RunnerId> {
    let empty = async {
        while !race.runners.in_memory().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(3), empty).await;
    race.runners.in_memory()
}
