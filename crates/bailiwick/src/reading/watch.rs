//! Watching one aggregate: its durable events, as they come.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bailiwick_core::{Aggregate, News, View};
use futures_core::Stream;

use super::since::Since;
use super::subscription::{Subscription, Update};
use crate::aggregates::AggregateRef;
use crate::error::SubscribeError;

impl<A: Aggregate, K: Clone> AggregateRef<A, K> {
    /// Watches the durable events of this aggregate, whether or not it is in memory: a stream that is
    /// told of them as they come, from a position on (`watch(position)`, the events beyond it) or
    /// from now on (`watch(Since::Now)`).
    ///
    /// *Now* is an instant between the call and its answer: every event that was durable before the
    /// call is behind it, every one that becomes durable after the answer is given. A
    /// [`read`](Self::read) and a watch from the position that it says have no gap between them.
    ///
    /// # Errors
    /// If the text of the ID cannot be a tag, it cannot begin there, the runtime is shut down, or the
    /// journal cannot be read: see [`SubscribeError`].
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing.
    pub fn watch<S: Into<Since>>(
        &self,
        since: S,
    ) -> impl Future<Output = Result<Watch<A>, SubscribeError>> + Send + use<A, K, S> {
        let events = self.subscribe(since);
        async move { Ok(Watch { events: events.await? }) }
    }
}

/// The durable events of one aggregate, in order and without gaps, from a position on or from now: a
/// [`Subscription`] that gives events and nothing else, and keeps what a subscription promises.
///
/// It shows events of types that the aggregate reads, whoever emitted them; not those that are retired, nor
/// Bailiwick's own. It ends when the runtime drains, is shut down or dropped, once it has given what it
/// has read already.
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
/// assert_eq!(change.principal().map(|by| by.as_str()), Some("ann"));
/// # Ok(())
/// # }
/// ```
pub struct Watch<A: Aggregate> {
    events: Subscription<News<<A as View>::Event>>,
}

impl<A: Aggregate> Watch<A> {
    /// The next durable event; waits until there is one. None once the runtime is shut down or
    /// dropped. As [`StreamExt::next`](https://docs.rs/futures/latest/futures/stream/trait.StreamExt.html)
    /// of a stream.
    ///
    /// # Errors
    /// See [`SubscribeError`]. Called again, it goes on.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<News<<A as View>::Event>, SubscribeError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<A: Aggregate> Stream for Watch<A> {
    type Item = Result<News<<A as View>::Event>, SubscribeError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(Pin::new(&mut self.events).poll_next(cx)) {
                Some(Ok(Update::CaughtUp { .. })) => {}
                Some(Ok(Update::Event(news))) => return Poll::Ready(Some(Ok(news))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<A: Aggregate> fmt::Debug for Watch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({} after {})", A::NAME, self.events.cursor().position)
    }
}
