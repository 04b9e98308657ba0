//! Policies and effects as operators see them: how far they have come, what stands still, and what to do about it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::effect::conversation_of;
use bailiwick_core::journal::{Read, RecordedEvent};
use bailiwick_core::policy::{DeliveryEnded, Ending, PolicyFact};
use bailiwick_core::{Position, ReactionKind, Text, Timestamp};
use tokio::sync::oneshot;

use super::counts::ReactionCounts;
use super::deliver::{Reaction, shown, shown_news};
use super::lanes::before;
use super::reaction::Does;
use super::running::Running;
use crate::error::ReactionError;
use crate::journal::port::{self, or_closed};

/// How many stalled lanes are told.
const MOST_STALLED: usize = 100;

/// The policies of a runtime, from [`Runtime::policies`](crate::Runtime::policies), or its effects, from
/// [`Runtime::effects`](crate::Runtime::effects): both are reactions to news. It does not keep the runtime
/// alive. Cheap to clone.
///
/// A delivery of a policy that fails (a target that cannot be loaded, a journal that is closed, a time-out, a
/// full mailbox, a panic) is tried again later and later
/// ([`policy_backoff`](crate::Config::policy_backoff)), and so is a call of an effect
/// ([`effect_backoff`](crate::Config::effect_backoff)); nothing is recorded meanwhile. After
/// [`policy_retry_for`](crate::Config::policy_retry_for) or
/// [`effect_retry_for`](crate::Config::effect_retry_for) its lane is **parked**: that is recorded, later news
/// of the lane wait behind the one that failed, and other lanes go on. A parked lane stays so, over
/// restarts too, until somebody has seen to it:
///
/// | the failure | what to do |
/// |---|---|
/// | is mended | [`retry`](SelectedLanes::retry): it goes on where it is, in order |
/// | is in this one delivery or call, which is not wanted | [`skip`](SelectedLanes::skip) it: the lane goes on behind it |
/// | makes all that the lane holds unwanted | [`drop_all`](SelectedLanes::drop_all): the lane goes on with what comes next |
///
/// Each of the three is for lanes that were [selected](ReactionHandle::select), by any filter; what was
/// selected can be looked at first.
///
/// # Examples
/// ```
/// # use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
/// # use std::time::Duration;
/// # use bailiwick::{
/// #     Aggregate, Commands, Context, Event, GiveUp, Lane, MemoryJournal, News, Policy, Runtime, Start,
/// #     Timestamp, View, commands, id,
/// # };
/// # use serde::{Deserialize, Serialize};
/// # id!(OrderId: "order", ParcelId: "parcel");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # struct OrderPaid {}
/// # struct Order;
/// # impl View for Order {
/// #     type Key = OrderId;
/// #     type Event = OrderPaid;
/// #     fn new(_: &OrderId) -> Self { Order }
/// #     fn apply(&mut self, _: &OrderPaid, _: Timestamp) {}
/// # }
/// # impl Aggregate for Order { const NAME: &'static str = "order"; }
/// # #[derive(Debug, thiserror::Error)] #[error("no")] struct No;
/// # struct Pay;
/// # #[commands]
/// # impl Order {
/// #     fn pay(&self, _: &Pay, ctx: &mut Context<OrderPaid>) -> Result<(), No> {
/// #         ctx.emit(OrderPaid {});
/// #         Ok(())
/// #     }
/// # }
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # struct ParcelOpened {}
/// # struct Parcel(u32);
/// # impl View for Parcel {
/// #     type Key = ParcelId;
/// #     type Event = ParcelOpened;
/// #     fn new(_: &ParcelId) -> Self { Parcel(0) }
/// #     fn apply(&mut self, _: &ParcelOpened, _: Timestamp) { self.0 += 1; }
/// # }
/// # impl Aggregate for Parcel { const NAME: &'static str = "parcel"; }
/// # static NO_PAPER: AtomicBool = AtomicBool::new(true);
/// # #[derive(Debug)] struct Open;
/// # #[commands]
/// # impl Parcel {
/// #     fn open(&self, _: &Open, ctx: &mut Context<ParcelOpened>) -> Result<(), No> {
/// #         assert!(!NO_PAPER.load(SeqCst), "there is no paper");
/// #         ctx.emit(ParcelOpened {});
/// #         Ok(())
/// #     }
/// # }
/// /// Once an order is paid, its parcel is opened.
/// struct Fulfilment;
///
/// impl Policy for Fulfilment {
///     const NAME: &'static str = "fulfilment";
///     const LANE: Lane = Lane::of::<OrderId>();
///     const START: Start = Start::Beginning;
///     type Event = OrderPaid;
///     type Views = ();
///
///     fn keys(&self, _: &News<OrderPaid>) {}
///
///     fn react(&self, news: &News<OrderPaid>, _: (), out: &mut Commands) -> Result<(), GiveUp> {
///         let order: OrderId = news.id().map_err(GiveUp::because)?;
///         out.to::<Parcel>(&order.to_string().parse().map_err(GiveUp::because)?).send(Open);
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Order>().aggregate::<Parcel>();
/// # let builder = builder.clock(bailiwick::ManualClock::at(0));
/// let builder = builder.config(|config| config.policy_retry_for(Duration::ZERO)); // For the example.
/// let runtime = builder.policy(Fulfilment).start().await?;
/// runtime.aggregates::<Order>().get("o1").ask(Pay).await?;
///
/// // The parcel panics: there is no paper. In a while the lane of the order is parked.
/// let policy = runtime.policies().get("fulfilment").expect("it was added");
/// while policy.status().parked_lanes == 0 {
///     tokio::task::yield_now().await;
/// }
/// let parked = policy.parked();
/// assert_eq!((parked[0].lane.as_str(), parked[0].command.as_deref()), ("order:o1", Some("Open to parcel o1")));
/// assert!(parked[0].reason.contains("there is no paper"));
///
/// // There is paper again.
/// # NO_PAPER.store(false, SeqCst);
/// let all = policy.select(|lane| lane.reason.contains("paper"));
/// assert_eq!(all.lanes().len(), 1); // The dry run.
/// all.retry();
/// while policy.status().counts.caused == 0 {
///     tokio::task::yield_now().await;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Reactions {
    all: Arc<[Arc<Running>]>,
    kind: ReactionKind,
}

