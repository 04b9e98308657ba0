//! The contracts a domain implements: a view folds events, an aggregate takes commands as well.
//!
//! Why it is as it is: docs/decisions/api.md.

mod recorded;
mod snapshots;

use std::error::Error;

use crate::context::Context;
use crate::event::Event;
use crate::id::{Id, IdDescriptor};
use crate::recording::Recording;
use crate::tag::{InvalidTag, Tag, Tags};
use crate::time::Timestamp;

pub use snapshots::Snapshots;

/// What a view is of: an ID, a tuple of IDs (an event must concern all of them) or `()`.
///
/// ```
/// use bailiwick_core::{InvalidTag, Key, id};
///
/// id!(CourseId: "course", StudentId: "student");
///
/// let both = (StudentId::from("s1"), CourseId::from("c1"));
/// assert_eq!(both.tags()?.as_slice().len(), 2);
/// assert_eq!(().tags()?.as_slice().len(), 0); // A view of everything.
/// # Ok::<(), InvalidTag>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a view",
    note = "a key is an ID declared with `bailiwick::id!`, a tuple of IDs, or `()`"
)]
pub trait Key: Clone + Eq + Send + Sync + 'static {
    /// The tags an event must carry to belong to the view.
    ///
    /// # Errors
    /// If the text of an ID cannot be the value of a tag.
    fn tags(&self) -> Result<Tags, InvalidTag>;

    /// The tags that such an event carries instead if it was recorded when an ID of the key had
    /// [another key](Id::WAS): each an alternative; none if no ID ever had.
    ///
    /// # Errors
    /// As [`tags`](Self::tags).
    #[doc(hidden)]
    fn tags_before(&self) -> Result<Vec<Tags>, InvalidTag> {
        Ok(Vec::new())
    }

    /// Its tags, such that no other key has them in this order.
    ///
    /// # Errors
    /// As [`tags`](Self::tags).
    #[doc(hidden)]
    fn tags_in_order(&self) -> Result<Vec<Tag>, InvalidTag> {
        Ok(self.tags()?.as_slice().to_vec())
    }

    /// The types of its IDs.
    #[doc(hidden)]
    fn ids() -> Vec<IdDescriptor> {
        Vec::new()
    }
}

impl<I: Id> Key for I {
    fn tags(&self) -> Result<Tags, InvalidTag> {
        Ok(self.tag()?.into())
    }

    fn tags_before(&self) -> Result<Vec<Tags>, InvalidTag> {
        Ok(self.old_tags()?.into_iter().map(Tags::from).collect())
    }

    fn ids() -> Vec<IdDescriptor> {
        vec![IdDescriptor::of::<I>()]
    }
}

impl Key for () {
    fn tags(&self) -> Result<Tags, InvalidTag> {
        Ok(Tags::none())
    }
}

impl<A: Id, B: Id> Key for (A, B) {
    fn tags(&self) -> Result<Tags, InvalidTag> {
        Ok([self.0.tag()?, self.1.tag()?].into_iter().collect())
    }

    fn tags_before(&self) -> Result<Vec<Tags>, InvalidTag> {
        if A::WAS.is_empty() && B::WAS.is_empty() {
            return Ok(Vec::new());
        }
        alternatives([each_tag(&self.0)?, each_tag(&self.1)?])
    }

    fn tags_in_order(&self) -> Result<Vec<Tag>, InvalidTag> {
        Ok(vec![self.0.tag()?, self.1.tag()?])
    }

    fn ids() -> Vec<IdDescriptor> {
        vec![IdDescriptor::of::<A>(), IdDescriptor::of::<B>()]
    }
}

impl<A: Id, B: Id, C: Id> Key for (A, B, C) {
    fn tags(&self) -> Result<Tags, InvalidTag> {
        Ok([self.0.tag()?, self.1.tag()?, self.2.tag()?].into_iter().collect())
    }

    fn tags_before(&self) -> Result<Vec<Tags>, InvalidTag> {
        if A::WAS.is_empty() && B::WAS.is_empty() && C::WAS.is_empty() {
            return Ok(Vec::new());
        }
        alternatives([each_tag(&self.0)?, each_tag(&self.1)?, each_tag(&self.2)?])
    }

    fn tags_in_order(&self) -> Result<Vec<Tag>, InvalidTag> {
        Ok(vec![self.0.tag()?, self.1.tag()?, self.2.tag()?])
    }

