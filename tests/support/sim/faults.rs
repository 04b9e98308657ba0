//! How an append can fail.

/// What becomes of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    NotWritten,
    /// Reported as unknown, not written.
    Lost,
    /// Reported as unknown, but written.
    Hidden,
    /// Reported as unknown, and written later.
    Late,
    PanicsInCall,
    PanicsUnwritten,
    PanicsWritten,
}
