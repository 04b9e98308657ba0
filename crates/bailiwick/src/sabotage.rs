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
}
