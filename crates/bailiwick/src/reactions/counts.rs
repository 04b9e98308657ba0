//! What became of what a policy or an effect did, counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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

macro_rules! counters {
    ($($method:ident: $counter:ident),+ $(,)?) => {
        #[derive(Debug, Default)]
        pub(super) struct ShardedCounters { $($counter: AtomicU64),+ }

        impl ShardedCounters {
            $(pub(super) fn $method(&self) {
                self.$counter.fetch_add(1, Relaxed);
            })+

            pub(super) fn read(&self) -> ReactionCounts {
                ReactionCounts { $($counter: self.$counter.load(Relaxed)),+ }
            }
        }
    };
}

counters! {
    dealt_with: news,
    performed: performed,
    caused: caused,
    nothing: nothing,
    rejected: rejected,
    repeated: repeated,
    gave_up: gave_up,
    skipped: skipped,
    parked: parked,
    failed: failures,
}
