//! What can be subscribed to: an event set, everything, an aggregate type, one aggregate.

use std::future::Future;
use std::sync::Arc;

use bailiwick_core::journal::{EventType, Query, QueryItem};
use bailiwick_core::{Aggregate, Event, Id, InvalidTag, News, View, each_name};

use super::following::Following;
use super::since::Since;
use super::subscription::{ReadAs, Subscription};
use crate::aggregates::{AggregateRef, Aggregates};
use crate::context::RuntimeContext;
use crate::error::SubscribeError;
use crate::view::read::boundary_of;

impl<A: Aggregate> Aggregates<A> {
    /// Subscribes to what all aggregates of this type read: events of their types that carry the ID of one,
    /// whoever emitted them. [`News::id`] says whose an event is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
    /// use bailiwick::{Position, Update};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    /// # let runtime = builder.start().await?;
    /// let accounts = runtime.aggregates::<AccountSessions>();
    /// accounts.get("acc-1").ask(Acquire("tv".into())).await?;
    /// let mut all = accounts.subscribe(Position::START).await?;
    /// let Some(Ok(Update::Event(news))) = all.next().await else { panic!("there is one") };
    /// assert_eq!(news.id::<AccountId>()?, "acc-1".into());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Runtime::subscribe`](crate::Runtime::subscribe).
    ///
    /// # Cancel safety
    /// As [`Runtime::subscribe`](crate::Runtime::subscribe).
    pub fn subscribe<S: Into<Since>>(
        &self,
        since: S,
    ) -> impl Future<Output = Result<SubscriptionOf<A>, SubscribeError>> + Send + use<A, S> {
        let read: ReadAs<News<A::Event>> = |recorded| {
            let is_its = recorded.event.tags.iter().any(|tag| A::Key::has_key(tag.key()));
            if is_its { News::read(recorded) } else { Ok(None) }
        };
        begin(self.kind.shared.clone(), of_types::<A::Event>(), since.into(), read)
    }
}

impl<A: Aggregate, K: Clone> AggregateRef<A, K> {
    /// Subscribes to what this aggregate reads, whether or not it is in memory. As
    /// [`watch`](Self::watch), and it says when it has caught up.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
    /// use bailiwick::{Position, Update};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    /// # let runtime = builder.start().await?;
    /// let account = runtime.aggregates::<AccountSessions>().get("acc-1");
    /// account.ask(Acquire("tv".into())).await?;
    /// let mut events = account.subscribe(Position::START).await?;
    /// assert!(matches!(events.next().await, Some(Ok(Update::Event(_)))));
    /// assert!(matches!(events.next().await, Some(Ok(Update::CaughtUp { .. }))));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Runtime::subscribe`](crate::Runtime::subscribe), or if the text of the ID cannot be a tag.
    ///
    /// # Cancel safety
    /// As [`Runtime::subscribe`](crate::Runtime::subscribe).
    pub fn subscribe<S: Into<Since>>(
        &self,
        since: S,
    ) -> impl Future<Output = Result<SubscriptionOf<A>, SubscribeError>> + Send + use<A, K, S> {
        let query = of_id::<A>(self.id()).map_err(SubscribeError::InvalidId);
        let (shared, since) = (self.target.kind.shared.clone(), since.into());
        async move { begin(shared, query?, since, News::read).await }
    }
}

/// The news of an aggregate type.
type SubscriptionOf<A> = Subscription<News<<A as View>::Event>>;

pub(crate) async fn begin<T>(
    shared: Arc<RuntimeContext>,
    query: Query,
    since: Since,
    read: ReadAs<T>,
) -> Result<Subscription<T>, SubscribeError> {
    if shared.is_draining() {
        return Err(SubscribeError::ShutDown);
    }
    let (after, _) = since.resolve(&shared).await?;
    let mut following = Following::new(shared, query, after);
    following.endless = true;
    Ok(Subscription { following, read })
}

/// By all names that the types of the set have or had.
pub(crate) fn of_types<E: Event>() -> Query {
    let types = each_name(E::TYPES).into_iter().map(EventType::literal);
    QueryItem::new(types, []).expect("an event set has a type").into()
}

/// What one aggregate folds.
pub(super) fn of_id<A: Aggregate>(id: &A::Key) -> Result<Query, InvalidTag> {
    let boundary = boundary_of::<A>(id)?;
    Ok(boundary.guard().expect("an aggregate is guarded"))
}
