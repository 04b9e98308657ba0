//! Watching one aggregate: its durable events, as they come.

mod watchers;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bailiwick_core::journal::{JournalReadError, Page, Query, Read, RecordedEvent};
use bailiwick_core::{
    Aggregate, BoxFuture, CodecError, InvalidTag, Position, Text, Timestamp, View,
};
use futures_core::Stream;
use tokio::sync::Notify;

use crate::kind::Kind;
use crate::port;
use crate::race::either;
use crate::shared::{Shared, Stage};
pub(crate) use watchers::Watchers;

/// Where a watch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Since {
    /// Behind what is durable when the watch begins: it gives what comes after that.
    Now,
    /// Behind this position: one that a [`read`](crate::AggregateRef::read) or a receipt said, or
    /// [`Position::START`] for everything. A [`Position`] converts into it.
    Position(Position),
}

impl From<Position> for Since {
    fn from(position: Position) -> Since {
        Since::Position(position)
    }
}

/// A durable event of the aggregate that is watched, with what stands beside it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change<E> {
    /// Its place in the journal.
    pub position: Position,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The event.
    pub event: E,
    /// The name of the command that was decided; none for a deadline.
    pub command: Option<Text>,
    /// On whose behalf, if that was [said](crate::AggregateRef::principal).
    pub principal: Option<Text>,
    /// The conversation it belongs to, if that was [said](crate::AggregateRef::correlation).
    pub correlation: Option<Text>,
}

