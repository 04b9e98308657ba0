//! A projection that runs: what its task does, and what becomes of a failure.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::{JournalReadError, Query};
use bailiwick_core::{BoxError, Position};
use tokio::sync::Notify;

use super::declared::Declared;
use super::status::{Current, ProjectionState, ProjectionStatus, StaleReason};
use super::thread::Thread;
use crate::context::{Lock, RuntimeContext, Stage};
use crate::error::report;
use crate::journal::port::or_closed;
use crate::startup::error::StartError;
use crate::util::backoff::Backoff;
use crate::util::race::{Either, race};

pub(crate) struct Running {
    pub(super) shared: Arc<RuntimeContext>,
    pub(super) current: Current,
    pub(super) query: Query,
    pub(super) thread: Thread,
    failing: Lock<Failing>,
    /// Somebody waits for this position, whether or not the projection wants what is there.
    pub(super) wanted: Lock<Position>,
    pub(super) wants: Notify,
    /// One that has failed is to go on.
    retry: Notify,
}

/// Until the runtime is closed.
pub(super) async fn run(running: Arc<Running>) {
    or_closed(&running.shared, running.go_on()).await;
}

/// Why it does not go on.
pub(super) enum Stop {
    /// The journal cannot be read now.
    Unread(String),
    /// The database has failed.
    Database(String),
    /// Another runtime goes on with it, or with a later version.
    StandBy,
    Failed {
        at: Option<Position>,
        reason: String,
    },
    /// The runtime is closed.
    Closed,
}

/// What fails, and how often it has, in a row.
#[derive(Clone, Copy, Default)]
struct Failing {
    /// Since when the database does.
    since: Option<Duration>,
    database: u32,
    journal: u32,
    /// The database does not answer.
    silent: bool,
}

impl Running {
    pub(super) fn new(
        shared: &Arc<RuntimeContext>,
        declared: Declared,
    ) -> Result<Arc<Self>, StartError> {
        let Declared { name, version, query, folding, .. } = declared;
        let thread = Thread::begin(shared, name, folding);
        let thread = thread.map_err(|source| StartError::ProjectionThread { name, source })?;
        Ok(Arc::new(Running {
            shared: shared.clone(),
            current: Current::new(name, version),
            query,
            thread,
            failing: Lock::default(),
            wanted: Lock::new(Position::START),
            wants: Notify::new(),
            retry: Notify::new(),
        }))
    }

