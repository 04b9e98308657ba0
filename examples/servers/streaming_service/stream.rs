//! One stream while it runs: its keep-alives, and how it ends.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

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
pub struct Shared {
    pub orchestrator: Orchestrator,
    pub calls: Arc<Semaphore>,
    /// Whether all streams are to end by themselves: the service ends.
    pub all_end: watch::Receiver<bool>,
}

impl Stream {
    /// Runs it until it ends. `stopped` is ready when it is told to stop; `ends` when it is to end by itself.
    pub async fn run(
        self,
        shared: Shared,
        mut stopped: oneshot::Receiver<()>,
        ends: Arc<Notify>,
    ) -> End {
        let begun = Instant::now();
        // The time until which the lease certainly lasts, as far as this machine can tell by its own clock. Nobody
        // knows how old the lease was when this was told to start, so it is asked for at once.
        let mut lasts_until = begun + self.lease / 2;
        let mut next = begun;
        let mut by_itself =
            pin!(by_itself(self.length.map(|length| begun + length), ends, shared.all_end.clone()));
        loop {
            select! {
                biased;
                _ = &mut stopped => return End::Stopped,
                () = by_itself.as_mut() => return self.release(&shared, lasts_until).await,
                () = sleep_until(lasts_until) => return End::LeaseOver,
                () = sleep_until(next) => {}
            }
            let asked = Instant::now();
            let heard = select! {
                biased;
                _ = &mut stopped => return End::Stopped,
                heard = self.keep_alive(&shared) => heard,
                // However long the call takes.
                () = sleep_until(lasts_until) => return End::LeaseOver,
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
                    next = Instant::now() + self.lease / 10;
                }
            }
        }
    }

    async fn keep_alive(&self, shared: &Shared) -> Heard {
        let lease_ms = u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX);
        let _permit = shared.calls.acquire().await;
        shared.orchestrator.keep_alive(&self.id, lease_ms).await
    }

    /// Tells that it has ended, for as long as it matters: then the lease runs out.
    ///
    /// It says which session has ended, and not which lease of it: one that arrives late, after the lease ran out and
    /// the session was started again, ends that one. Who minds gives each session an ID of its own.
    async fn release(&self, shared: &Shared, lasts_until: Instant) -> End {
        let told = async {
            loop {
                let heard = {
                    let _permit = shared.calls.acquire().await;
                    shared.orchestrator.release(&self.id).await
                };
                match heard {
                    Heard::Yes | Heard::NoSuchLease => return End::ByItself,
                    Heard::Nothing(_) => sleep_until(Instant::now() + self.lease / 10).await,
                }
            }
        };
        timeout_at(lasts_until, told).await.unwrap_or(End::LeaseOver)
    }
}

/// Ready when a stream ends by itself: after its length, when it is told so, or with the service.
async fn by_itself(over: Option<Instant>, ends: Arc<Notify>, mut all_end: watch::Receiver<bool>) {
    let over = async {
        match over {
            Some(over) => sleep_until(over).await,
            None => pending().await,
        }
    };
    // It is seen also by those that are busy when it is said. Who cannot be told any more does not end by that.
    let all_end = async {
        let ends = all_end.wait_for(|all_end| *all_end).await.is_ok();
        if !ends {
            pending::<()>().await;
        }
    };
    select! {
        () = over => {}
        () = ends.notified() => {}
        () = all_end => {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A stream of an orchestrator that accepts calls, and answers none.
    async fn of_nobody(lease: Duration) -> (Stream, Shared, watch::Sender<bool>, TcpListener) {
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", nobody.local_addr().unwrap());
        let all_end = watch::Sender::new(false);
        let shared = Shared {
            orchestrator: Orchestrator::new(&url, None, crate::shared::http::CALL_TIMEOUT).unwrap(),
            calls: Arc::new(Semaphore::new(1)),
            all_end: all_end.subscribe(),
        };
        let id = StreamId { account: "a".into(), session: "s".into() };
        (Stream { id, lease, length: None }, shared, all_end, nobody)
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_its_lease_however_long_a_call_takes() {
        let (stream, shared, _all_end, _nobody) = of_nobody(Duration::from_secs(2)).await;
        let (_stop, stopped) = oneshot::channel();
        let begun = Instant::now();
        assert_eq!(stream.run(shared, stopped, Arc::default()).await, End::LeaseOver);
        assert!(begun.elapsed() <= Duration::from_secs(1), "{:?}", begun.elapsed());
    }

    /// All calls there may be are under way.
    #[tokio::test(start_paused = true)]
    async fn it_ends_with_its_lease_however_many_calls_wait() {
        let (stream, shared, _all_end, _nobody) = of_nobody(Duration::from_secs(2)).await;
        let _all = shared.calls.clone().acquire_owned().await;
        let (_stop, stopped) = oneshot::channel();
        assert_eq!(stream.run(shared, stopped, Arc::default()).await, End::LeaseOver);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_service_is_not_missed_during_a_call() {
        let (stream, shared, all_end, nobody) = of_nobody(Duration::from_secs(600)).await;
        let (_stop, stopped) = oneshot::channel();
        let runs = tokio::spawn(stream.run(shared, stopped, Arc::default()));
        // The keep-alive is under way.
        let (call, _) = nobody.accept().await.unwrap();
        all_end.send_replace(true);
        // It fails, and what comes next is the release.
        drop(call);
        let (call, _) = nobody.accept().await.unwrap();
        let mut method = [0; 6];
        loop {
            call.readable().await.unwrap();
            match call.try_read(&mut method) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                read => break assert_eq!((read.unwrap(), &method), (6, b"DELETE")),
            }
        }
        runs.abort();
    }
}
