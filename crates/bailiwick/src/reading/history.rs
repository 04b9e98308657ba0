//! What has happened to one aggregate.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bailiwick_core::{Aggregate, News, Position, View};
use futures_core::Stream;

use super::error::SubscribeError;
use super::subscribe::{begin_history, of_id};
use super::subscription::{Subscription, Update};
use crate::aggregates::AggregateRef;

impl<A: Aggregate, K: Clone> AggregateRef<A, K> {
    /// What has happened to this aggregate up to now: its durable events from the first on, with who caused
    /// them and when, read page by page. The aggregate is not touched.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    /// # let runtime = builder.start().await?;
    /// let account = runtime.aggregates::<AccountSessions>().get("acc-1");
    /// account.principal("ann").ask(Acquire("tv".into())).await?;
    /// let mut history = account.history().await?;
    /// while let Some(news) = history.next().await {
    ///     let news = news?;
    ///     println!("{} {}: {:?} by {:?}", news.position(), news.at(), news.event, news.principal());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the text of the ID cannot be a tag, the runtime is shut down, or the journal cannot be read.
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing.
    pub fn history(
        &self,
    ) -> impl Future<Output = Result<History<A>, SubscribeError>> + Send + use<A, K> {
        let (shared, query) = (self.kind().shared.clone(), of_id::<A>(self.id()));
        async move {
            let (events, upto) = begin_history::<A>(shared, query).await?;
            Ok(History { events, upto, ended: false })
        }
    }
}

/// The events of one aggregate up to a position, in order and without gaps: a [`Stream`] that ends. From
/// [`AggregateRef::history`].
///
/// It holds one page of events at most ([`page_events`](crate::Config::page_events)), and reads when it is
/// polled. Errors are not its end, as of a [`Subscription`]; if the runtime is shut down it says so
/// ([`ShutDown`](SubscribeError::ShutDown)) and ends, since there may be more.
///
/// For an example see [`AggregateRef::history`].
pub struct History<A: Aggregate> {
    events: Subscription<News<<A as View>::Event>>,
    upto: Position,
    ended: bool,
}

impl<A: Aggregate> History<A> {
    /// Up to where it reads: the end of the journal when it began.
    pub fn upto(&self) -> Position {
        self.upto
    }

    /// The next event; none at the end.
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

impl<A: Aggregate> Stream for History<A> {
    type Item = Result<News<<A as View>::Event>, SubscribeError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let next = match ready!(Pin::new(&mut self.events).poll_next(cx)) {
            Some(Ok(Update::Event(news))) => return Poll::Ready(Some(Ok(news))),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            Some(Ok(Update::CaughtUp { .. })) => None,
            None => Some(Err(SubscribeError::ShutDown)),
        };
        self.ended = true;
        Poll::Ready(next)
    }
}

impl<A: Aggregate> fmt::Debug for History<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "History({} upto {})", A::NAME, self.upto)
    }
}
