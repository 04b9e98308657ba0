//! What has happened to one aggregate.

use std::fmt;
use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bailiwick_core::{Aggregate, News, Position, View};
use futures_core::Stream;

use super::following::Following;
use super::since::Since;
use super::subscribe::of_id;
use super::subscription::{Subscription, Update};
use crate::aggregates::AggregateRef;
use crate::error::SubscribeError;

impl<A: Aggregate, K: Clone> AggregateRef<A, K> {
    /// What has happened to this aggregate up to now: its durable events beyond `after`, the place of one that
    /// was given before, or from the first on, with who caused them and when. The aggregate is not touched.
    ///
    /// It is read page by page, and given one by one or [a page at a time](History::page).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    /// # let runtime = builder.start().await?;
    /// let account = runtime.aggregates::<AccountSessions>().get("acc-1");
    /// account.principal("ann").ask(Acquire("tv".into())).await?;
    /// let mut history = account.history(None).await?;
    /// while let Some(news) = history.next().await {
    ///     let news = news?;
    ///     println!("{} {}: {:?} by {:?}", news.position(), news.at(), news.event, news.principal());
    /// }
    ///
    /// // For a page of a server: ten of them, and the next ten.
    /// let page = account.history(None).await?.page(10).await?;
    /// let last = page.events.last().map(|news| news.position());
    /// assert_eq!((page.events.len(), page.more), (1, false));
    /// let next = account.history(last).await?.page(10).await?;
    /// assert!(next.events.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the text of the ID cannot be a tag, `after` lies beyond the end of the journal, the runtime is shut
    /// down, or the journal cannot be read.
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing.
    pub fn history(
        &self,
        after: Option<Position>,
    ) -> impl Future<Output = Result<History<A>, SubscribeError>> + Send + use<A, K> {
        let (shared, query) = (self.target.kind.shared.clone(), of_id::<A>(self.id()));
        async move {
            let query = query.map_err(SubscribeError::InvalidId)?;
            let after = Since::Position(after.unwrap_or(Position::START));
            let (after, upto) = after.resolve(&shared).await?;
            let mut following = Following::new(shared, query, after);
            following.end = Some(upto);
            let events = Subscription { following, read: News::read };
            Ok(History { events, upto, ended: false, failed: None })
        }
    }
}

/// The events of one aggregate up to a position, in order and without gaps: a [`Stream`] that ends. From
/// [`AggregateRef::history`].
///
/// It holds one page of events at most ([`page_events`](crate::Config::page_events),
/// [`page_bytes`](crate::Config::page_bytes)), and reads when it is polled. Errors are not its end, as of a [`Subscription`]; if the runtime is shut down it says so
/// ([`ShutDown`](SubscribeError::ShutDown)) and ends, since there may be more.
///
/// For an example see [`AggregateRef::history`].
pub struct History<A: Aggregate> {
    events: Subscription<News<<A as View>::Event>>,
    upto: Position,
    ended: bool,
    /// Met after events of a page, which were given first.
    failed: Option<SubscribeError>,
}

/// A page of what has happened to an aggregate. From [`History::page`].
///
/// For an example see [`AggregateRef::history`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HistoryPage<E> {
    /// The events, in order.
    pub events: Vec<News<E>>,
    /// Up to where the history reads: the end of the journal when it began.
    pub upto: Position,
    /// Whether there may be more beyond the last.
    pub more: bool,
}

impl<A: Aggregate> History<A> {
    /// Up to where it reads: the end of the journal when it began.
    pub fn upto(&self) -> Position {
        self.upto
    }

    /// The next events, `limit` of them at most; zero counts as one. Less than that is the end, or all that
    /// there was before an event that cannot be read: the next call says so. From the journal no more are read
    /// than are wanted.
    ///
    /// # Errors
    /// See [`SubscribeError`]. Called again, it goes on.
    ///
    /// # Cancel safety
    /// What it had collected is lost if the future is dropped, and is read again from where it began by another
    /// history.
    pub async fn page(
        &mut self,
        limit: usize,
    ) -> Result<HistoryPage<<A as View>::Event>, SubscribeError> {
        let limit = NonZeroUsize::new(limit).unwrap_or(NonZeroUsize::MIN);
        let mut events = Vec::new();
        while events.len() < limit.get() && self.failed.is_none() {
            let left = limit.get() - events.len();
            self.events.following.limit = NonZeroUsize::new(left).unwrap_or(NonZeroUsize::MIN);
            match self.next().await {
                None => break,
                Some(Ok(news)) => events.push(news),
                Some(Err(error)) => self.failed = Some(error),
            }
        }
        self.events.following.limit = NonZeroUsize::MAX;
        if events.is_empty()
            && let Some(error) = self.failed.take()
        {
            return Err(error);
        }
        let more = self.failed.is_some() || (!self.ended && self.events.following.may_have_more());
        Ok(HistoryPage { events, upto: self.upto, more })
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
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
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
