//! What is worth having happened in runs of policies and effects.

use std::collections::BTreeSet;

/// Something worth having happened in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum PolicySight {
    Caused,
    Rejected,
    Nothing,
    GaveUp,
    Skipped,
    SkippedAsAWhole,
    DroppedByOperator,
    /// What was to be delivered was found done.
    FoundDone,
    /// The journal refused a delivery.
    Overtaken,
    Parked,
    /// A lane that an earlier runtime had parked was retried by a later one.
    RetriedAfterRestart,
    /// A lane read what it did not hold.
    ReadOn,
    /// A runtime went on from a mark.
    FromAMark,
    ShutDown,
    Dropped,
    ExecutorLost,
    /// A runtime could not be started, and was started again.
    NotStarted,
    Performed,
    EffectGaveUp,
    EffectParked,
    EffectSkipped,
    EffectDropped,
    /// The outside world was called again.
    CalledAgain,
    /// A call ended before it had an answer.
    CallCut,
    /// A lane was parked, or an operator saw to one, while another runtime ran.
    ParkedBeside,
}

/// What was seen.
pub type PolicySights = BTreeSet<PolicySight>;
