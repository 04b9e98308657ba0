//! How a projection is, as operators and readers see it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::Position;
use tokio::sync::Notify;

use crate::context::Lock;

/// How a projection is.
///
/// For an example see [`Projections`](crate::Projections).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProjectionState {
    /// Its rows are in use, have been caught up with the journal since the start, and are kept up.
    Ready,
    /// Its version is not in use yet: it is folded beside the one that readers read, if there is one. That one stays
    /// as it is, unless another process still keeps it up.
    Rebuilding {
        /// How far it has come.
        progress: RebuildProgress,
    },
    /// The rows that readers read are not kept up here just now, or nobody has looked yet whether there are any.
    Stale {
        /// Why.
        reason: StaleReason,
    },
    /// It has stopped, and stays so until it is [told to go on](crate::ProjectionHandle::retry), or the runtime is
    /// started again. Rows that are in use stay as they are.
    Failed {
        /// The event that cannot be folded, if it is one. Everything before it is folded.
        at: Option<Position>,
        /// Why.
        reason: Arc<str>,
    },
}

/// Why rows are not kept up just now.
///
/// For an example see [`Projections`](crate::Projections).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StaleReason {
    /// Nobody has looked at the database yet, since the start or since it was told to go on.
    Unseen,
    /// There is more in the journal than is folded.
    CatchingUp,
    /// Another runtime keeps them up, and this one stands by.
    StandingBy,
    /// A later version is in use, which this program does not have. It is not kept up here, but looked at each
    /// [`projection_pass`](crate::Config::projection_pass). Counted as failing.
    Superseded {
        /// That version.
        in_use: u32,
    },
    /// The database fails, and is tried again.
    DatabaseFails {
        /// How it has failed the last time.
        reason: Arc<str>,
    },
    /// The database has not answered for so long, and is waited for.
    DatabaseSilent {
        /// [`projection_answer`](crate::Config::projection_answer): it is at least as long.
        limit: Duration,
    },
    /// The journal cannot be read, and is tried again.
    JournalUnread {
        /// Why not.
        reason: Arc<str>,
    },
}

/// How far a rebuild has come.
///
/// Shown, it is as in `512 of 2048 (25 %)`.
///
/// For an example see [`Projections`](crate::Projections).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RebuildProgress {
    /// Everything up to here is folded.
    pub position: Position,
    /// At this position the version comes into use: the mark of the version that is in use, or, if there is none, the
    /// end of the journal when the projection last looked at its database before it began.
    pub goal: Position,
}

/// How a projection is, and how far it has come.
///
/// For an example see [`Projections`](crate::Projections).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectionStatus {
    /// Its name.
    pub name: &'static str,
    /// The version of its rows that this program makes.
    pub version: u32,
    /// Whether its rows can be relied on.
    pub state: ProjectionState,
    /// Rows of this version are the fold of everything up to here.
    pub position: Position,
    /// The version that readers read, and up to where its rows are folded, as far as is known here; none before the first
    /// one is complete.
    pub in_use: Option<(u32, Position)>,
    /// How often the database or the journal has failed in a row, and is tried again; a database that does not answer in
    /// time counts too.
    pub failures: u32,
    /// What failed the last time, and how.
    pub failure: Option<Arc<str>>,
}

impl ProjectionStatus {
    /// Whether it has [stopped](ProjectionState::Failed) or is [superseded](StaleReason::Superseded), or its database or
    /// the journal fails.
    pub fn is_failing(&self) -> bool {
        let superseded =
            matches!(self.state, ProjectionState::Stale { reason: StaleReason::Superseded { .. } });
        superseded || matches!(self.state, ProjectionState::Failed { .. }) || self.failures > 0
    }

    /// Up to where readers see what was decided.
    pub(super) fn readable(&self) -> Option<Position> {
        self.in_use.map(|(_, position)| position)
    }
}

/// The status that a projection has now, for all who look at it or wait for it.
pub(super) struct Current {
    pub(super) name: &'static str,
    pub(super) version: u32,
    status: Lock<ProjectionStatus>,
    pub(super) changed: Notify,
}

impl Current {
    pub(super) fn new(name: &'static str, version: u32) -> Self {
        let status = ProjectionStatus {
            name,
            version,
            state: ProjectionState::Stale { reason: StaleReason::Unseen },
            position: Position::START,
            in_use: None,
            failures: 0,
            failure: None,
        };
        Current { name, version, status: Lock::new(status), changed: Notify::new() }
    }

    pub(super) fn get(&self) -> ProjectionStatus {
        self.status.lock().clone()
    }

    /// Changes it, and tells all who wait.
    pub(super) fn set<T>(&self, change: impl FnOnce(&mut ProjectionStatus) -> T) -> T {
        let changed = change(&mut self.status.lock());
        self.changed.notify_waiters();
        changed
    }
}

impl fmt::Display for RebuildProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (position, goal) = (self.position.get(), self.goal.get());
        let percent = (u128::from(position) * 100).checked_div(goal.into()).unwrap_or(100);
        write!(f, "{position} of {goal} ({} %)", percent.min(100))
    }
}

impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StaleReason::Unseen => f.write_str("its rows have not been looked at yet"),
            StaleReason::CatchingUp => f.write_str("it catches up"),
            StaleReason::StandingBy => f.write_str("another runtime keeps it up"),
            StaleReason::Superseded { in_use } => write!(
                f,
                "its version {in_use} is in use, which this program does not have: start the later program; if \
                 the older rows are wanted again, let them have a version above {in_use}"
            ),
            StaleReason::DatabaseFails { reason } => write!(f, "the database fails: {reason}"),
            StaleReason::DatabaseSilent { limit } => {
                write!(f, "the database has not answered for {limit:?}")
            }
            StaleReason::JournalUnread { reason } => {
                write!(f, "the journal cannot be read: {reason}")
            }
        }
    }
}

impl fmt::Display for ProjectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProjectionState::Ready => f.write_str("ready"),
            ProjectionState::Rebuilding { progress } => write!(f, "rebuilding: {progress}"),
            ProjectionState::Stale { reason } => write!(f, "stale: {reason}"),
            ProjectionState::Failed { at: None, reason } => write!(f, "failed: {reason}"),
            ProjectionState::Failed { at: Some(at), reason } => {
                write!(f, "failed at position {at}: {reason}")
            }
        }
    }
}
