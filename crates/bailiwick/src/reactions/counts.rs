//! What became of what a policy or an effect did, counted.

use bailiwick_core::policy::Ending;

/// What became of what a policy or an effect did, since the runtime was started.
///
/// A delivery that is done has caused something, caused nothing, or was rejected by its target; that is an
/// answer, and no failure. A call of an effect is [performed](Self::performed). What they
/// [gave up](Self::gave_up), what an operator
/// [skipped](Self::skipped), and the lanes that were [parked](Self::parked) are counted apart.
///
/// For an example see [`Reactions`](crate::Reactions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ReactionCounts {
    /// News that were dealt with.
    pub news: u64,
    /// News for which an effect was performed.
    pub performed: u64,
    /// Deliveries that caused an event.
    pub caused: u64,
    /// Deliveries that were accepted and caused nothing.
    pub nothing: u64,
    /// Deliveries that a rule of their target rejected.
    pub rejected: u64,
    /// Deliveries and calls that were done before, or meanwhile, by this runtime or another one.
    pub repeated: u64,
    /// News of which the policy or the effect said that nothing can be done about them.
    pub gave_up: u64,
    /// Deliveries and news that an operator skipped.
    pub skipped: u64,
    /// How often a lane was parked.
    pub parked: u64,
    /// Attempts that failed and were tried again.
    pub failures: u64,
}

impl ReactionCounts {
    /// A delivery or a call has left a trace that says so.
    pub(super) fn traced(&mut self, how: Ending) {
        let count = match how {
            Ending::Rejected => &mut self.rejected,
            Ending::Nothing => &mut self.nothing,
            Ending::Performed => &mut self.performed,
            Ending::GaveUp => &mut self.gave_up,
            Ending::Skipped => &mut self.skipped,
        };
        *count += 1;
    }
}
