//! The process: clients that work through their lists, an operator, and whoever breaks things.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bailiwick::{Aggregates, Config, ReactionHandle, ReactionStatus, Runtime};
use bailiwick_journal::FileJournal;
use serde::{Deserialize, Serialize};

use super::audit::ParkedAt;
use super::list::Entry;
use super::outside::CallsFile;
use crate::faults::bug::Bug;
use crate::faults::process::{End, TIME_LIMIT, pause, tell};
use crate::fixtures::messages::effect::{CALLS, Calls};
use crate::fixtures::messages::{
    Broken, CARRIES, Carries, EXPLODES, HOPELESS, HearByDecision, Receiver, Sender, WEAK,
};
use crate::sim::random::Random;

/// Far beyond what a busy machine takes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a process is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessArgs {
    /// Where the journal is.
    pub(super) folder: PathBuf,
    /// Where the calls of the outside world are.
    pub(super) calls: PathBuf,
    /// Which list.
    pub(super) list: u64,
    /// Which run it is.
    pub(super) number: u64,
    /// How much of the list of each client is acknowledged, and up to where it is to be; to the end of time, if
    /// that is not said.
    pub(super) clients: Vec<(u64, Option<u64>)>,
    /// What is wrong with it.
    pub(super) bug: Option<Bug>,
}

/// What a process says, a line at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Report {
    /// The runtime runs, with these lanes parked.
    Opened { parked: ParkedAt },
    /// An entry of a client's list is done.
    Acknowledged { client: usize, nth: u64, position: u64 },
    /// The operator sees to a lane of that policy or effect that is parked there.
    SeesTo { of: String, lane: String, at: u64, skips: bool },
}

impl ProcessArgs {
    pub(in crate::faults) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(in crate::faults) fn bug(&self) -> Option<Bug> {
        self.bug
    }

    pub(in crate::faults) async fn run(self, journal: Arc<FileJournal>) -> Result<(), End> {
        no_word_of_panics_that_are_meant();
        let broken = Broken::default();
        let outside = CallsFile::open(&self.calls, journal.clone()).map_err(End::wrong)?;
        let runtime = Runtime::builder_shared(journal)
            .aggregate::<Sender>()
            .aggregate::<Receiver>()
            .decision::<HearByDecision>()
            .policy(Carries(broken.clone()))
            .effect(Calls { outside, broken: broken.clone() })
            .config(|_| config())
            .sabotage(self.bug.and_then(Bug::of_runtime))
            .start()
            .await
            .map_err(End::wrong)?;
        let both: Both = [runtime.policies().get(CARRIES), runtime.effects().get(CALLS)]
            .map(|one| one.expect("it was added"));
        tell(&Report::Opened { parked: both.iter().flat_map(parked_of).collect() });
        let breaking = tokio::spawn(breaks(broken, Random::of(self.number ^ 0xb4ea)));
        let operating = tokio::spawn(operates(both.clone(), Random::of(self.number ^ 0x09e4)));
        let clients: Vec<_> = (0..self.clients.len())
            .map(|client| (client, runtime.aggregates(), both.clone()))
            .map(|(client, senders, both)| tokio::spawn(self.clone().works(client, senders, both)))
            .collect();
        let mut last = 0;
        for client in clients {
            last = client.await.map_err(End::wrong)??.max(last);
        }
        until_they_are_idle(&both, last).await?;
        breaking.abort();
        operating.abort();
        match runtime.shutdown(TIME_LIMIT).await.in_time {
            true => Ok(()),
            false => Err(End::wrong("work was left when it was shut down")),
        }
    }

    /// Works through the list of a client. Where the last of it is.
    async fn works(
        self,
        client: usize,
        senders: Aggregates<Sender>,
        both: Both,
    ) -> Result<u64, End> {
        let (done, upto) = self.clients[client];
        let mut last = 0;
        for nth in done..upto.unwrap_or(u64::MAX) {
            until_they_keep_up(&both).await;
            let Entry { sender, say, key } = Entry::of(self.list, client, nth);
            let asked = senders.get(sender).timeout(TIMEOUT).once(key).ask_with_receipt(say).await;
            last = asked.map_err(End::wrong)?.position.get();
            tell(&Report::Acknowledged { client, nth, position: last });
        }
        Ok(last)
    }
}

/// The policy and the effect.
type Both = [ReactionHandle; 2];

fn parked_of(one: &ReactionHandle) -> Vec<(String, String, u64)> {
    let name = one.name().to_owned();
    let parked = one.parked().into_iter();
    parked.map(|parked| (name.clone(), parked.lane.to_string(), parked.at.get())).collect()
}

/// Small, so that much happens in a short run.
fn config() -> Config {
    let millis = Duration::from_millis;
    Config::new()
        .page_events(32)
        .lane_news(4)
        .policy_mark_news(10)
        .policy_backoff(millis(1))
        .policy_backoff_max(millis(3))
        .policy_retry_for(millis(4))
        .effect_timeout(millis(20))
        .effect_backoff(millis(1))
        .effect_backoff_max(millis(3))
        .effect_retry_after_max(millis(5))
        .effect_retry_for(millis(4))
}

fn no_word_of_panics_that_are_meant() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.payload_as_str().is_some_and(|why| [WEAK, EXPLODES, HOPELESS].contains(&why)) {
            usual(panic);
        }
    }));
}

/// Has receivers, the policy and the outside world broken now and then.
async fn breaks(broken: Broken, mut random: Random) {
    loop {
        for is_broken in [false, true] {
            broken.store(is_broken, Relaxed);
            tokio::time::sleep(Duration::from_millis(random.between(1, 15))).await;
        }
    }
}

/// Sees to lanes that are parked, sooner or later.
async fn operates(both: Both, mut random: Random) {
    loop {
        tokio::time::sleep(Duration::from_millis(random.between(1, 6))).await;
        let parked = both.iter().flat_map(|one| one.parked().into_iter().map(move |at| (one, at)));
        for (one, parked) in parked.collect::<Vec<_>>() {
            if random.one_in(2) {
                continue;
            }
            let skips = parked.reason.contains(HOPELESS);
            let (of, lane) = (one.name().to_owned(), parked.lane.to_string());
            tell(&Report::SeesTo { of, lane, at: parked.at.get(), skips });
            let selected = one.select(|other| *other == parked);
            if skips {
                // Or the runtime ends.
                drop(selected.skip().await);
            } else {
                selected.retry();
            }
        }
    }
}

/// Until they have not much to do any more: else the work that is left grows with every run.
async fn until_they_keep_up(both: &Both) {
    let is_behind = |status: ReactionStatus| status.pending > 20 || status.parked_lanes > 1;
    while both.iter().any(|one| is_behind(one.status())) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Until all is done because of what is in the journal up to there.
async fn until_they_are_idle(both: &Both, upto: u64) -> Result<(), End> {
    let mut waited = Duration::ZERO;
    loop {
        let is_at_work = |status: &ReactionStatus| {
            let waits = status.pending + status.stalled_lanes + status.parked_lanes > 0;
            waits || status.reached != status.read || status.read.get() < upto
        };
        let Some(status) = both.iter().map(ReactionHandle::status).find(is_at_work) else {
            return Ok(());
        };
        if waited > TIME_LIMIT {
            return Err(End::wrong(format!("it does not come to rest: {status:?}")));
        }
        waited += pause().await;
    }
}