    fn ids() -> Vec<IdDescriptor> {
        vec![IdDescriptor::of::<A>(), IdDescriptor::of::<B>(), IdDescriptor::of::<C>()]
    }
}

/// Today's tag of an ID, then its old ones.
fn each_tag<I: Id>(id: &I) -> Result<Vec<Tag>, InvalidTag> {
    let mut tags = vec![id.tag()?];
    tags.extend(id.old_tags()?);
    Ok(tags)
}

/// One tag of each, in every combination, but for the first: that is today's.
fn alternatives<const N: usize>(of: [Vec<Tag>; N]) -> Result<Vec<Tags>, InvalidTag> {
    let mut all: Vec<Vec<Tag>> = vec![Vec::new()];
    for tags in of {
        let longer = |known: Vec<Tag>| {
            let with = |tag: &Tag| known.iter().cloned().chain([tag.clone()]).collect();
            tags.iter().map(with).collect::<Vec<_>>()
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    Ok(all.into_iter().skip(1).map(Tags::from_iter).collect())
}

/// A fold over events: the one way in which anything is read from the journal.
///
/// It reads the events of its [`Event`](View::Event) set that carry the tags of its key. The example of
/// [`Aggregate`] has one, that of [`Decision`](crate::Decision) one that is no aggregate.
///
/// If others write what it reads, other runtimes or decisions, say how it is copied
/// ([`try_clone`](View::try_clone)): who was overtaken then reads what was written since, and else the
/// whole history.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view",
    note = "implement `View` for it: its key, its event set, `new` and `apply`"
)]
pub trait View: Sized + Send + 'static {
    /// What it is a view of.
    type Key: Key;
    /// Which events it reads.
    type Event: Event;
    /// Whether its states are kept as [snapshots](Snapshots), so that a long history is not read each time:
    /// `Some(Snapshots::version(1))`. None is; then nothing of it costs anything.
    ///
    /// They need a store, which a runtime is given where it is built (`Builder::snapshots`). A snapshot
    /// shortens the read and never the condition. Worth it for histories of thousands of events.
    const SNAPSHOTS: Option<Snapshots<Self>> = None;

    /// The state before any event.
    fn new(key: &Self::Key) -> Self;

    /// Folds one event in. Total: the event has happened, so nothing is judged here, and nothing is
    /// read but the state, the event and `at`: the time when it was recorded, which is the `ctx.now()` of
    /// the decision that emitted it.
    ///
    /// A panic here for an event of the journal makes the aggregate unloadable until the code is
    /// mended; for a new event it fails the command that emitted it.
    fn apply(&mut self, event: &Self::Event, at: Timestamp);

    /// A copy of the state, for whoever can make one at little cost: `Some(self.clone())`.
    ///
    /// What is decided is folded in before it is in the journal. If it does not get there, because
    /// another writer was faster or the journal failed, the state is made anew: from a copy of
    /// before, and what was written since, or without one from the whole history. So a copy is worth
    /// it for a state that is small against its history and that others write to as well.
    ///
    /// It costs one copy per append (of an aggregate: for all commands that are written together; of
    /// a decision: for each of its views that what it emits concerns), and the memory of two at most
    /// while an aggregate is at work. A panic counts as none.
    fn try_clone(&self) -> Option<Self> {
        None
    }

    /// How many bytes the state holds on the heap, about: what its strings, vectors and maps have
    /// room for. Its own size is known and not part of this.
    ///
    /// A runtime asks whenever an aggregate comes to rest, and whenever a view is kept between
    /// decisions, and keeps no more of them in memory than its budgets of bytes allow
    /// (`Config::resting_bytes`, `Config::cached_view_bytes`). So it should cost little: no walk through
    /// a collection. For states of much the same size the default does: then the budgets of their
    /// number are enough. A panic here counts as nothing.
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// State and rules of one instance, with sole authority over them: a view that takes commands.
///
/// Each command is a [`Decide`] implementation, which [`#[commands]`](macro@crate::commands) writes.
///
/// ```
/// use bailiwick_core::{Aggregate, Context, Event, Timestamp, View, commands, given, id, require};
/// use serde::{Deserialize, Serialize};
///
/// id!(DoorId: "door");
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// enum DoorEvent {
///     Opened { until: Timestamp },
///     Closed {},
/// }
///
/// struct Door {
///     open_until: Option<Timestamp>,
/// }
///
/// impl View for Door {
///     type Key = DoorId;
///     type Event = DoorEvent;
///
///     fn new(_: &DoorId) -> Self {
///         Door { open_until: None }
///     }
///
///     fn apply(&mut self, event: &DoorEvent, _: Timestamp) {
///         self.open_until = match event {
///             DoorEvent::Opened { until } => Some(*until),
///             DoorEvent::Closed {} => None,
///         };
///     }
/// }
///
/// impl Aggregate for Door {
///     const NAME: &'static str = "Door";
///
///     fn deadline(&self) -> Option<Timestamp> {
///         self.open_until
///     }
///
///     fn on_deadline(&self, ctx: &mut Context<DoorEvent>) {
///         ctx.emit(DoorEvent::Closed {});
///     }
/// }
///
/// struct Open {
///     millis: u64,
/// }
///
/// #[derive(Debug, PartialEq, thiserror::Error)]
/// #[error("the door is open")]
/// struct AlreadyOpen;
///
/// #[commands]
/// impl Door {
///     fn open(&self, open: &Open, ctx: &mut Context<DoorEvent>) -> Result<Timestamp, AlreadyOpen> {
///         require(self.open_until.is_none(), AlreadyOpen)?;
///         let until = ctx.now().plus_millis(open.millis);
///         ctx.emit(DoorEvent::Opened { until });
///         Ok(until)
///     }
/// }
///
/// // Without a runtime: what happened, when it is, what is asked, what comes of it.
/// let until = Timestamp::from_millis(1_000);
/// let open = || given::<Door>("front").events([DoorEvent::Opened { until }]);
/// open().at(999).when(Open { millis: 50 }).rejected(AlreadyOpen);
/// open()
///     .at(1_000)
///     .when(Open { millis: 50 })
///     .expires_first([DoorEvent::Closed {}])
///     .emits([DoorEvent::Opened { until: Timestamp::from_millis(1_050) }]);
/// ```
///
/// # Scheduled and recurring commands
/// Something that is to be done later is an aggregate with a deadline: it survives restarts, cannot be forgotten,
/// and is told by its own events. A [policy](crate::Policy) makes a command of such an event, an
/// [effect](crate::Effect) a call. Once:
///
/// ```
/// # use std::time::Duration;
/// # use bailiwick_core::{Aggregate, Context, Event, Timestamp, View, commands, given, id};
/// # use serde::{Deserialize, Serialize};
/// # id!(ReminderId: "reminder");
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// enum ReminderEvent {
///     Scheduled { at: Timestamp },
///     Due {},
/// }
/// # use ReminderEvent::*;
///
/// struct Reminder {
///     at: Option<Timestamp>,
/// }
///
/// # impl View for Reminder {
/// #     type Key = ReminderId;
/// #     type Event = ReminderEvent;
/// #     fn new(_: &ReminderId) -> Self { Reminder { at: None } }
/// #     fn apply(&mut self, event: &ReminderEvent, _: Timestamp) {
/// #         self.at = match event { Scheduled { at } => Some(*at), Due {} => None };
/// #     }
/// # }
/// impl Aggregate for Reminder {
///     const NAME: &'static str = "Reminder";
///     fn deadline(&self) -> Option<Timestamp> {
///         self.at
///     }
///     fn on_deadline(&self, ctx: &mut Context<ReminderEvent>) {
///         ctx.emit(Due {}); // Whoever is to do something about it wants this event.
///     }
/// }
///
/// const DAY: Duration = Duration::from_secs(86_400);
/// struct InThreeDays;
///
/// #[commands]
/// impl Reminder {
///     fn schedule(
///         &self,
///         _: &InThreeDays,
///         ctx: &mut Context<ReminderEvent>,
///     ) -> Result<(), std::convert::Infallible> {
///         ctx.emit(Scheduled { at: ctx.now() + 3 * DAY });
///         Ok(())
///     }
/// }
///
/// let third_day = Timestamp::EPOCH + 3 * DAY;
/// given::<Reminder>("dentist")
///     .when(InThreeDays)
///     .emits([Scheduled { at: third_day }])
///     .at(Timestamp::EPOCH + 2 * DAY)
///     .expires([])
///     .at(third_day)
///     .expires([Due {}])
///     .no_deadline();
/// ```
///
/// Again and again: the deadline is that of the next period, and each period is one event. What was missed while
/// nothing ran is caught up, period by period, before anything else is decided.
///
/// ```
/// # use bailiwick_core::{Aggregate, Context, Event, Timestamp, View, given, id};
/// # use serde::{Deserialize, Serialize};
/// # id!(CustomerId: "customer");
/// /// A month of the calendar: `year * 12 + (month - 1)`.
/// type Month = u32;
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// enum ContractEvent {
///     Signed { first: Month },
///     Billed { month: Month },
///     Cancelled {},
/// }
/// # use ContractEvent::*;
///
/// struct Contract {
///     next: Option<Month>,
/// }
///
/// impl View for Contract {
///     type Key = CustomerId;
///     type Event = ContractEvent;
///     fn new(_: &CustomerId) -> Self {
///         Contract { next: None }
///     }
///     fn apply(&mut self, event: &ContractEvent, _: Timestamp) {
///         self.next = match event {
///             Signed { first } => Some(*first),
///             Billed { month } => Some(month + 1),
///             Cancelled {} => None,
///         };
///     }
/// }
///
/// impl Aggregate for Contract {
///     const NAME: &'static str = "Contract";
///     fn deadline(&self) -> Option<Timestamp> {
///         self.next.map(begin_of)
///     }
///     fn on_deadline(&self, ctx: &mut Context<ContractEvent>) {
///         // One month: it is called again as long as another one is due.
///         ctx.emit(Billed { month: self.next.expect("it has a deadline") });
///     }
/// }
///
/// # fn begin_of(month: Month) -> Timestamp {
/// #     format!("{:04}-{:02}-01T00:00:00Z", month / 12, month % 12 + 1).parse().unwrap()
/// # }
/// let at = |text: &str| text.parse::<Timestamp>().unwrap();
/// let january = 2026 * 12;
/// given::<Contract>("ann")
///     .events([Signed { first: january }])
///     .at(at("2026-01-01T00:00:00Z"))
///     .expires([Billed { month: january }])
///     // The service is down until the middle of April.
///     .at(at("2026-04-15T12:00:00Z"))
///     .expires([1, 2, 3].map(|n| Billed { month: january + n }))
///     .deadline(at("2026-05-01T00:00:00Z"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    note = "implement `Aggregate` for it, with its `NAME`"
)]
pub trait Aggregate: View<Key: Id> {
    /// What tells aggregate types apart in a runtime, in logs and in the journal's metadata. It is
    /// stored: if it changes, say what it [was](Aggregate::WAS).
    const NAME: &'static str;

