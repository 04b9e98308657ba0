//! Reading any view: folded from the journal for whoever asks, and kept by nobody.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::snapshot::SnapshotOf;
use bailiwick_core::views::{Boundary, Folded};
use bailiwick_core::{BoundaryError, InvalidTag, Position, View};

use crate::context::RuntimeContext;
use crate::error::ReadError;
use crate::journal::fold::{fold_on, guarded};
use crate::journal::port;
use crate::snapshots;
use crate::util::race::{Either, race};
use crate::util::seen::Seen;

/// A reference to a view of one key, and how to read it: options first, then the verb. From
/// [`Runtime::view`](crate::Runtime::view).
///
/// It is a key with options and nothing more: nothing is kept in memory for it.
pub struct ViewRef<V: View> {
    shared: Arc<RuntimeContext>,
    key: V::Key,
    timeout: Duration,
}

impl<V: View> ViewRef<V> {
    pub(crate) fn new(shared: Arc<RuntimeContext>, key: V::Key) -> Self {
        let timeout = shared.config.timeout;
        ViewRef { shared, key, timeout }
    }

    /// The key.
    pub fn key(&self) -> &V::Key {
        &self.key
    }

    /// How long to wait: for its turn and the journal together.
    /// [`Config::timeout`](crate::Config::timeout) unless told otherwise; a long history takes longer.
    #[must_use]
    pub fn timeout(&self, timeout: Duration) -> Self {
        ViewRef { shared: self.shared.clone(), key: self.key.clone(), timeout }
    }

    /// Folds the view from all events of the journal that it reads, whoever wrote them, and gives it
    /// away with the position of the last of them.
    ///
    /// It holds everything that was durable when the read was called, and events that became durable
    /// meanwhile. The journal is read a page at a time
    /// ([`page_events`](crate::Config::page_events)), others have their turn in between, and no more
    /// than [`view_reads`](crate::Config::view_reads) are folded at once: more wait, in order.
    ///
    /// Nothing is kept: every read folds the whole history of its key. That is right for histories
    /// of hundreds of events, or for what is read now and then. An aggregate is better asked by
    /// [its own `read`](crate::AggregateRef::read), which folds nothing while it is in memory, and
    /// whose position [`expecting`](crate::AggregateRef::expecting) accepts. Of an aggregate this
    /// reads the journal and not the live state: so it may be ahead of that, if another writer was
    /// faster.
    ///
    /// # Errors
    /// See [`ReadError`].
    ///
    /// # Cancel safety
    /// A dropped read is not finished, and leaves nothing.
    pub fn read(&self) -> impl Future<Output = Result<Seen<V>, ReadError>> + Send + use<V> {
        let ViewRef { shared, key, timeout } = self;
        let (shared, timeout) = (shared.clone(), *timeout);
        let boundary = guarded(|| boundary_of::<V>(key));
        async move {
            let boundary = boundary?.map_err(ReadError::InvalidId)?;
            Ok(seen(within(&shared, timeout, fold(&shared, &boundary)).await?))
        }
    }
}

/// What the view of this key reads.
pub(crate) fn boundary_of<V: View>(key: &V::Key) -> Result<Boundary, InvalidTag> {
    Boundary::of::<V>(key).map_err(|error| match error {
        BoundaryError::Key { source, .. } => source,
        _ => unreachable!("nothing else is wrong with a key"),
    })
}

/// Reads for so long at most.
pub(crate) async fn within<T>(
    shared: &RuntimeContext,
    timeout: Duration,
    work: impl Future<Output = Result<T, ReadError>>,
) -> Result<T, ReadError> {
    match race(work, shared.environment.clock.sleep(timeout)).await {
        Either::Left(read) => read,
        Either::Right(()) => Err(ReadError::TimedOut),
    }
}

/// The one view that was folded, with the position of the last event that it reads.
pub(crate) fn seen<V: View>(folded: Folded) -> Seen<V> {
    let position = folded.last();
    Seen { value: folded.into_state().expect("it is the only one"), position }
}

/// Folds the one view of a boundary up to the end of the journal.
pub(crate) async fn fold(
    shared: &Arc<RuntimeContext>,
    boundary: &Boundary,
) -> Result<Folded, ReadError> {
    let mut folded = begin(shared, boundary, (SnapshotOf::View, None)).await?;
    fold_on(shared, &mut folded, None).await?;
    if let Some(keeper) = &shared.snapshots {
        snapshots::keep(keeper, folded.slots_mut());
    }
    Ok(folded)
}

/// The views of a boundary, at the beginning of the journal or where a snapshot goes on, which is not beyond
/// that position.
pub(crate) async fn begin(
    shared: &Arc<RuntimeContext>,
    boundary: &Boundary,
    of: (SnapshotOf, Option<Position>),
) -> Result<Folded, ReadError> {
    let mut folded = guarded(|| Folded::of(boundary))?;
    let read = |read| shared.asks(|journal| port::read(journal, read));
    let read = |wanted| async { read(wanted).await.ok() };
    let revived = snapshots::revive(shared, &mut folded, of, read).await;
    revived.map_err(|differs| ReadError::Unloadable(differs.into()))?;
    Ok(folded)
}

impl<V: View> Clone for ViewRef<V> {
    fn clone(&self) -> Self {
        self.timeout(self.timeout)
    }
}

impl<V: View> fmt::Debug for ViewRef<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewRef").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
