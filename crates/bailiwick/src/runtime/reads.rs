//! What is read through a runtime: any view, and what happens anywhere.

use std::future::Future;

use bailiwick_core::journal::{Query, RecordedEvent};
use bailiwick_core::{BoxFuture, Event, IntoId, News, View};

use super::Runtime;
use crate::error::{ReadError, SubscribeError};
use crate::reading::{Since, Subscription, begin, of_types};
use crate::util::seen::Seen;
use crate::view::read::ViewRef;

impl Runtime {
    /// The view `V` of this key, to be [read](ViewRef::read) with options.
    ///
    /// # Panics
    /// If nobody has said where the runtime was built that `V` is read: with
    /// [`Builder::reads`](crate::Builder::reads), as a view of a
    /// [decision](crate::Builder::decision), or as an [aggregate](crate::Builder::aggregate). Then
    /// nobody has looked whether the journal holds what it would overlook or misread.
    #[track_caller]
    pub fn view<V: View>(&self, key: impl IntoId<V::Key>) -> ViewRef<V> {
        self.shared().assert_reads::<V>();
        ViewRef::new(self.shared().clone(), key.into_id())
    }

    /// Reads a view: as [`ViewRef::read`], without options.
    ///
    /// ```
    /// # use bailiwick::{Context, Decide, Aggregate, Event, MemoryJournal, Runtime, Timestamp, View, id};
    /// # use serde::{Deserialize, Serialize};
    /// # id!(ShopId: "shop", CustomerId: "customer");
    /// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    /// # struct Sold { #[tag] to: CustomerId, cents: u64 }
    /// # struct Shop;
    /// # impl View for Shop {
    /// #     type Key = ShopId;
    /// #     type Event = Sold;
    /// #     fn new(_: &ShopId) -> Self { Shop }
    /// #     fn apply(&mut self, _: &Sold, _: Timestamp) {}
    /// # }
    /// # impl Aggregate for Shop { const NAME: &'static str = "Shop"; }
    /// # struct Sell(CustomerId, u64);
    /// # impl Decide<Sell> for Shop {
    /// #     type Reply = ();
    /// #     type Rejection = std::convert::Infallible;
    /// #     fn decide(&self, Sell(to, cents): &Sell, ctx: &mut Context<Sold>) -> Result<(), Self::Rejection> {
    /// #         ctx.emit(Sold { to: to.clone(), cents: *cents });
    /// #         Ok(())
    /// #     }
    /// # }
    /// /// What a customer has spent, in whichever shop.
    /// struct Spent(u64);
    ///
    /// impl View for Spent {
    ///     type Key = CustomerId;
    ///     type Event = Sold;
    ///     fn new(_: &CustomerId) -> Self {
    ///         Spent(0)
    ///     }
    ///     fn apply(&mut self, sold: &Sold, _: Timestamp) {
    ///         self.0 += sold.cents;
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Shop>().reads::<Spent>();
    /// let runtime = builder.start().await?;
    /// for shop in ["north", "south"] {
    ///     runtime.aggregates::<Shop>().get(shop).ask(Sell("ann".into(), 250)).await?;
    /// }
    /// let spent = runtime.read::<Spent>("ann").await?;
    /// assert_eq!((spent.value.0, spent.position.get()), (500, 2));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`ViewRef::read`].
    ///
    /// # Panics
    /// As [`view`](Runtime::view).
    ///
    /// # Cancel safety
    /// As [`ViewRef::read`].
    #[track_caller]
    pub fn read<V: View>(&self, key: impl IntoId<V::Key>) -> BoxFuture<Result<Seen<V>, ReadError>> {
        Box::pin(self.view::<V>(key).read())
    }

    /// Subscribes to the events of a set, whoever emitted them and whatever they concern: from a position
    /// or a [cursor](crate::journal::Cursor) on, or [from now](Since::Now).
    ///
    /// For an example see [`Subscription`].
    ///
    /// # Errors
    /// If it cannot begin there, the runtime is shut down, or the journal cannot be read.
    ///
    /// # Panics
    /// At the call, if the runtime does not know a type of the set: nobody here emits or reads it, so nobody
    /// has looked whether the journal has it under another name. [`Builder::subscribes`] says that it is
    /// read.
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing.
    ///
    /// [`Builder::subscribes`]: crate::Builder::subscribes
    #[track_caller]
    pub fn subscribe<E: Event>(
        &self,
        since: impl Into<Since>,
    ) -> BoxFuture<Result<Subscription<News<E>>, SubscribeError>> {
        self.shared().assert_knows::<E>();
        Box::pin(begin(self.shared().clone(), of_types::<E>(), since.into(), News::read))
    }

    /// Subscribes to everything, as it stands in the journal: events of any type, Bailiwick's own too
    /// ([`is_reserved`](crate::journal::EncodedEvent::is_reserved)).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
    /// use bailiwick::{Since, Update};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    /// # let runtime = builder.start().await?;
    /// let mut events = runtime.subscribe_all(Since::Now).await?;
    /// runtime.aggregates::<AccountSessions>().get("acc-1").ask(Acquire("tv".into())).await?;
    /// let first = events.next().await.expect("the runtime is open")?;
    /// let Update::Event(recorded) = first else { panic!("it is asked for after the event") };
    /// assert_eq!((recorded.position.get(), recorded.event.event_type.as_str()), (1, "Started"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    ///
    /// # Cancel safety
    /// As [`subscribe`](Self::subscribe).
    pub fn subscribe_all<S: Into<Since>>(
        &self,
        since: S,
    ) -> impl Future<Output = Result<Subscription<RecordedEvent>, SubscribeError>> + Send + use<S>
    {
        begin(self.shared().clone(), Query::all(), since.into(), |recorded| Ok(Some(recorded)))
    }
}
