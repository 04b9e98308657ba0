//! Bugs to switch on, and which one is.

use crate::context::RuntimeContext;

/// A bug that a runtime can be given.
///
/// For an example see [`Builder`](crate::Builder).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sabotage {
    /// A snapshot of another version is used.
    OldSnapshotUsed,
    /// Who goes on from a snapshot guards nothing in its first append.
    SnapshotShortensCondition,
    /// After a conflict, commands are decided again on the speculative state.
    NoRebuild,
    /// Callers are told before the journal has it.
    ReplyBeforeAppend,
    /// Work left in a cell does not wake its waiting actor.
    LostWakeup,
    /// After an append has failed, the state goes on with what that append would have written.
    SpeculationKept,
    /// A start does not arm the deadlines that the journal holds.
    DeadlinesForgotten,
    /// What a command's key was answered is not read back from the journal.
    KeysForgotten,
    /// What a decision's key was answered is not looked at.
    DecisionKeysForgotten,
    /// What was decided is appended without its condition.
    UnguardedDecision,
    /// What was decided is appended whatever its key has been answered meanwhile.
    UnguardedKey,
    /// The aggregates that an event of a decision concerns are not told of it.
    AggregatesNotTold,
    /// A policy records as done what it has read.
    MarkBeforeEffect,
    /// What a policy delivers is neither looked up nor guarded: what was done is done again.
    DuplicateDelivered,
    /// A policy takes the news of a page in the wrong order.
    LaneOutOfOrder,
    /// A policy goes on behind the news at which it has parked a lane.
    ParkedOvertaken,
    /// The trace of a delivery is written beside what it caused, whether there is one or not.
    TracedTwice,
    /// An effect leaves its trace before it calls.
    TraceBeforeCall,
    /// An effect passes on another key in each attempt.
    KeyNotStable,
    /// An effect that has given up is tried again.
    RetriedAfterGivingUp,
    /// A projection commits its mark before its rows.
    MarkBeforeRows,
    /// A projection commits its mark after its rows, by itself.
    MarkAfterRows,
}

impl RuntimeContext {
    pub(crate) fn sabotaged(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }
}
