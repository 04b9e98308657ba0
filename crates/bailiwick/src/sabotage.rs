//! Bugs to switch on: a test that does not find them is not worth much.

/// A bug that a runtime can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sabotage {
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
    /// What a key was answered is not read back from the journal.
    KeysForgotten,
}