/// A policy or an effect of a runtime, by its name; from [`Reactions`]. It does not keep the runtime alive.
///
/// For an example see [`Reactions`].
#[derive(Clone)]
pub struct ReactionHandle(Arc<Running>);

/// How a policy or an effect is.
///
/// For an example see [`Reactions`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReactionState {
    /// It goes on.
    Running,
    /// As many lanes are parked as may be ([`parked_lanes`](crate::Config::parked_lanes)), so it does
    /// nothing more until the runtime is started again.
    Stopped,
}

/// How far a policy or an effect has come, and what became of what it did.
///
/// For an example see [`Reactions`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReactionStatus {
    /// Whether it is a policy or an effect.
    pub kind: ReactionKind,
    /// Its name.
    pub name: &'static str,
    /// Whether it runs.
    pub state: ReactionState,
    /// Everything that it wants up to here is done, but for lanes that are parked.
    pub reached: Position,
    /// It has read the journal up to here. What lies between the two is under way, or waits behind it; what
    /// lies beyond is nothing that it wants, as far as it has been told.
    pub read: Position,
    /// How many news it holds that are not done.
    pub pending: usize,
    /// How long ago the oldest of them was recorded; none if everything is done.
    pub oldest_pending: Option<Duration>,
    /// What became of its deliveries or calls since the runtime was started.
    pub counts: ReactionCounts,
    /// How many lanes stand still and are tried again.
    pub stalled_lanes: usize,
    /// Some of them, at most 100, the first in the journal first.
    pub stalled: Vec<StalledLane>,
    /// How many lanes are parked.
    pub parked_lanes: usize,
}

/// A lane that stands still, and is tried again.
///
/// For an example see [`Reactions`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StalledLane {
    /// Its name.
    pub lane: Text,
    /// The news that could not be dealt with.
    pub at: Position,
    /// How long ago that was recorded.
    pub age: Duration,
    /// How long it has been tried.
    pub failing_for: Duration,
    /// How often it was tried in vain.
    pub failures: u32,
    /// Why, the last time.
    pub reason: Arc<str>,
}

/// A lane that stands still until somebody has seen to it.
///
/// For an example see [`Reactions`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParkedLane {
    /// Its name: the tag of its ID, as in `listing:l1`, or the aggregate that emits its news.
    pub lane: Text,
    /// The news that could not be dealt with. Later ones of the lane wait behind it.
    pub at: Position,
    /// When it was parked.
    pub since: Timestamp,
    /// Why.
    pub reason: Arc<str>,
    /// The command that could not be delivered, as its `Debug` shows it; none if it is not known. Of an effect,
    /// the news.
    pub command: Option<Arc<str>>,
}

/// Parked lanes that were selected: nothing is done before one of the verbs. What would be done to which
/// is in [`lanes`](Self::lanes): so selecting is the dry run.
///
/// For an example see [`Reactions`].
#[derive(Debug, Clone)]
pub struct SelectedLanes {
    of: ReactionHandle,
    lanes: Vec<ParkedLane>,
}

impl Reactions {
    pub(crate) fn new(all: Arc<[Arc<Running>]>, kind: ReactionKind) -> Self {
        Reactions { all, kind }
    }

