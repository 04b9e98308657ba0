//! The bugs that the audit must find, one by one.

use serde::{Deserialize, Serialize};

/// A seeded bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bug {
    /// Callers are told before the journal has it.
    ReplyBeforeSync,
    /// The journal acknowledges what it has not synced.
    SkippedSync,
    /// The journal syncs before it writes.
    SyncBeforeWrite,
    /// The state goes on with what a failed append would have written.
    SpeculationKept,
    /// A start does not arm deadlines.
    DeadlinesForgotten,
    /// An append is written as two.
    HalfBatch,
    /// Keys are not read back from the journal.
    KeysForgotten,
    /// The same of keys of decisions.
    DecisionKeysForgotten,
    /// A policy records as done what it has read.
    MarkBeforeEffect,
    /// A policy does again what was done.
    DuplicateDelivered,
    /// A policy goes on behind the news at which it has parked a lane.
    ParkedOvertaken,
    /// An effect leaves its trace before it calls.
    TraceBeforeCall,
    /// An effect passes on another key in each attempt.
    KeyNotStable,
    /// An effect that has given up is tried again.
    RetriedAfterGivingUp,
}

impl Bug {
    /// What switches it on in the runtime, if it is there.
    pub fn of_runtime(self) -> Option<bailiwick::Sabotage> {
        match self {
            Bug::ReplyBeforeSync => Some(bailiwick::Sabotage::ReplyBeforeAppend),
            Bug::SpeculationKept => Some(bailiwick::Sabotage::SpeculationKept),
            Bug::DeadlinesForgotten => Some(bailiwick::Sabotage::DeadlinesForgotten),
            Bug::KeysForgotten => Some(bailiwick::Sabotage::KeysForgotten),
            Bug::DecisionKeysForgotten => Some(bailiwick::Sabotage::DecisionKeysForgotten),
            Bug::MarkBeforeEffect => Some(bailiwick::Sabotage::MarkBeforeEffect),
            Bug::DuplicateDelivered => Some(bailiwick::Sabotage::DuplicateDelivered),
            Bug::ParkedOvertaken => Some(bailiwick::Sabotage::ParkedOvertaken),
            Bug::TraceBeforeCall => Some(bailiwick::Sabotage::TraceBeforeCall),
            Bug::KeyNotStable => Some(bailiwick::Sabotage::KeyNotStable),
            Bug::RetriedAfterGivingUp => Some(bailiwick::Sabotage::RetriedAfterGivingUp),
            Bug::SkippedSync | Bug::SyncBeforeWrite | Bug::HalfBatch => None,
        }
    }

    /// What switches it on in the durable journal, if it is there.
    pub fn of_journal(self) -> Option<bailiwick_journal::Sabotage> {
        match self {
            Bug::SkippedSync => Some(bailiwick_journal::Sabotage::SkippedSync),
            Bug::SyncBeforeWrite => Some(bailiwick_journal::Sabotage::SyncBeforeWrite),
            Bug::HalfBatch => Some(bailiwick_journal::Sabotage::HalfBatch),
            _ => None,
        }
    }
}
