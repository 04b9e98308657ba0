//! One stream while it runs: its keep-alives, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::orchestrator::{Heard, Orchestrator};
use crate::streams::StreamId;

/// How many keep-alives and ends are on their way to the orchestrator at a time; others wait.
pub const MOST_CALLS: usize = 256;

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was told to stop.
    Stopped,
    /// It ended by itself, and the orchestrator knows.
    ByItself,
    /// A keep-alive was told that there is no lease.
    NoSuchLease,
    /// The orchestrator did not answer for as long as the lease lasted.
    LeaseOver,
}

/// How a stream runs.
#[derive(Debug, Clone)]
pub struct Stream {
    pub id: StreamId,
    /// For how long each keep-alive asks.
    pub lease: Duration,
    /// After which time it ends by itself, if it does.
    pub length: Option<Duration>,
}

/// What all streams share.
#[derive(Debug, Clone)]
pub struct Line {
    pub orchestrator: Orchestrator,
    pub calls: Arc<Semaphore>,
    /// Whether all streams end by themselves: the service ends. It is seen by those that are busy when it is said.
    pub all_end: Arc<watch::Sender<bool>>,
}

impl Stream {
    /// Runs it until it ends. `stopped` is ready when it is told to stop; `ends` when it is to end by itself.
    pub async fn run(
        self,
        line: Line,
        mut stopped: oneshot::Receiver<()>,
        ends: Arc<Notify>,
    ) -> End {
        let begun = Instant::now();
        // The time until which the lease certainly lasts, as far as this machine can tell by its own clock. Nobody
        // knows how old the lease was when this was told to start, so it is asked for at once.
        let mut lasts_until = begun + self.lease / 2;
        let mut next = begun;
        let over = self.length.map(|length| begun + length);
        loop {
            let by_itself = async {
                let mut all_end = line.all_end.subscribe();
                let all = async { drop(all_end.wait_for(|ends| *ends).await) };
                match over {
                    Some(over) => {
                        select! { () = sleep_until(over) => {}, () = ends.notified() => {}, () = all => {} }
                    }
                    None => select! { () = ends.notified() => {}, () = all => {} },
                }
            };
            select! {
                biased;
                _ = &mut stopped => return End::Stopped,
                () = by_itself => return self.release(&line, lasts_until).await,
                () = sleep_until(next) => {}
            }
            let asked = Instant::now();
            let heard = select! {
                biased;
                _ = &mut stopped => return End::Stopped,
                heard = self.keep_alive(&line) => heard,
            };
            match heard {
                Heard::Yes => {
                    // What holds is more than half of what was asked for.
                    lasts_until = lasts_until.max(asked + self.lease / 2);
                    next = asked + self.lease / 4;
                }
                Heard::NoSuchLease => return End::NoSuchLease,
                Heard::Nothing(why) => {
                    tracing::debug!(account = %self.id.account, session = %self.id.session, why, "a keep-alive failed");
                    if Instant::now() >= lasts_until {
                        return End::LeaseOver;
                    }
                    next = Instant::now() + self.lease / 10;
                }
            }
        }
    }

    async fn keep_alive(&self, line: &Line) -> Heard {
        let lease_ms = u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX);
        let _permit = line.calls.acquire().await;
        line.orchestrator.keep_alive(&self.id, lease_ms).await
    }

    /// Tells that it has ended, for as long as it matters: then the lease runs out.
    async fn release(&self, line: &Line, lasts_until: Instant) -> End {
        loop {
            let heard = {
                let _permit = line.calls.acquire().await;
                line.orchestrator.release(&self.id).await
            };
            match heard {
                Heard::Yes | Heard::NoSuchLease => return End::ByItself,
                Heard::Nothing(_) if Instant::now() >= lasts_until => return End::LeaseOver,
                Heard::Nothing(_) => sleep_until(Instant::now() + self.lease / 10).await,
            }
        }
    }
}