    /// The one with this name.
    pub fn get(&self, name: &str) -> Option<ReactionHandle> {
        self.iter().find(|handle| handle.name() == name)
    }

    /// All of them, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = ReactionHandle> + '_ {
        let is_one = |running: &&Arc<Running>| running.declares.kind == self.kind;
        self.all.iter().filter(is_one).cloned().map(ReactionHandle)
    }
}

impl ReactionHandle {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// How it is. Asks nobody and waits for nothing.
    pub fn status(&self) -> ReactionStatus {
        let running = &self.0;
        let (now, elapsed) = (running.now(), running.elapsed());
        let lanes = running.lanes.lock();
        let stalled = lanes.stalled(MOST_STALLED).into_iter().map(|stalled| StalledLane {
            lane: stalled.lane,
            at: stalled.at,
            age: now.since(stalled.recorded_at),
            failing_for: elapsed.saturating_sub(stalled.failing.since),
            failures: stalled.failing.times + 1,
            reason: stalled.failing.reason,
        });
        ReactionStatus {
            kind: running.declares.kind,
            name: running.name(),
            state: match running.is_stopped() {
                true => ReactionState::Stopped,
                false => ReactionState::Running,
            },
            reached: lanes.mark(),
            read: lanes.upto(),
            pending: lanes.held(),
            oldest_pending: lanes.oldest().map(|at| now.since(at)),
            counts: running.counters.read(),
            stalled_lanes: lanes.count_stalled(),
            stalled: stalled.collect(),
            parked_lanes: lanes.parked(),
        }
    }

    /// The lanes that are parked, in the order of their names.
    pub fn parked(&self) -> Vec<ParkedLane> {
        let parked = self.0.lanes.lock().all_parked();
        let of = |(lane, parked): (Text, Arc<super::lanes::Parked>)| ParkedLane {
            lane,
            at: parked.at,
            since: parked.since,
            reason: parked.reason.clone(),
            command: parked.command.clone(),
        };
        parked.into_iter().map(of).collect()
    }

    /// Selects those of the parked lanes for which this holds. Nothing is done to them yet.
    pub fn select(&self, which: impl FnMut(&ParkedLane) -> bool) -> SelectedLanes {
        let lanes = self.parked().into_iter().filter(which).collect();
        SelectedLanes { of: self.clone(), lanes }
    }

    /// What the policy would send now because of the news at which a lane is parked, as `Debug` shows it. Of an
    /// effect, the news itself: what it would call with nobody can say but by calling.
    ///
    /// # Errors
    /// If the lane is not parked, or nobody can say.
    ///
    /// # Cancel safety
    /// Changes nothing.
    pub async fn inspect(&self, lane: &str) -> Result<Vec<String>, ReactionError> {
        let (of, parked) = (self.clone(), self.parked_lane(lane)?);
        self.by_a_task(async move { of.would_send(&parked).await }).await
    }

    /// Does it in a task of the runtime: so the caller holds nothing of the journal, and what was begun is
    /// finished.
    async fn by_a_task<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ReactionError>> + Send + 'static,
    ) -> Result<T, ReactionError> {
        let (tell, told) = oneshot::channel();
        let shared = self.0.shared.clone();
        self.0.shared.spawn(Box::pin(async move {
            if let Some(done) = or_closed(&shared, work).await {
                // Whoever asked may be gone.
                drop(tell.send(done));
            }
        }));
        told.await.unwrap_or(Err(ReactionError::ShutDown))
    }

    async fn would_send(&self, parked: &ParkedLane) -> Result<Vec<String>, ReactionError> {
        let news = self.news_at(parked.at).await?;
        let Does::Policy(policy) = &self.0.does else { return Ok(vec![shown_news(&news)]) };
        let journal = self.0.journal().ok_or(ReactionError::ShutDown)?;
        let reaction = self.0.reaction(&**policy, &news, &*journal).await;
        match reaction.map_err(|reason| ReactionError::Reaction { reason: reason.into() })? {
            Reaction::Sends(outgoing) => Ok(outgoing.iter().map(shown).collect()),
            Reaction::GivesUp(_) => Ok(Vec::new()),
        }
    }

    fn parked_lane(&self, lane: &str) -> Result<ParkedLane, ReactionError> {
        let found = self.parked().into_iter().find(|parked| parked.lane == *lane);
        found.ok_or_else(|| ReactionError::NotParked { lane: lane.to_owned() })
    }

    async fn news_at(&self, at: Position) -> Result<RecordedEvent, ReactionError> {
        let journal = self.0.journal().ok_or(ReactionError::ShutDown)?;
        let item = bailiwick_core::journal::QueryItem::new(self.0.types.iter().cloned(), []);
        let query = item.expect("it wants some event").into();
        let page = port::read(&*journal, Read::new(query).after(before(at)).upto(at)).await;
        let mut page = page.map_err(ReactionError::Unread)?;
        page.events.pop().ok_or(ReactionError::NoNews { at })
    }

    /// Traces each delivery of a news, or the call for it, as skipped, if it was not done.
    async fn skip_news(&self, news: &RecordedEvent) -> Result<(), ReactionError> {
        let running = &self.0;
        let journal = running.journal().ok_or(ReactionError::ShutDown)?;
        let correlation = conversation_of(news);
        let sends = match &running.does {
            Does::Policy(policy) => running.reaction(&**policy, news, &*journal).await,
            Does::Effect(_) => Ok(Reaction::Sends(Vec::new())),
        };
        let deliveries = match sends {
            Ok(Reaction::Sends(outgoing)) if !outgoing.is_empty() => {
                outgoing.iter().map(|one| running.delivery(news, Some(one))).collect()
            }
            // It is one call, or nobody knows what it would have been.
            _ => vec![running.delivery(news, None)],
        };
        for delivery in deliveries {
            let ended = DeliveryEnded { how: Ending::Skipped, reason: None };
            let left = running.leave_trace(delivery, ended, &*journal, &correlation).await;
            match left {
                Ok(true) => running.counters.skipped(),
                Ok(false) => {}
                Err(reason) => return Err(ReactionError::NotRecorded { reason: reason.into() }),
            }
        }
        Ok(())
    }
}

