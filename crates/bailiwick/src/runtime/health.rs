//! How a runtime is: for the health check of a server.

use std::fmt;

use bailiwick_core::ErrorReport;
use bailiwick_core::journal::Health;

use crate::context::tasks::TaskHealth;
use crate::environment::health::ClockHealth;
use crate::projections::{ProjectionState, ProjectionStatus};
use crate::reactions::ReactionHealth;

/// How a runtime is. As text it is `well`, or what is the matter, a line for each thing.
///
/// For an example see [`Runtime`](crate::Runtime).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RuntimeHealth {
    /// Whether the journal takes appends; if not, what failed, where, and what to do.
    pub journal: Health,
    /// It [drains](crate::Runtime::drain), or is being shut down, or that is over: send no new clients.
    pub draining: bool,
    /// What the clock does that it should not.
    pub clock: ClockHealth,
    /// The background tasks that panicked, by name. All go on but those that have ended.
    pub tasks: Vec<TaskHealth>,
    /// The policies and effects with lanes that stand still. The others are well.
    pub reactions: Vec<ReactionHealth>,
    /// The projections that are not ready. One that is rebuilt, catches up or is kept up by another runtime is
    /// well, and the text does not mention it.
    pub projections: Vec<ProjectionStatus>,
}

impl RuntimeHealth {
    /// Whether the journal takes appends: without that nothing is accepted.
    pub fn is_open(&self) -> bool {
        self.journal.is_open()
    }

    /// Whether nothing is the matter: it does not end, the journal takes appends, the clock can be believed, no background
    /// task panicked within the last minute, or has ended, no lane of a policy or an effect stands still, and no
    /// projection has [failed or fails](ProjectionStatus::is_failing).
    pub fn is_well(&self) -> bool {
        let clock = self.clock == ClockHealth::default();
        let tasks = !self.tasks.iter().any(TaskHealth::is_recent);
        let projections = !self.projections.iter().any(ProjectionStatus::is_failing);
        let goes_on = !self.draining && self.is_open();
        goes_on && clock && tasks && self.reactions.is_empty() && projections
    }
}

impl fmt::Display for RuntimeHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        if self.draining {
            lines.push("it comes to its end: new clients go elsewhere".to_owned());
        }
        if let Health::ClosedForWriting { why } = &self.journal {
            lines.push(format!("the journal is closed for writing: {}", ErrorReport::of(why)));
        }
        let ClockHealth { behind, leap, recorded_ahead } = self.clock;
        if let Some(by) = behind {
            lines.push(format!("the clock lies {by:?} behind; time goes on without it"));
        }
        if let Some(by) = leap {
            lines.push(format!("the clock leapt {by:?} ahead, which is not believed yet"));
        }
        if let Some(by) = recorded_ahead {
            lines.push(format!("an event was recorded {by:?} ahead, which is not believed"));
        }
        for task in self.tasks.iter().filter(|task| task.is_recent()) {
            let TaskHealth { task: name, panics, message, .. } = task;
            let what = if task.ended { "ended" } else { "panicked" };
            lines.push(format!("the task `{name}` {what}, {panics} times so far: {message}"));
        }
        for reaction in &self.reactions {
            let ReactionHealth { kind, name, stopped, parked_lanes, stalled_lanes } = reaction;
            let is = if *stopped { "has stopped" } else { "goes on" };
            lines.push(format!(
                "the {kind} `{name}` {is}: {parked_lanes} lanes are parked, {stalled_lanes} fail and are \
                 tried again"
            ));
        }
        for projection in self.projections.iter().filter(|projection| projection.is_failing()) {
            let ProjectionStatus { name, version, state, failures, failure, .. } = projection;
            let mut line = format!("the projection `{name}`, version {version}, is {state}");
            if let (Some(failure), ProjectionState::Rebuilding { .. }) = (failure, state) {
                line += &format!("; it has failed {failures} times in a row: {failure}");
            }
            lines.push(line);
        }
        if lines.is_empty() { f.write_str("well") } else { f.write_str(&lines.join("\n")) }
    }
}
