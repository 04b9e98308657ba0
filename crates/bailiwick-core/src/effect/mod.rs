//! Effects: when this happened, call the outside world. At least once, with a key by which the other side
//! can tell that it was called before.
//!
//! Why it is as it is: docs/decisions/policies-and-effects.md.

mod attempt;
mod erased;
mod failed;
mod mock;

use std::future::Future;

use crate::event::Event;
use crate::policy::{Lane, News, Start};
use crate::views::Views;

pub use attempt::Attempt;
#[doc(hidden)]
pub use attempt::{Borrowing, Present, conversation_of};
#[doc(hidden)]
pub use erased::{AnyEffect, Performing};
pub use failed::Failed;
pub use mock::{MockAnswer, MockService};

/// A call to the outside world that is to be made when something has happened: a mail that is sent, a
/// payment that is ordered, a stream that is started. It is to news what a [policy](crate::Policy) is, on
/// [lanes](Effect::LANE) as that is; but what it does is not in the journal, so less can be promised:
///
/// - **At least once, under one key.** Every event of its set is performed until it succeeds, gives up, or an
///   operator skips it. Each of these leaves one trace in the journal, and what has its trace is not
///   performed again: not after a restart, and not by another runtime.
/// - **Not exactly once.** Between the call and its trace everything can end. Then it is called again, under
///   the same [key](Attempt::key), which is for that. Two runtimes on one journal may be calling at the same
///   time, too, under the same key. So what is called has to recognise a key, or be harmless when it is
///   repeated; no caller can do that for it.
/// - **In order within a lane**, one call at a time, and lanes beside each other, at most
///   [`effect_calls`] at a time. Two runtimes on one journal may be a call apart.
/// - **In bounded time.** A call that takes longer than [`effect_timeout`] is dropped, at the `.await` that it
///   has come to, and counts as one that failed. It may have arrived all the same.
/// - **A failure is retried**, later and later, or not before a `Retry-After`. After [`effect_retry_for`], which
///   outlives an outage of hours, the lane is *parked*, until somebody has seen to it. Other lanes go on, as
///   long as fewer fail at a time than [`policy_news`]: then nothing more is read until some of them go on.
///
/// What it calls with is to be a function of the news and the views, which are as of the news and the same in
/// every attempt: who gets one key with two inputs can only do the wrong thing with one of them. How things
/// are *now* ([`Attempt::latest`], [`Attempt::now`]) is for one decision: whether to call at all.
///
/// # Examples
/// A lease was granted, so a stream is started, unless the lease has run out meanwhile.
///
/// ```
/// # use std::sync::Arc;
/// # use bailiwick_core::{Event, Timestamp, View, id};
/// # use serde::{Deserialize, Serialize};
/// # id!(pub AccountId: "account", pub SessionId: "session");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub struct LeaseGranted { #[tag] session: SessionId, url: String, until: Timestamp }
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub struct SessionEnded { #[tag] session: SessionId }
/// # pub struct Ended(bool);
/// # impl View for Ended {
/// #     type Key = SessionId;
/// #     type Event = SessionEnded;
/// #     fn new(_: &SessionId) -> Self { Ended(false) }
/// #     fn apply(&mut self, _: &SessionEnded, _: Timestamp) { self.0 = true; }
/// # }
/// use bailiwick_core::{
///     Attempt, Effect, Failed, Lane, MockAnswer, MockService, News, Start, given_events,
/// };
///
/// /// The port behind which the streams are. Here it is one for tests.
/// struct StartStream(MockService<String>);
///
/// impl Effect for StartStream {
///     const NAME: &'static str = "start stream";
///     const LANE: Lane = Lane::of::<SessionId>();
///     const START: Start = Start::Now;
///     type Event = LeaseGranted;
///     type Views = ();
///
///     fn keys(&self, _: &News<LeaseGranted>) {}
///
///     async fn perform(
///         &self,
///         news: &News<LeaseGranted>,
///         _: (),
///         attempt: &Attempt<'_>,
///     ) -> Result<(), Failed> {
///         let LeaseGranted { session, url, until } = &news.event;
///         if attempt.now() >= *until || attempt.latest::<Ended>(session).await?.0 {
///             return Err(Failed::give_up("the lease has ended"));
///         }
///         self.0.call(attempt.key(), url.clone()).await
///     }
/// }
///
/// let streams = MockService::answering([MockAnswer::Retry]);
/// let effect = || StartStream(streams.clone());
/// let granted = LeaseGranted { session: "s1".into(), url: "rtmp://a".into(), until: 60_000.into() };
/// given_events()
///     .at(1_000)
///     .performs(effect(), granted)
///     .retries("the mock was told to")
///     .at(2_000)
///     .performs_again(effect())
///     .done()
///     // Nobody can know that it was done, if all ends before that is recorded. It is not done any more
///     // once the session has ended.
///     .event(SessionEnded { session: "s1".into() })
///     .performs_again(effect())
///     .gives_up("the lease has ended");
/// assert_eq!(streams.calls().len(), 2);
/// assert_eq!(streams.keys().len(), 1);
/// ```
///
/// [`effect_calls`]: https://docs.rs/bailiwick/latest/bailiwick/struct.Config.html#method.effect_calls
/// [`effect_timeout`]: https://docs.rs/bailiwick/latest/bailiwick/struct.Config.html#method.effect_timeout
/// [`policy_news`]: https://docs.rs/bailiwick/latest/bailiwick/struct.Config.html#method.policy_news
/// [`effect_retry_for`]: https://docs.rs/bailiwick/latest/bailiwick/struct.Config.html#method.effect_retry_for
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an effect",
    note = "implement `Effect` for it: its name, its lane, where it starts, its news and views, `perform`"
)]
pub trait Effect: Send + Sync + 'static {
    /// By which name it is known in the journal, in logs, by operators, and in the
    /// [keys](Attempt::key) that it passes on. It stays the same for ever. 1 to 80 bytes, without control
    /// characters; no policy has the same.
    const NAME: &'static str;

    /// Which news it performs one after the other. Who is called for a lane that fails is not called for the
    /// next news of that lane: the narrower it is, the less one failure stops. If it is changed while
    /// something is outstanding, the runtime does not start.
    const LANE: Lane;

    /// Which news it performs when it is new on a journal: [`Start::Now`] unless it is to call for everything
    /// that has ever happened. Resolved at its first start there and kept.
    const START: Start;

    /// The news that it wants.
    type Event: Event;

    /// What else it has to know: views as of the news, which is folded in, and nothing later. `()` for
    /// nothing.
    type Views: Views;

    /// What the views are of.
    fn keys(&self, news: &News<Self::Event>) -> <Self::Views as Views>::Keys;

    /// Calls the outside world. In an implementation it is an `async fn`; its future has to be `Send`.
    ///
    /// It may be dropped at any `.await`: by its time-out, and when a runtime is dropped or its shutdown takes
    /// longer than it may. A panic is a failure: tried again, then the lane is parked.
    ///
    /// # Errors
    /// [`Failed`]: it asks to be retried, or gives up for good.
    fn perform<'a>(
        &'a self,
        news: &'a News<Self::Event>,
        views: <Self::Views as Views>::Refs<'a>,
        attempt: &'a Attempt<'a>,
    ) -> impl Future<Output = Result<(), Failed>> + Send;
}
