//! How the background tasks of a runtime are.

use std::sync::Arc;
use std::time::Duration;

/// A background task that panicked.
///
/// For an example see [`Runtime`](crate::Runtime).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskHealth {
    /// What it does.
    pub task: Arc<str>,
    /// How often it panicked.
    pub panics: u64,
    /// What it said the last time.
    pub message: Arc<str>,
    /// How long ago that was.
    pub ago: Duration,
    /// It does not go on: it could not even wait.
    pub ended: bool,
}

/// How long after a panic of a background task the runtime is not called well.
const UNWELL: Duration = Duration::from_secs(60);

impl TaskHealth {
    /// It has ended, or panicked within the last minute.
    pub(crate) fn is_recent(&self) -> bool {
        self.ended || self.ago < UNWELL
    }
}