    /// Names that it had before. What was recorded as decided under one of them, the answers to
    /// idempotency keys among it, is this aggregate's.
    const WAS: &'static [&'static str] = &[];

    /// Whether this is the aggregate's name, or was.
    fn is_named(name: &str) -> bool {
        name == Self::NAME || Self::WAS.contains(&name)
    }

    /// When something falls due by itself, as a function of the state: nothing to set or cancel.
    ///
    /// At that time, never earlier, the runtime calls [`on_deadline`](Aggregate::on_deadline).
    ///
    /// It counts from the first event on. An ID to which nothing has happened never falls due, whatever
    /// the deadline of its [`new`](View::new) state: nothing is written because somebody looked.
    fn deadline(&self) -> Option<Timestamp> {
        None
    }

    /// The version of the rule that [`deadline`](Aggregate::deadline) is. It is recorded with each
    /// deadline, so that a start knows them without loading anybody. Raise it when the rule changes:
    /// `deadline` itself, or what it rests on in `new`, in `apply` or in the event set. A deadline that
    /// was recorded by another version is not trusted, and the aggregate is judged anew.
    ///
    /// A runtime notices by itself, as a rule: a start folds some aggregates of each type and compares
    /// (`Config::compared_aggregates`), and so does every load. One deadline that is not the one that
    /// was recorded is enough to judge all of the type anew, with a warning in the log that says to
    /// raise this. Only a rule that changes the deadlines of a few among many may escape it.
    const DEADLINE_VERSION: u32 = 1;

    /// Emits what falls due at `ctx.now()`. Afterwards the deadline must be later, or none; if it is
    /// still due, this is called again, until it is not. So it may do one thing at a time: one missed
    /// period, or one of several leases that end at the same time.
    ///
    /// However much is due, it is caught up, a part per turn, and commands wait for that. If it emits
    /// nothing, or the deadline does not move in 1 024 rounds, what these decided is undone and the
    /// deadline is left alone for a while, longer each time (`Config::deadline_backoff`); commands go
    /// on meanwhile.
    ///
    /// It runs before any command that is judged at or after the deadline, so its events stand even
    /// if that command is refused.
    #[expect(unused_variables, reason = "a default for aggregates without deadlines")]
    fn on_deadline(&self, ctx: &mut Context<Self::Event>) {}
}

