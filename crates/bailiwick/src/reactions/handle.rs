//! Policies and effects as operators see them: how far they have come, and what stands still. Asking delays and
//! changes nothing.

use std::fmt;
use std::sync::Arc;

use bailiwick_core::journal::{Read, RecordedEvent};
use bailiwick_core::{Position, ReactionKind};
use tokio::sync::oneshot;

use super::lanes::{Parked, before};
use super::running::Running;
use super::selected::SelectedLanes;
use super::status::{ParkedLane, ReactionState, ReactionStatus, StalledLane};
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
pub struct ReactionHandle(pub(super) Arc<Running>);

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
        let (now, elapsed) = (running.shared.now(), running.elapsed());
        let lanes = running.lanes.lock();
        let stalled = lanes.stalled();
        let shown = stalled.iter().take(MOST_STALLED).map(|(lane, news, failing)| StalledLane {
            lane: (*lane).clone(),
            at: news.position,
            age: now.since(news.event.recorded_at),
            failing_for: elapsed.saturating_sub(failing.since),
            failures: failing.times + 1,
            reason: failing.reason.clone(),
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
            counts: *running.counts.lock(),
            stalled_lanes: stalled.len(),
            stalled: shown.collect(),
            parked_lanes: lanes.parked(),
        }
    }

    /// The lanes that are parked, in the order of their names.
    pub fn parked(&self) -> Vec<ParkedLane> {
        let parked = self.0.lanes.lock().all_parked();
        let of = |(lane, parked)| {
            let Parked { at, since, reason, command, .. } = parked;
            ParkedLane { lane, at, since, reason, command }
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
        let would_do = async move {
            let news = of.news_at(parked.at).await?;
            let journal = of.0.shared.journal().ok_or(ReactionError::ShutDown)?;
            let would_do = of.0.would_do(&news, &*journal).await;
            would_do.map_err(|reason| ReactionError::Reaction { reason: reason.into() })
        };
        self.by_a_task(would_do).await
    }

    /// Does it in a task of the runtime: so the caller holds nothing of the journal, and what was begun is
    /// finished.
    pub(super) async fn by_a_task<T: Send + 'static>(
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

    pub(super) fn parked_lane(&self, lane: &str) -> Result<ParkedLane, ReactionError> {
        let found = self.parked().into_iter().find(|parked| parked.lane == *lane);
        found.ok_or_else(|| ReactionError::NotParked { lane: lane.to_owned() })
    }

    pub(super) async fn news_at(&self, at: Position) -> Result<RecordedEvent, ReactionError> {
        let journal = self.0.shared.journal().ok_or(ReactionError::ShutDown)?;
        let read = Read::new(self.0.wants.clone().into()).after(before(at)).upto(at);
        let mut page = port::read(&*journal, read).await.map_err(ReactionError::Unread)?;
        page.events.pop().ok_or(ReactionError::NoNews { at })
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
