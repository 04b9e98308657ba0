//! How an append can fail.

/// What becomes of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AppendFault {
    None,
    NotWritten,
    /// Reported as unknown, not written.
    UnknownLost,
    /// Reported as unknown, but written.
    UnknownWritten,
    /// Reported as unknown, and written later.
    UnknownLate,
    PanicsInCall,
    PanicsUnwritten,
    PanicsWritten,
}
