//! The state of one aggregate, folded from the journal: as of a position, or once it is as somebody wants it.

use std::future::Future;
use std::sync::Arc;

use bailiwick_core::snapshot::SnapshotOf;
use bailiwick_core::views::Boundary;
use bailiwick_core::{Aggregate, Position};

use crate::aggregates::AggregateRef;
use crate::context::RuntimeContext;
use crate::error::ReadError;
use crate::journal::fold::{fold_on, guarded};
use crate::journal::port;
use crate::util::seen::Seen;
use crate::view::read::{begin, boundary_of, seen, within};

impl<A: Aggregate, K: Clone> AggregateRef<A, K> {
    /// The state of this aggregate as it was after everything up to `position`, folded from the journal. The
    /// aggregate is not touched. With the position of the last event that it rests on.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    /// # let runtime = builder.start().await?;
    /// let account = runtime.aggregates::<AccountSessions>().get("acc-1");
    /// let first = account.ask_with_receipt(Acquire("tv".into())).await?;
    /// account.ask(Acquire("phone".into())).await?;
    /// let then = account.as_of(first.position).await?;
    /// assert_eq!(then.position, first.position);
    /// assert_eq!(then.value.leases.free(runtime.now()), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`ReadError`]. A position beyond the end of the journal is refused:
    /// [`ReadError::BeyondHead`].
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing.
    pub fn as_of(
        &self,
        position: Position,
    ) -> impl Future<Output = Result<Seen<A>, ReadError>> + Send + use<A, K> {
        let (shared, boundary) = (self.target.kind.shared.clone(), self.boundary());
        let timeout = self.options.timeout;
        async move {
            let work = async {
                let boundary = boundary?;
                extends_to(&shared, position).await?;
                let of = (SnapshotOf::Aggregate, Some(position));
                let mut folded = begin(&shared, &boundary, of).await?;
                fold_on(&shared, &mut folded, Some(position)).await?;
                Ok(seen(folded))
            };
            within(&shared, timeout, work).await
        }
    }

    /// Waits until the durable state of this aggregate is as wanted, whoever brings that about, for the
    /// [`timeout`](Self::timeout) at most; and gives it, as of then. The aggregate is not touched.
    ///
    /// `condition` is given the state after all that was durable when it was looked at, at once and then
    /// each time that something came: not each state in between. It judges by the state alone: what runs
    /// out is over when its deadline has fired.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    /// # let runtime = builder.start().await?;
    /// # use std::time::Duration;
    /// let account = runtime.aggregates::<AccountSessions>().get("acc-1");
    /// let now = runtime.now();
    /// let waiting = account.timeout(Duration::from_secs(30));
    /// let waiting = waiting.until(move |account| account.leases.free(now) < 2);
    /// account.ask(Acquire("tv".into())).await?;
    /// assert_eq!(waiting.await?.position.get(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ReadError::TimedOut`] if it does not come to that in time; else see [`ReadError`].
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing.
    pub fn until<F>(
        &self,
        condition: F,
    ) -> impl Future<Output = Result<Seen<A>, ReadError>> + Send + use<A, K, F>
    where
        F: FnMut(&A) -> bool + Send + 'static,
    {
        let (shared, boundary) = (self.target.kind.shared.clone(), self.boundary());
        let timeout = self.options.timeout;
        async move {
            let work = async { wait_for(&shared, &boundary?, condition).await };
            within(&shared, timeout, work).await
        }
    }

    fn boundary(&self) -> Result<Boundary, ReadError> {
        guarded(|| boundary_of::<A>(self.id()))?.map_err(ReadError::InvalidId)
    }
}

async fn wait_for<A: Aggregate>(
    shared: &Arc<RuntimeContext>,
    boundary: &Boundary,
    mut condition: impl FnMut(&A) -> bool,
) -> Result<Seen<A>, ReadError> {
    let query = boundary.guard().expect("an aggregate is guarded");
    let mut folded = begin(shared, boundary, (SnapshotOf::Aggregate, None)).await?;
    loop {
        fold_on(shared, &mut folded, None).await?;
        if guarded(|| condition(folded.refs::<A>(boundary)))? {
            return Ok(seen(folded));
        }
        let after = folded.level().expect("it was folded to the end");
        let query = query.clone();
        shared.asks(|journal| port::changed(journal, query, after)).await?;
        folded.behind();
    }
}

/// Whether the journal reaches that far: else what is there now would be taken for what was then.
pub(crate) async fn extends_to(
    shared: &Arc<RuntimeContext>,
    position: Position,
) -> Result<(), ReadError> {
    let head = shared.asks(port::head).await?.position;
    if position > head {
        return Err(ReadError::BeyondHead { position, head });
    }
    Ok(())
}
