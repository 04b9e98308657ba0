//! What disturbs a race: killers, readers and watchers, as long as it lasts.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::{AggregateRef, Position};
use bailiwick_tests::fixtures::runner::{Runner, RunnerEvent};
use tokio::task::JoinHandle;

use super::Race;
use super::environment::{Random, yields};

const KILLERS: u64 = 2;
const READERS: u64 = 8;
const PASSERS_BY: u64 = 2;
/// The first runners are watched from the first to the last lap.
const WATCHED: usize = 4;

pub struct Disturbances {
    killers: Vec<JoinHandle<u64>>,
    readers: Vec<JoinHandle<u64>>,
    passers_by: Vec<JoinHandle<u64>>,
    watchers: Vec<JoinHandle<u64>>,
}

/// What they did and saw.
#[derive(Debug)]
pub struct Seen {
    killed: u64,
    read: u64,
    glimpsed: u64,
    /// They end with the runtime.
    watchers: Vec<JoinHandle<u64>>,
}

impl Disturbances {
    pub fn begin(race: &Arc<Race>) -> Disturbances {
        Disturbances {
            killers: (0..KILLERS)
                .map(|n| tokio::spawn(kill(race.clone(), Random::new(n))))
                .collect(),
            readers: (0..READERS)
                .map(|n| tokio::spawn(read(race.clone(), Random::new(n))))
                .collect(),
            passers_by: (0..PASSERS_BY)
                .map(|n| tokio::spawn(pass_by(race.clone(), Random::new(n))))
                .collect(),
            watchers: race.ids[..WATCHED]
                .iter()
                .map(|id| tokio::spawn(watch_to_the_end(race.runners.get(id))))
                .collect(),
        }
    }

    /// Waits until all have seen that the race is over.
    pub async fn end(self) -> Seen {
        Seen {
            killed: sum(self.killers).await,
            read: sum(self.readers).await,
            glimpsed: sum(self.passers_by).await,
            watchers: self.watchers,
        }
    }
}

impl Seen {
    /// Whoever sees nothing happen has not tested much.
    pub fn assert_it_was_a_race(&self, loads: u64) {
        assert!(self.killed > 1_000, "only {} were killed", self.killed);
        assert!(self.read > 1_000, "only {} reads", self.read);
        assert!(self.glimpsed > 1_000, "only {} glimpsed", self.glimpsed);
        assert!(loads > 10_000, "only {loads} loads: they stay in memory");
    }

    /// The watchers missed no lap.
    pub async fn assert_watched(self, laps: &[u32]) {
        for (watcher, laps) in self.watchers.into_iter().zip(laps) {
            assert_eq!(watcher.await.expect("a watcher"), u64::from(*laps));
        }
    }
}

async fn sum(people: Vec<JoinHandle<u64>>) -> u64 {
    let mut sum = 0;
    for someone in people {
        sum += someone.await.expect("somebody saw what nobody should");
    }
    sum
}

/// Kills actors from outside, wherever they are.
async fn kill(race: Arc<Race>, mut random: Random) -> u64 {
    let mut killed = 0;
    while !race.is_over() {
        for _ in 0..2 {
            let id = &race.ids[race.somebody(&mut random)];
            killed += u64::from(race.runners.kill_actor(id));
        }
        yields(1).await;
    }
    killed
}

/// Reads without queueing; what it sees never goes back.
async fn read(race: Arc<Race>, mut random: Random) -> u64 {
    let mut last = vec![0; race.ids.len()];
    let mut reads = 0;
    while !race.is_over() {
        let n = race.somebody(&mut random);
        let read = race.runners.get(&race.ids[n]).read(|state, _| state.laps);
        if random.one_in(8) {
            // Goes away while it waits.
            let _ = tokio::time::timeout(Duration::ZERO, read).await;
        } else if let Ok(bailiwick::Seen { value: laps, .. }) = read.await {
            assert!(laps >= last[n], "{} went back", race.ids[n]);
            last[n] = laps;
            reads += 1;
        }
        yields(1).await;
    }
    reads
}

/// Watches somebody for a few laps, then somebody else.
async fn pass_by(race: Arc<Race>, mut random: Random) -> u64 {
    let mut seen = 0;
    while !race.is_over() {
        let id = &race.ids[race.somebody(&mut random)];
        let mut watch = race.runners.get(id).watch(Position::START).await.expect("it is open");
        let mut laps = 0;
        for _ in 0..1 + random.below(4) {
            let next = tokio::time::timeout(Duration::from_millis(2), watch.next());
            if let Ok(change) = next.await {
                laps += 1;
                let lap = change.and_then(Result::ok).map(|change| lap_of(&change.event));
                assert_eq!(lap, Some(laps));
            }
        }
        seen += laps;
        yields(64).await;
    }
    seen
}

/// Sees every lap once, in order, until the runtime is shut down.
async fn watch_to_the_end(runner: AggregateRef<Runner>) -> u64 {
    let mut watch = runner.watch(Position::START).await.expect("it is open");
    let mut laps = 0;
    while let Some(change) = watch.next().await {
        laps += 1;
        let event = change.expect("it can be read").event;
        assert_eq!(lap_of(&event), laps, "a lap was missed");
    }
    laps
}

fn lap_of(event: &RunnerEvent) -> u64 {
    match event {
        RunnerEvent::Ran { lap, .. } => *lap,
        RunnerEvent::Fell { .. } => panic!("a fall is never written"),
    }
}
