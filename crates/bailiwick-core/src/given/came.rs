//! What came of a command or a decision, as a value.

/// What came of a command in a story, whatever it was; from [`Outcome::result`](crate::Outcome::result).
#[derive(Debug, Clone, PartialEq)]
pub struct Came<E, Reply, Rejection> {
    /// What the deadline emitted before the command was judged. It stands whatever came of that.
    pub expired: Vec<E>,
    /// What came of the command.
    pub verdict: Verdict<E, Reply, Rejection>,
}

/// What came of a command or a [decision](crate::DecisionOutcome::result), whatever it was. There is an
/// example at [`Outcome::result`](crate::Outcome::result).
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<E, Reply, Rejection> {
    /// It was accepted.
    Accepted {
        /// The reply.
        reply: Reply,
        /// What it emitted, in order.
        events: Vec<E>,
    },
    /// A rule said no; nothing was emitted.
    Rejected(Rejection),
    /// It panicked, in `decide` or when what it emitted was encoded or applied. As in the runtime nothing
    /// of it is left.
    Panicked(String),
}
