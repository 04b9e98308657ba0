//! How a projection is, as operators and readers see it.

use std::fmt;
use std::sync::Arc;

use bailiwick_core::Position;
use tokio::sync::Notify;

use crate::shared::Lock;

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
    /// Its rows are in use, and are not kept up just now: it catches up after a start, the database fails and is tried
    /// again, or another runtime keeps them up.
    Stale {
        /// Which of these.
        reason: Arc<str>,
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
    /// At this position the version comes into use: the mark of the version that is in use, or, if none is, the end
    /// of the journal when it began.
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
    /// How often the database has failed in a row, and is tried again.
    pub failures: u32,
    /// How it has failed the last time.
    pub failure: Option<Arc<str>>,
}

impl ProjectionStatus {
    /// Whether it has [stopped](ProjectionState::Failed), or its database fails.
    pub fn is_failing(&self) -> bool {
        matches!(self.state, ProjectionState::Failed { .. }) || self.failures > 0
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
            state: ProjectionState::Stale { reason: "it has not looked at its rows yet".into() },
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
    pub(super) fn set(&self, change: impl FnOnce(&mut ProjectionStatus)) {
        change(&mut self.status.lock());
        self.changed.notify_waiters();
    }
}

impl fmt::Display for RebuildProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (position, goal) = (self.position.get(), self.goal.get());
        let percent = (u128::from(position) * 100).checked_div(goal.into()).unwrap_or(100);
        write!(f, "{position} of {goal} ({} %)", percent.min(100))
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
