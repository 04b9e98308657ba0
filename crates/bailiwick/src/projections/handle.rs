//! Projections as servers and operators see them: how they are, waiting for them, having them go on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::Position;

use super::running::Running;
use super::status::{ProjectionState, ProjectionStatus};
use crate::error::{ReachError, ReadError};
use crate::journal::port::or_closed;
use crate::reading::extends_to;
use crate::util::race::{Either, race};

/// The projections of a runtime, from [`Runtime::projections`](crate::Runtime::projections). It does not keep the
/// runtime alive. Cheap to clone.
///
/// A database that fails (busy, full, gone, a transaction that is rolled back, a commit of which nobody knows) is tried
/// again later and later ([`projection_backoff`](crate::Config::projection_backoff)); nothing is skipped, and nothing
/// is applied twice. After [`projection_retry_for`](crate::Config::projection_retry_for) the projection has *failed*. An
/// event that cannot be folded, and a mark that is not one of the journal, fail it at once. A projection that has
/// failed stops alone: it says so, and its rows stay as they are. It goes on when the runtime is started again, or by
/// [`retry`](ProjectionHandle::retry).
///
/// A database that does not answer at all is waited for, since what it does cannot be taken back; after
/// [`projection_answer`](crate::Config::projection_answer) that [is said](crate::StaleReason::DatabaseSilent), and counts
/// as failing. A [shutdown](crate::Runtime::shutdown) waits for it up to its limit, and
/// [tells](crate::Shutdown::stores_held) that it is still at work.
///
/// Several runtimes may have the same projection in the same database: one of them keeps it up, the others stand
/// by ([`ProjectionState::Stale`]) and go on with it when its mark has not moved for
/// [`projection_standby`](crate::Config::projection_standby) although there is something to do.
///
/// # Examples
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
/// use bailiwick::{BoxError, MemoryRows, News, Projection, ProjectionState};
///
/// /// How many streams each account has begun.
/// struct StreamsBegun;
///
/// impl Projection for StreamsBegun {
///     const NAME: &'static str = "streams-begun";
///     const VERSION: u32 = 1;
///     type Event = SessionEvent;
///     type Key = AccountId;
///     type Row = u64;
///
///     fn keys(&self, news: &News<SessionEvent>) -> Result<impl IntoIterator<Item = AccountId>, BoxError> {
///         Ok([news.id()?])
///     }
///
///     fn fold(&self, _: &AccountId, row: &mut Option<u64>, news: &News<SessionEvent>) -> Result<(), BoxError> {
///         if let SessionEvent::Started { .. } = news.event {
///             *row.get_or_insert(0) += 1;
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rows = MemoryRows::new(); // In a server, a store for its database.
/// let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
/// let runtime = builder.projection(StreamsBegun, rows.clone()).start().await?;
///
/// // Reading one's own writes.
/// let account = runtime.aggregates::<AccountSessions>().get("acc-1");
/// let receipt = account.ask_with_receipt(Acquire("tv".into())).await?;
/// let streams = runtime.projection("streams-begun");
/// streams.reached(receipt.position).await?;
/// assert_eq!(rows.get(&"acc-1".into()), Some(1));
///
/// for projection in runtime.projections().iter() {
///     let status = projection.status();
///     assert_eq!((status.name, status.state), ("streams-begun", ProjectionState::Ready));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Projections(Arc<[Arc<Running>]>);

/// A projection of a runtime, from [`Runtime::projection`](crate::Runtime::projection). It does not keep the runtime
/// alive. Cheap to clone.
///
/// For an example see [`Projections`].
#[derive(Clone)]
pub struct ProjectionHandle {
    running: Arc<Running>,
    timeout: Option<Duration>,
}

impl Projections {
    pub(crate) fn new(all: Arc<[Arc<Running>]>) -> Self {
        Projections(all)
    }

    /// The one with this name.
    pub fn get(&self, name: &str) -> Option<ProjectionHandle> {
        self.iter().find(|handle| handle.name() == name)
    }

    /// All of them, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = ProjectionHandle> + '_ {
        let handle = |running| ProjectionHandle { running, timeout: None };
        self.0.iter().cloned().map(handle)
    }
}

impl ProjectionHandle {
    /// Its `NAME`.
    pub fn name(&self) -> &'static str {
        self.running.name()
    }

    /// How it is, and how far it has come. Asks nobody.
    pub fn status(&self) -> ProjectionStatus {
        self.running.current.get()
    }

    /// For how long [`reached`](Self::reached) waits; [`Config::timeout`](crate::Config::timeout) unless it is said.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Waits until the rows that readers read are the fold of everything up to `position`, a receipt's for example, or
    /// beyond. The position that they have come to.
    ///
    /// It counts for whoever reads the database from now on, and for every position: also of an event that the
    /// projection does not want. While another runtime keeps the rows up, it looks at their mark each
    /// [`projection_pass`](crate::Config::projection_pass).
    ///
    /// While a new version is built, readers read the older one, and that is what counts. A program has one version of a
    /// projection: unless a process of the older program still keeps the rows up, they stay as they are until
    /// the new version comes into use, and for what was decided meanwhile this waits that long, or times out.
    ///
    /// # Errors
    /// If it is not so in time, with the state that the projection is in; at once, if the projection has failed, or the
    /// position is beyond the end of the journal: see [`ReachError`].
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing.
    pub fn reached(
        &self,
        position: Position,
    ) -> impl Future<Output = Result<Position, ReachError>> + Send + use<> {
        let running = self.running.clone();
        let timeout = self.timeout.unwrap_or(running.shared.config.timeout);
        async move {
            let limit = running.shared.environment.clock.sleep(timeout);
            let reached = or_closed(&running.shared, reaches(&running, position));
            match race(reached, limit).await {
                Either::Left(reached) => reached.unwrap_or(Err(ReachError::ShutDown)),
                Either::Right(()) => {
                    let status = running.current.get();
                    Err(ReachError::TimedOut { reached: status.readable(), state: status.state })
                }
            }
        }
    }

    /// Has a projection that has [failed](ProjectionState::Failed) go on: it looks at its rows anew, and at the event
    /// at which it stopped. False if it has not failed.
    pub fn retry(&self) -> bool {
        self.running.retries()
    }
}

async fn reaches(running: &Arc<Running>, position: Position) -> Result<Position, ReachError> {
    let mut is_known = false;
    loop {
        // Before it is looked at, so that no change is missed.
        let changed = running.current.changed.notified();
        let status = running.current.get();
        let reached = status.readable();
        if let Some(reached) = reached.filter(|reached| *reached >= position) {
            return Ok(reached);
        }
        if let ProjectionState::Failed { at, reason } = status.state {
            return Err(ReachError::Failed { reached, at, reason });
        }
        if !is_known {
            exists(running, position).await?;
            running.want(position);
            is_known = true;
        }
        changed.await;
    }
}

/// Whether the journal reaches that far: else nobody knows whether it ever will.
async fn exists(running: &Arc<Running>, position: Position) -> Result<(), ReachError> {
    extends_to(&running.shared, position).await.map_err(|error| match error {
        ReadError::ShutDown => ReachError::ShutDown,
        ReadError::BeyondHead { position, head } => ReachError::BeyondHead { position, head },
        ReadError::Unread { source, .. } => ReachError::Unread(source),
        error => unreachable!("the head is asked for: {error}"),
    })
}

impl fmt::Debug for Projections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for ProjectionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProjectionHandle({})", self.name())
    }
}