    pub(super) fn name(&self) -> &'static str {
        self.current.name
    }

    /// Unless it is ready.
    pub(crate) fn health(&self) -> Option<ProjectionStatus> {
        let status = self.current.get();
        (status.state != ProjectionState::Ready).then_some(status)
    }

    /// The runtime is closed: it lets go of the store once what is being done is done.
    pub(crate) fn close(&self) {
        self.thread.close();
    }

    /// Whether it still has the store.
    pub(crate) fn has_store(&self) -> bool {
        self.thread.has_store()
    }

    /// Somebody waits for this position.
    pub(super) fn want(&self, position: Position) {
        let mut wanted = self.wanted.lock();
        *wanted = position.max(*wanted);
        self.wants.notify_one();
    }

    async fn go_on(&self) {
        loop {
            let stopped = match self.follow().await {
                Err(Stop::StandBy) => self.stand_by().await,
                Err(stop) => self.overcomes(stop).await,
            };
            match stopped {
                Ok(()) => {}
                Err(Stop::Closed) if self.shared.stage() == Stage::Closed => return,
                Err(Stop::Failed { at, reason }) => self.fails(at, reason).await,
                // It catches all panics, so this is not to be.
                Err(_) => self.fails(None, "its thread has ended".into()).await,
            }
        }
    }

    /// Waits before it is tried again, if that may help.
    pub(super) async fn overcomes(&self, stop: Stop) -> Result<(), Stop> {
        match stop {
            Stop::Unread(reason) => {
                self.waits_for_the_journal(reason).await;
                Ok(())
            }
            Stop::Database(reason) => self.backs_off(reason).await,
            stop => Err(stop),
        }
    }

    pub(super) async fn sleep(&self, wait: Duration) {
        self.shared.environment.clock.sleep(wait).await;
    }

    /// Stops until somebody has it go on.
    async fn fails(&self, at: Option<Position>, reason: String) {
        let position = at.map(Position::get);
        tracing::error!(
            projection = self.name(), position, %reason,
            "a projection has stopped; nothing else has. See to it, then `Runtime::projection(..).retry()`"
        );
        let reason = Arc::from(reason);
        self.current.set(|status| status.state = ProjectionState::Failed { at, reason });
        self.retry.notified().await;
        self.recovers();
    }

    /// It is to go on, if it has failed.
    pub(super) fn retries(&self) -> bool {
        let has_failed = self.current.set(|status| {
            let has_failed = matches!(status.state, ProjectionState::Failed { .. });
            if has_failed {
                (status.failures, status.failure) = (0, None);
                status.state = ProjectionState::Stale { reason: StaleReason::Unseen };
            }
            has_failed
        });
        if has_failed {
            self.retry.notify_one();
        }
        has_failed
    }

    /// Nothing fails any more.
    pub(super) fn recovers(&self) {
        self.notes(|failing| *failing = Failing::default());
    }

    /// The journal can be read again.
    pub(super) fn has_read(&self) {
        if self.failing.lock().journal > 0 {
            self.notes(|failing| failing.journal = 0);
        }
    }

    /// Notes what fails, and shows how often.
    fn notes(&self, change: impl FnOnce(&mut Failing)) -> Failing {
        let mut failing = self.failing.lock();
        change(&mut failing);
        let Failing { database, journal, silent, .. } = *failing;
        let failures = database.saturating_add(journal).saturating_add(silent.into());
        self.current.set(|status| {
            status.failures = failures;
            status.failure.take_if(|_| failures == 0);
        });
        *failing
    }

    /// Says how it fails, and why rows that are in use are not kept up.
    fn shows_failure(&self, failure: &str, stale: StaleReason) {
        self.current.set(|status| status.failure = Some(failure.into()));
        self.is_stale(stale);
    }

    /// Waits before the journal is read again, which is tried for ever: without it nothing else goes on either.
    async fn waits_for_the_journal(&self, reason: String) {
        let failing = self.notes(|failing| failing.journal = failing.journal.saturating_add(1));
        let stale = StaleReason::JournalUnread { reason: reason.into() };
        let failure = stale.to_string();
        if failing.journal == 1 {
            tracing::warn!(projection = self.name(), "{failure}");
        }
        self.shows_failure(&failure, stale);
        self.sleep(self.shared.config.reload_backoff).await;
    }

    /// Waits before the database is tried again. Fails once that was tried for long enough.
    async fn backs_off(&self, reason: String) -> Result<(), Stop> {
        let (config, now) = (&self.shared.config, self.shared.environment.clock.elapsed());
        let Failing { since, database: times, .. } = self.notes(|failing| {
            failing.since.get_or_insert(now);
            failing.database = failing.database.saturating_add(1);
        });
        if times == 1 {
            tracing::warn!(projection = self.name(), %reason, "the database fails, and is tried again");
        }
        self.shows_failure(&reason, StaleReason::DatabaseFails { reason: reason.as_str().into() });
        if now.saturating_sub(since.unwrap_or(now)) >= config.projection_retry_for {
            let reason = format!("the database has failed {times} times in a row: {reason}");
            return Err(Stop::Failed { at: None, reason });
        }
        let backoff = Backoff::new(config.projection_backoff, config.projection_backoff_max);
        self.sleep(backoff.after(u8::try_from(times - 1).unwrap_or(u8::MAX))).await;
        Ok(())
    }

    /// What the thread answers. If it takes too long, that is shown, and it is waited for all the same: what it does
    /// cannot be taken back.
    pub(super) async fn answered<T>(
        &self,
        answer: impl Future<Output = Result<T, Stop>>,
    ) -> Result<T, Stop> {
        let limit = self.shared.config.projection_answer;
        let mut answer = pin!(answer);
        if let Either::Left(answered) = race(answer.as_mut(), self.sleep(limit)).await {
            return answered;
        }
        let before = self.current.get();
        let silent = StaleReason::DatabaseSilent { limit };
        let failure = silent.to_string();
        tracing::warn!(projection = self.name(), "{failure}; it is waited for");
        self.notes(|failing| failing.silent = true);
        self.shows_failure(&failure, silent);
        let answered = answer.await;
        self.notes(|failing| failing.silent = false);
        self.current.set(|status| {
            (status.state, status.failure) = (before.state, before.failure);
        });
        answered
    }

    /// Unless it is rebuilt.
    pub(super) fn is_stale(&self, reason: StaleReason) {
        self.current.set(|status| {
            if !matches!(status.state, ProjectionState::Rebuilding { .. }) {
                status.state = ProjectionState::Stale { reason };
            }
        });
    }
}

impl From<JournalReadError> for Stop {
    fn from(error: JournalReadError) -> Stop {
        Stop::Unread(report(error))
    }
}

impl From<BoxError> for Stop {
    fn from(error: BoxError) -> Stop {
        Stop::Database(report(error))
    }
}