/// Why a watch could not begin, or could not give an event. It is not at its end then: see
/// [`Watch`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The text of the ID cannot be a tag, so there is nothing to watch.
    #[error("the ID cannot be used")]
    InvalidId(#[source] InvalidTag),
    /// It could not begin, because the runtime is shut down. One that has begun ends then.
    #[error("the runtime is shut down")]
    ShutDown,
    /// The journal could not be read. Polled again, the watch tries again, after a while.
    #[error("what has happened cannot be read")]
    Unread(#[source] JournalReadError),
    /// An event cannot be decoded. Polled again, the watch goes on behind it.
    #[error("the event at position {position} cannot be read")]
    Undecodable {
        /// Where it is.
        position: Position,
        /// What is wrong with it.
        source: CodecError,
    },
}

/// The durable events of one aggregate, in order and without gaps, from a position on or from now: a
/// [`Stream`], with [`next`](Watch::next) for who needs nothing else of one.
///
/// - It reads the journal, so it may be arbitrarily slow and misses nothing; in memory it holds one
///   page of events at most ([`page_events`](crate::Config::page_events)), and nothing of the journal
///   once the runtime is closed. Ten thousand that wait cost their memory and no time.
/// - It learns at once of what this runtime appends; of what another writer appended to the same
///   journal, as soon as this runtime does.
/// - It shows events of types that the aggregate reads, whoever emitted them; not those that are
///   retired, nor Bailiwick's own.
/// - An error is not its end. After [`Unread`](WatchError::Unread) it tries again, not before
///   [`reload_backoff`](crate::Config::reload_backoff) has passed, so that it may be polled in a loop;
///   after [`Undecodable`](WatchError::Undecodable) it goes on behind that event.
/// - It ends when the runtime is shut down or dropped, once it has given what it has read already.
///
/// A [`read`](crate::AggregateRef::read) and a watch from its position have no gap between them:
///
/// ```
/// # use bailiwick::{Aggregate, Context, Decide, Event, MemoryJournal, Runtime, Timestamp, View, id};
/// # use serde::{Deserialize, Serialize};
/// # id!(DoorId: "door");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # struct Opened {}
/// # struct Door { opened: u32 }
/// # impl View for Door {
/// #     type Key = DoorId;
/// #     type Event = Opened;
/// #     fn new(_: &DoorId) -> Self { Door { opened: 0 } }
/// #     fn apply(&mut self, _: &Opened, _: Timestamp) { self.opened += 1; }
/// # }
/// # impl Aggregate for Door { const NAME: &'static str = "Door"; }
/// # struct Open;
/// # impl Decide<Open> for Door {
/// #     type Reply = ();
/// #     type Rejection = std::convert::Infallible;
/// #     fn decide(&self, _: &Open, ctx: &mut Context<Opened>) -> Result<(), Self::Rejection> {
/// #         ctx.emit(Opened {});
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let runtime = Runtime::builder(MemoryJournal::new()).aggregate::<Door>().start().await?;
/// let door = runtime.aggregates::<Door>().get("front");
/// let before = door.read(|door, _| door.opened).await?;
/// let mut changes = door.watch(before.position).await?;
/// door.principal("ann").ask(Open).await?;
/// let change = changes.next().await.expect("the runtime is open")?;
/// assert_eq!(change.principal.as_ref().map(|by| by.as_str()), Some("ann"));
/// # Ok(())
/// # }
/// ```
pub struct Watch<A: Aggregate> {
    kind: Arc<Kind<A>>,
    id: A::Key,
    boundary: Query,
    changed: Arc<Notify>,
    after: Position,
    page: VecDeque<RecordedEvent>,
    /// The next page on its way. Kept here and not by who polls, so that nothing is lost with that.
    reading: Option<BoxFuture<Option<NextPage>>>,
    /// The journal could not be read the last time.
    failed: bool,
    ended: bool,
}

type NextPage = Result<Page, JournalReadError>;

impl<A: Aggregate> Watch<A> {
    pub(crate) async fn begin(
        kind: Arc<Kind<A>>,
        id: A::Key,
        since: Since,
    ) -> Result<Self, WatchError> {
        let (_, boundary) = kind.boundary(&id).map_err(WatchError::InvalidId)?;
        let after = match since {
            Since::Position(after) if kind.shared.stage() != Stage::Closed => after,
            Since::Position(_) => return Err(WatchError::ShutDown),
            Since::Now => {
                let head = kind.shared.lend(port::head).ok_or(WatchError::ShutDown)?.await;
                head.ok_or(WatchError::ShutDown)?.map_err(WatchError::Unread)?.position
            }
        };
        let changed = kind.watchers.subscribe(&id);
        let page = VecDeque::new();
        let (reading, failed, ended) = (None, false, false);
        Ok(Watch { kind, id, boundary, changed, after, page, reading, failed, ended })
    }

    /// The next durable event; waits until there is one. None once the runtime is shut down or
    /// dropped. As [`StreamExt::next`](https://docs.rs/futures/latest/futures/stream/trait.StreamExt.html)
    /// of a stream.
    ///
    /// # Errors
    /// See [`WatchError`]. Called again, it goes on.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Change<<A as View>::Event>, WatchError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The next event of the page.
    fn take(&mut self) -> Option<Result<Change<<A as View>::Event>, WatchError>> {
        while let Some(RecordedEvent { position, event: recorded }) = self.page.pop_front() {
            self.after = position;
            if recorded.is_reserved() {
                continue;
            }
            match recorded.decode() {
                // Of a type that is retired.
                Ok(None) => {}
                Ok(Some(event)) => {
                    let extra = recorded.metadata.extra();
                    return Some(Ok(Change {
                        position,
                        recorded_at: recorded.recorded_at,
                        event,
                        principal: extra.principal.clone(),
                        correlation: extra.correlation.clone(),
                        command: recorded.metadata.command,
                    }));
                }
                Err(source) => return Some(Err(WatchError::Undecodable { position, source })),
            }
        }
        None
    }

    fn begin_reading(&self) -> BoxFuture<Option<NextPage>> {
        let shared = self.kind.shared.clone();
        let read = Read::new(self.boundary.clone()).after(self.after).limit(shared.config.page());
        Box::pin(next_page(shared, self.changed.clone(), read, self.failed))
    }
}

/// Waits for a page with something in it. None: the runtime is closed.
async fn next_page(
    shared: Arc<Shared>,
    changed: Arc<Notify>,
    mut read: Read,
    failed: bool,
) -> Option<NextPage> {
    if failed {
        let closing = shared.closing.notified();
        if shared.stage() == Stage::Closed {
            return None;
        }
        either(shared.seams.clock.sleep(shared.config.reload_backoff), closing).await;
    }
    loop {
        // Before looking, so that what changes meanwhile is noticed.
        let (changed, closing) = (changed.notified(), shared.closing.notified());
        let page = shared.lend(|journal| port::read(journal, read.clone()))?.await?;
        let page = match page {
            Ok(page) if page.events.is_empty() => page,
            page => return Some(page),
        };
        read.after = read.after.max(page.upto);
        if !page.more {
            either(changed, closing).await;
        }
    }
}

impl<A: Aggregate> Stream for Watch<A> {
    type Item = Result<Change<<A as View>::Event>, WatchError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let watch = &mut *self;
        loop {
            if let Some(next) = watch.take() {
                return Poll::Ready(Some(next));
            }
            if watch.ended {
                return Poll::Ready(None);
            }
            // Out of its place while it runs: one that panics is not polled again.
            let mut reading = watch.reading.take().unwrap_or_else(|| watch.begin_reading());
            let Poll::Ready(page) = reading.as_mut().poll(cx) else {
                watch.reading = Some(reading);
                return Poll::Pending;
            };
            watch.failed = matches!(page, Some(Err(_)));
            match page {
                None => watch.ended = true,
                Some(Err(error)) => return Poll::Ready(Some(Err(WatchError::Unread(error)))),
                Some(Ok(page)) => watch.page = page.events.into(),
            }
        }
    }
}

// Nothing of it is pinned where it stands.
impl<A: Aggregate> Unpin for Watch<A> {}

impl<A: Aggregate> Drop for Watch<A> {
    fn drop(&mut self) {
        self.kind.watchers.unsubscribe(&self.id);
    }
}

impl<A: Aggregate> std::fmt::Debug for Watch<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watch({} {} after {})", A::NAME, self.id, self.after)
    }
}