impl SelectedLanes {
    /// Which they are.
    pub fn lanes(&self) -> &[ParkedLane] {
        &self.lanes
    }

    /// Tries them again, from the news at which they are parked. Those that cannot go on are parked again.
    /// How many were still parked.
    pub fn retry(&self) -> usize {
        let each = self.lanes.iter();
        self.of.0.change(0, |lanes| each.filter(|parked| lanes.retry(&parked.lane)).count())
    }

    /// Skips the deliveries of the news at which they are parked, or the calls for them, and goes on behind it.
    /// That is recorded; what was skipped is never done. How many were still parked.
    ///
    /// # Errors
    /// If it cannot be recorded; those before it are skipped.
    ///
    /// # Cancel safety
    /// Once it was polled, it goes on without its caller.
    pub async fn skip(&self) -> Result<usize, ReactionError> {
        let selected = self.clone();
        self.of.by_a_task(async move { selected.skip_each().await }).await
    }

    async fn skip_each(&self) -> Result<usize, ReactionError> {
        let mut skipped = 0;
        for parked in &self.lanes {
            if self.of.parked_lane(parked.lane.as_str()).is_ok_and(|now| now.at == parked.at) {
                let news = self.of.news_at(parked.at).await?;
                self.of.skip_news(&news).await?;
                let running = &self.of.0;
                running.forgets_call(parked.at);
                let goes_on =
                    running.change(0, |lanes| lanes.retry_behind(&parked.lane, parked.at));
                skipped += usize::from(goes_on);
            }
        }
        Ok(skipped)
    }

    /// Drops everything that they hold up to now: they go on with what comes next. That is recorded; what
    /// was dropped is never done. How many were still parked.
    ///
    /// # Errors
    /// If it cannot be recorded; those before it are dropped.
    ///
    /// # Cancel safety
    /// Once it was polled, it goes on without its caller.
    pub async fn drop_all(&self) -> Result<usize, ReactionError> {
        let selected = self.clone();
        self.of.by_a_task(async move { selected.drop_each().await }).await
    }

    async fn drop_each(&self) -> Result<usize, ReactionError> {
        let mut dropped = 0;
        let running = &self.of.0;
        for parked in &self.lanes {
            let Some(upto) = running.lanes.lock().begin_drop(&parked.lane) else { continue };
            let mut dropping = Dropping { running, lane: Some(&parked.lane) };
            let fact = PolicyFact::LaneFreed {
                lane: parked.lane.to_string(),
                upto,
                dropped_after: Some(before(parked.at)),
            };
            let recorded = running.records(&fact).await;
            recorded.map_err(|reason| ReactionError::NotRecorded { reason: reason.into() })?;
            dropping.lane = None;
            running.forgets_call(parked.at);
            running.change(0, |lanes| lanes.dropped(&parked.lane, upto));
            dropped += 1;
            running.counters.skipped();
        }
        Ok(dropped)
    }
}

/// A lane that is being dropped, until it is recorded.
struct Dropping<'a> {
    running: &'a Arc<Running>,
    lane: Option<&'a Text>,
}

impl Drop for Dropping<'_> {
    fn drop(&mut self) {
        if let Some(lane) = self.lane {
            self.running.change(0, |lanes| lanes.give_up_drop(lane));
        }
    }
}

impl fmt::Debug for Reactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|handle| handle.name())).finish()
    }
}

impl fmt::Debug for ReactionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReactionHandle({})", self.name())
    }
}