/// How an aggregate decides one command `C`.
///
/// A pure, synchronous function of (state, command, now): it awaits nothing, reads no clock, and
/// is run again if another writer was faster. `&self` is the state *before* the command: an event
/// emitted by the same command is not in it yet.
///
/// [`#[commands]`](macro@crate::commands) on an `impl` block of the aggregate implements it for each
/// command that a method there decides:
///
/// ```
/// # use bailiwick_core::{Aggregate, Context, Event, Timestamp, View, commands, given, id, require};
/// # use serde::{Deserialize, Serialize};
/// # id!(pub CupId: "cup");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub struct Poured { ml: u32 }
/// # pub struct Cup { ml: u32 }
/// # impl View for Cup {
/// #     type Key = CupId;
/// #     type Event = Poured;
/// #     fn new(_: &CupId) -> Cup { Cup { ml: 0 } }
/// #     fn apply(&mut self, event: &Poured, _: Timestamp) { self.ml += event.ml; }
/// # }
/// # impl Aggregate for Cup { const NAME: &'static str = "cup"; }
/// # #[derive(Debug, PartialEq, thiserror::Error)] #[error("too much")] pub struct TooMuch;
/// /// Pours so much into a cup.
/// pub struct Pour {
///     pub ml: u32,
/// }
///
/// #[commands]
/// impl Cup {
///     fn pour(&self, pour: &Pour, ctx: &mut Context<Poured>) -> Result<u32, TooMuch> {
///         let full = self.ml + pour.ml;
///         require(full <= 200, TooMuch)?;
///         ctx.emit(Poured { ml: pour.ml });
///         Ok(full)
///     }
/// }
///
/// given::<Cup>("c1").when(Pour { ml: 150 }).replies(150).when(Pour { ml: 60 }).rejected(TooMuch);
/// ```
#[diagnostic::on_unimplemented(
    message = "the aggregate `{Self}` does not decide the command `{C}`",
    label = "this command is not one of `{Self}`",
    note = "write a method that decides it: `#[commands] impl {Self} {{ fn name(&self, command: &{C}, ctx: &mut Context<..>) -> Result<..> }}`"
)]
pub trait Decide<C>: Aggregate {
    /// By which name the command is recognised when it comes again with the same idempotency key,
    /// and is called in the journal's metadata.
    ///
    /// None, the default: it is recognised by the full name of its type, with its path and what it is
    /// generic over, so that no two types are taken for one. Then a type that is moved to another
    /// module, or renamed, is another command: who asked before the program was changed, and asks
    /// again afterwards, is refused. A name that is pinned here stays the same, and may be the full
    /// one that the type had before it was moved. It must differ from those of the aggregate's other
    /// commands, or one would be answered with what another was.
    const COMMAND: Option<&'static str> = None;
    /// Whether commands of this type are recorded, so that they can be rehearsed: decided again with the
    /// code of tomorrow, on what they were decided on. `Some(Recording::new())`, or `#[command(recorded)]`
    /// in [`#[commands]`](macro@crate::commands). None, the default, costs nothing.
    ///
    /// A command that is accepted stands, encoded, beside the first event that it emits; one that emits
    /// nothing leaves nothing. A rejection is recorded as an event of its own
    /// ([`REFUSED`](crate::journal::REFUSED)), with its text. Of either no more than a bound of bytes is
    /// recorded. The caller never waits for that, and is told the same whatever becomes of it: the append
    /// of a rejection is begun before the caller hears of it, and if it fails, or the process dies just
    /// then, the record is missing and nothing else.
    ///
    /// What is recorded is in the journal for good: no command with a secret should be.
    const RECORDED: Option<Recording<C>> = None;
    /// What an accepted command answers.
    type Reply: Send + 'static;
    /// Which rule said no.
    type Rejection: Error + Send + Sync + 'static;

    /// Decides: emits events and replies, or refuses.
    ///
    /// # Errors
    /// The rule that said no. Nothing that was emitted is kept then.
    fn decide(
        &self,
        command: &C,
        ctx: &mut Context<Self::Event>,
    ) -> Result<Self::Reply, Self::Rejection>;
}

/// `Ok` if `condition` holds, else the rejection: `require(free > 0, Refused::Full)?`.
///
/// # Errors
/// `rejection`, if `condition` does not hold.
///
/// For an example see [`Aggregate`](crate::Aggregate).
pub fn require<R>(condition: bool, rejection: R) -> Result<(), R> {
    if condition { Ok(()) } else { Err(rejection) }
}
