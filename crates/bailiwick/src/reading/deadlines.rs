//! What falls due next, a page at a time.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use bailiwick_core::{Aggregate, Timestamp};

use crate::aggregates::Aggregates;
use crate::util::race::yield_now;

/// When the runtime looks at an aggregate because of its deadline. From [`Aggregates::deadlines`].
///
/// For an example see there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ArmedDeadline<I> {
    /// When: the deadline of the aggregate, or earlier. It was earlier before a renewal moved it, or is not
    /// known yet ([`Timestamp::EPOCH`]); if what was due has failed, it is when it is tried again.
    pub at: Timestamp,
    /// Whose it is.
    pub id: I,
}

/// A page of what falls due. From [`Aggregates::deadlines`].
///
/// For an example see there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadlinesPage<I> {
    /// What falls due, in order of time, then of the ID.
    pub deadlines: Vec<ArmedDeadline<I>>,
    /// Whether there is more beyond the last.
    pub more: bool,
}

impl<A: Aggregate> Aggregates<A> {
    /// What falls due by itself, of aggregates in memory or not, in order of time, a page at a time: beyond
    /// `after`, the last of the page before. No aggregate is touched, and the journal is not read: it is what
    /// the runtime knows ([`deadlines_armed`](Self::deadlines_armed) says how many). On a runtime that is
    /// shut down it is what was known then.
    ///
    /// A page looks at all entries, a few thousand at a time. A deadline that is moved meanwhile may be
    /// listed as it was or as it is, or not at all.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    /// # let runtime = builder.start().await?;
    /// let accounts = runtime.aggregates::<AccountSessions>();
    /// accounts.get("acc-1").ask(Acquire("tv".into())).await?;
    /// let page = accounts.limit(10).deadlines(None).await;
    /// assert_eq!((page.deadlines[0].id.as_str(), page.more), ("acc-1", false));
    /// assert!(accounts.deadlines(page.deadlines.last()).await.deadlines.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing.
    pub fn deadlines(
        &self,
        after: Option<&ArmedDeadline<A::Key>>,
    ) -> impl Future<Output = DeadlinesPage<A::Key>> + Send + use<A> {
        let (kind, limit, after) = (self.kind.clone(), self.page, after.cloned());
        async move {
            let mut earliest = Earliest { after, limit, found: BTreeSet::new() };
            let mut next = Some(0);
            while let Some(from) = next {
                next = kind.deadlines.look_at_some(from, |id, at| earliest.offer(id, at));
                yield_now().await;
            }
            earliest.into_page()
        }
    }
}

/// The earliest beyond one, as many as are wanted and one more.
struct Earliest<I> {
    after: Option<ArmedDeadline<I>>,
    limit: NonZeroUsize,
    found: BTreeSet<ArmedDeadline<I>>,
}

impl<I: Clone + Ord> Earliest<I> {
    fn offer(&mut self, id: &I, at: Timestamp) {
        let key = |armed: &ArmedDeadline<I>| (at, id).cmp(&(armed.at, &armed.id));
        let is_full = self.found.len() > self.limit.get();
        let is_late = is_full && self.found.last().is_some_and(|last| key(last).is_ge());
        if is_late || self.after.as_ref().is_some_and(|after| key(after).is_le()) {
            return;
        }
        self.found.insert(ArmedDeadline { at, id: id.clone() });
        if self.found.len() > self.limit.get() + 1 {
            self.found.pop_last();
        }
    }

    fn into_page(mut self) -> DeadlinesPage<I> {
        let more = self.found.len() > self.limit.get();
        if more {
            self.found.pop_last();
        }
        DeadlinesPage { deadlines: self.found.into_iter().collect(), more }
    }
}
