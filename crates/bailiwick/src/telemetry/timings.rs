//! How long things take, told as it happens: to whoever asked for it where the runtime was built, and if
//! nobody did, for a look at a flag.
//!
//! Without the feature `metrics` there is nothing of it: a [`Mark`] has no size, and the flag is a constant.

use std::time::Duration;

use crate::context::RuntimeContext;

/// When something began, if that is of interest.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark(#[cfg(feature = "metrics")] Option<Duration>);

impl Mark {
    /// By the clock's `elapsed`.
    #[cfg_attr(not(feature = "metrics"), allow(unused_variables))]
    pub(crate) fn at(elapsed: Duration) -> Mark {
        Mark(
            #[cfg(feature = "metrics")]
            Some(elapsed),
        )
    }
}

/// Those of an aggregate type, or of all decisions.
pub(crate) struct Timings(#[cfg(feature = "metrics")] Option<Box<crate::metrics::Histograms>>);

#[cfg_attr(not(feature = "metrics"), allow(unused_variables, clippy::unused_self))]
impl Timings {
    pub(crate) fn of(shared: &RuntimeContext, kind: &'static str, name: &'static str) -> Timings {
        Timings(
            #[cfg(feature = "metrics")]
            shared
                .metrics
                .as_ref()
                .map(|labels| Box::new(crate::metrics::Histograms::new(labels, kind, name))),
        )
    }

    /// Whether anybody asked for them.
    #[inline]
    pub(crate) fn are_wanted(&self) -> bool {
        #[cfg(feature = "metrics")]
        if self.0.is_some() {
            return true;
        }
        false
    }

    /// Reads the clock only if it is of interest.
    #[inline]
    pub(crate) fn begin(&self, shared: &RuntimeContext) -> Mark {
        Mark(
            #[cfg(feature = "metrics")]
            self.0.as_ref().map(|_| shared.environment.clock.elapsed()),
        )
    }

    /// A call waited from when it was made until its turn began.
    #[inline]
    pub(crate) fn waited(&self, asked: Mark, turn: Mark) {
        #[cfg(feature = "metrics")]
        if let (Some(all), Some(asked), Some(turn)) = (&self.0, asked.0, turn.0) {
            all.wait.record(turn.saturating_sub(asked));
        }
    }

    /// A turn that began then has judged all it has.
    #[inline]
    pub(crate) fn judged(&self, turn: Mark, shared: &RuntimeContext) {
        #[cfg(feature = "metrics")]
        if let (Some(all), Some(turn)) = (&self.0, turn.0) {
            all.turn.record(shared.environment.clock.elapsed().saturating_sub(turn));
        }
    }

    /// An append that was made then has ended.
    #[inline]
    pub(crate) fn appended(&self, append: Mark, shared: &RuntimeContext) {
        #[cfg(feature = "metrics")]
        if let (Some(all), Some(append)) = (&self.0, append.0) {
            all.append.record(shared.environment.clock.elapsed().saturating_sub(append));
        }
    }

    /// A deadline is decided so much later than it fell due.
    #[inline]
    pub(crate) fn late(&self, by: Duration) {
        #[cfg(feature = "metrics")]
        if let Some(all) = &self.0 {
            all.late.record(by);
        }
    }
}
