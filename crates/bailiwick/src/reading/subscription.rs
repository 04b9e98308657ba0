//! A subscription, as who reads it has it.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bailiwick_core::journal::{Cursor, RecordedEvent};
use bailiwick_core::{CodecError, Position};
use futures_core::Stream;

use super::following::{Following, Step};
use crate::error::SubscribeError;

/// What a subscription gives.
///
/// For an example see [`Subscription`].
#[derive(Debug, Clone, PartialEq)]
pub enum Update<T> {
    /// An event: a [`News`](crate::News), or a [`RecordedEvent`] as it stands in the journal.
    Event(T),
    /// Everything up to here was given that there was: this was the end of the journal when it was looked
    /// at. It comes once at the beginning, when there is nothing more to give, and again each time
    /// after something was given, or passed over. Events that are not asked for may lie before it.
    CaughtUp {
        /// The end of the journal.
        position: Position,
    },
}

/// The durable events that somebody asked for, in order and without gaps, from a position on or from now,
/// and then those that come: a [`Stream`], with [`next`](Self::next) for who needs nothing else of one. From
/// [`Runtime::subscribe`](crate::Runtime::subscribe),
/// [`subscribe_all`](crate::Runtime::subscribe_all), [`Aggregates::subscribe`](crate::Aggregates::subscribe) or
/// [`AggregateRef::subscribe`](crate::AggregateRef::subscribe).
///
/// - **Each event once, in the order of the journal, none left out**, whoever appended it, this runtime or
///   another one. Across restarts too: keep [`cursor`](Self::cursor) with what was made of the events, and
///   subscribe from there.
/// - **Back-pressure**: it reads when it is polled. In memory it holds one page of events at most
///   ([`page_events`](crate::Config::page_events), [`page_bytes`](crate::Config::page_bytes)), however far behind it is; one that is not polled
///   reads nothing.
/// - **No polling of the journal**: at its end it waits until something comes that it wants. Ten thousand that
///   wait cost their memory and no time.
/// - **It says when it has caught up**, and up to where: [`Update::CaughtUp`].
/// - **An error is not its end.** After [`Unread`](SubscribeError::Unread) it tries again, not before
///   [`reload_backoff`](crate::Config::reload_backoff) has passed, so that it may be polled in a loop; after
///   [`Undecodable`](SubscribeError::Undecodable) it goes on behind that event.
/// - **It ends when the runtime [drains](crate::Runtime::drain), is shut down or dropped**, once it has given what
///   it has read already, and for no other reason. It keeps neither the runtime nor the journal: a folder can be opened again at once.
///   What was appended last may then not have been given: it is, by the next one from the cursor.
///
/// Types that are retired, and Bailiwick's own, are passed over, unless all is asked for.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
/// use bailiwick::{Position, Since, SubscribeError, Update};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
/// # let runtime = builder.start().await?;
/// let accounts = runtime.aggregates::<AccountSessions>();
/// accounts.get("acc-1").principal("ann").ask(Acquire("tv".into())).await?;
///
/// let mut events = runtime.subscribe::<SessionEvent>(Position::START).await?;
/// let kept = loop {
///     match events.next().await.expect("the runtime is open")? {
///         Update::Event(news) => {
///             let account: AccountId = news.id()?;
///             let by = news.principal().map(|by| by.to_string());
///             assert_eq!((account, by.as_deref()), ("acc-1".into(), Some("ann")));
///         }
///         // What there was is read.
///         Update::CaughtUp { .. } => break events.cursor(),
///     }
/// };
/// // Later, in another process: only what came since.
/// let mut events = runtime.subscribe::<SessionEvent>(kept).await?;
/// assert!(matches!(events.next().await, Some(Ok(Update::CaughtUp { .. }))));
///
/// // A place of another journal is refused.
/// let other = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>().start().await?;
/// let refused = other.subscribe::<SessionEvent>(kept).await.unwrap_err();
/// assert!(matches!(refused, SubscribeError::Cursor(_)));
///
/// // It ends with the runtime.
/// runtime.shutdown(std::time::Duration::from_secs(1)).await;
/// assert!(events.next().await.is_none());
/// # Ok(())
/// # }
/// ```
pub struct Subscription<T> {
    pub(super) following: Following,
    pub(super) read: ReadAs<T>,
}

/// What an event is for who asked for it; none if it is passed over.
pub(super) type ReadAs<T> = fn(RecordedEvent) -> Result<Option<T>, CodecError>;

impl<T> Subscription<T> {
    /// What comes next; waits until there is something. None once the runtime is shut down or dropped.
    /// As [`StreamExt::next`](https://docs.rs/futures/latest/futures/stream/trait.StreamExt.html) of a
    /// stream.
    ///
    /// # Errors
    /// See [`SubscribeError`]. Called again, it goes on.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Update<T>, SubscribeError>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// The place behind what was given last: to be kept with what was made of it, and subscribed from later,
    /// in another process too.
    ///
    /// It moves past what was not asked for when it is [caught up](Update::CaughtUp).
    pub fn cursor(&self) -> Cursor {
        self.following.cursor()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Update<T>, SubscribeError>>> {
        loop {
            let next = match ready!(self.following.poll(cx)) {
                None => None,
                Some(Err(error)) => Some(Err(SubscribeError::Unread(error))),
                Some(Ok(Step::CaughtUp(position))) => Some(Ok(Update::CaughtUp { position })),
                Some(Ok(Step::Event(recorded))) => {
                    let position = recorded.position;
                    match (self.read)(recorded) {
                        Ok(None) => continue,
                        Ok(Some(event)) => Some(Ok(Update::Event(event))),
                        Err(source) => Some(Err(SubscribeError::Undecodable { position, source })),
                    }
                }
            };
            return Poll::Ready(next);
        }
    }
}

impl<T> Stream for Subscription<T> {
    type Item = Result<Update<T>, SubscribeError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx)
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription(after {})", self.cursor().position)
    }
}
