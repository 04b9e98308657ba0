//! A whole set of aggregates, decisions, policies and effects, run to rest in one thread, as a story in time.
//!
//! For an example see [`quiesce`](fn@crate::quiesce).
//!
//! Why it is as it is: docs/decisions/testing.md.

mod aggregates;
mod asked;
mod cell;
mod decisions;
mod deliver;
mod past;
mod pending;
mod perform;
mod refusal;
mod set;
mod story;

use std::any::TypeId;
use std::fmt::Debug;
use std::marker::PhantomData;

use super::report::Report;
use crate::decision::Decision;
use crate::effect::{AnyEffect, Effect};
use crate::policy::{AnyPolicy, Policy};
use crate::position::Position;
use crate::short_name::short_name;
use crate::view::Aggregate;
use aggregates::KindOf;
pub use asked::{Addressed, Asked, Told};
use decisions::DecisionsOf;
use pending::{Does, Order};
pub use refusal::Refusal;
use set::Set;

/// How many deliveries may lead one to another, unless the story says otherwise.
const HOPS: u32 = 64;

/// Tests a whole set of aggregates, decisions, policies and effects without a runtime: begins a story at time 0, on
/// an empty journal.
///
/// ```
/// # use bailiwick_core::{
/// #     Aggregate, Commands, Context, Event, GiveUp, Lane, News, Policy, Start, Timestamp, View, commands, id,
/// #     require,
/// # };
/// # use serde::{Deserialize, Serialize};
/// # id!(pub RoomId: "room", pub GuestId: "guest");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub enum RoomEvent { Booked { #[tag] guest: GuestId, until: Timestamp }, CheckedOut { #[tag] guest: GuestId } }
/// # use RoomEvent::*;
/// # pub struct Room(Option<(GuestId, Timestamp)>);
/// # impl View for Room {
/// #     type Key = RoomId;
/// #     type Event = RoomEvent;
/// #     fn new(_: &RoomId) -> Self { Room(None) }
/// #     fn apply(&mut self, event: &RoomEvent, _: Timestamp) {
/// #         self.0 = match event {
/// #             Booked { guest, until } => Some((guest.clone(), *until)),
/// #             CheckedOut { .. } => None,
/// #         };
/// #     }
/// # }
/// # impl Aggregate for Room {
/// #     const NAME: &'static str = "room";
/// #     fn deadline(&self) -> Option<Timestamp> { self.0.as_ref().map(|(_, until)| *until) }
/// #     fn on_deadline(&self, ctx: &mut Context<RoomEvent>) {
/// #         let (guest, _) = self.0.clone().unwrap();
/// #         ctx.emit(CheckedOut { guest });
/// #     }
/// # }
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub struct Thanked {}
/// # pub struct Guest { thanked: u32 }
/// # impl View for Guest {
/// #     type Key = GuestId;
/// #     type Event = Thanked;
/// #     fn new(_: &GuestId) -> Self { Guest { thanked: 0 } }
/// #     fn apply(&mut self, _: &Thanked, _: Timestamp) { self.thanked += 1; }
/// # }
/// # impl Aggregate for Guest { const NAME: &'static str = "guest"; }
/// # #[derive(Debug, PartialEq, thiserror::Error)]
/// # pub enum Refused { #[error("it is taken")] Taken, #[error("once is enough")] Once }
/// # pub struct Book { guest: GuestId, until: Timestamp }
/// # #[commands]
/// # impl Room {
/// #     fn book(&self, book: &Book, ctx: &mut Context<RoomEvent>) -> Result<(), Refused> {
/// #         require(self.0.is_none(), Refused::Taken)?;
/// #         ctx.emit(Booked { guest: book.guest.clone(), until: book.until });
/// #         Ok(())
/// #     }
/// # }
/// # #[derive(Debug, PartialEq)] pub struct Thank;
/// # #[commands]
/// # impl Guest {
/// #     fn thank(&self, _: &Thank, ctx: &mut Context<Thanked>) -> Result<(), Refused> {
/// #         require(self.thanked == 0, Refused::Once)?;
/// #         ctx.emit(Thanked {});
/// #         Ok(())
/// #     }
/// # }
/// # struct Farewell;
/// # impl Policy for Farewell {
/// #     const NAME: &'static str = "farewell";
/// #     const LANE: Lane = Lane::of::<GuestId>();
/// #     const START: Start = Start::Beginning;
/// #     type Event = RoomEvent;
/// #     type Views = ();
/// #     fn keys(&self, _: &News<RoomEvent>) {}
/// #     fn react(&self, news: &News<RoomEvent>, _: (), out: &mut Commands) -> Result<(), GiveUp> {
/// #         if let CheckedOut { guest } = &news.event {
/// #             out.to::<Guest>(guest).send(Thank);
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// use bailiwick_core::{quiesce, to};
///
/// let book = |until: u64| Book { guest: "ann".into(), until: until.into() };
/// quiesce()
///     .aggregate::<Room>()
///     .aggregate::<Guest>()
///     .policy(Farewell)
///     .get::<Room>("1A")
///     .ask(book(10))
///     .ask(book(20))
///     .rejected(Refused::Taken)
///     .at(10) // The room is given back by its deadline, and the guest is thanked.
///     .get::<Guest>("ann")
///     .state(|guest, _now| assert_eq!(guest.thanked, 1))
///     .get::<Room>("1A")
///     .ask(book(30))
///     .at(30)
///     .refused(to::<Guest>("ann", Thank), "once is enough");
/// ```
///
/// It does what a runtime does, in one thread and without waiting for anything:
///
/// 1. What is asked is decided, and recorded in a journal in memory, with what stands beside each event:
///    tags, who decided it, correlation, cause, how many deliveries led to it.
/// 2. Then every policy sees its news, and what it sends is delivered, until nobody has anything to do. A
///    delivery is known by its policy, its news, its target and its ordinal, and leaves one trace. An effect
///    is performed for its news, and leaves a trace once it is done or has given up.
/// 3. [`at`](Quiesce::at) moves the time on. What falls due on the way expires in the order of time, each as
///    a turn of its own, and after each of them the policies come to rest. An effect that asked to be retried
///    is so on the way, after what it asked for and the back-off of a runtime.
///
/// The order is that of the journal: the first news first. [`shuffled`](Quiesce::shuffled) draws another one.
///
/// # Every news comes twice
///
/// A runtime computes again what a policy sends whenever it cannot know that all of it was delivered: after
/// a crash, or when it was tried in vain. What was delivered is recognised, and not done again. So a second
/// computation does harm exactly if it comes to something else than the first: what it sends in addition is
/// done in addition, what it does not send any more may be lost, and of two commands with one identity
/// either may be the one that is done. Therefore, whenever the policies have come to rest, all that they
/// dealt with is computed once more, and the story fails unless it comes to the same commands for the same
/// targets in the same order, by their `Debug` texts. A policy with a memory of its own, with a random
/// number or with the order of a `HashMap` in it does not pass. [`once`](Quiesce::once) leaves this out.
///
/// An effect is performed twice, too, with the same key, once it is done or has given up: as when all ends
/// between the call and its trace. What comes of the second time is nobody's business; a
/// [`MockService`](crate::MockService) fails if it comes with another input.
///
/// Whether a *target* can bear the same command twice is another question: it never gets it twice, until
/// somebody rewinds a policy. [`rewind`](Quiesce::rewind) asks that.
///
/// # What fails a story
///
/// A rejection, of what was asked or of what a policy sent, a policy or an effect that gives up, and an effect
/// that asks to be retried, if the story does not mention it; a panic; an effect that
/// [waits](crate::EffectOutcome::times_out) for something from outside; news that are in no lane; a target that is not part of the set; events that
/// cannot be recorded; a deadline that stays due; policies that answer each other for ever.
#[must_use = "a story tests nothing before something is asked"]
pub fn quiesce() -> Quiesce {
    Quiesce { set: Box::new(Set::new()), of: (), came: () }
}

/// A story of a whole set, at rest: which aggregate is [addressed](Quiesce::get), and what came of what was
/// asked last.
///
/// For an example see [`quiesce`](fn@crate::quiesce).
pub struct Quiesce<Of = (), Came = ()> {
    set: Box<Set>,
    of: Of,
    came: Came,
}

impl<Of> Quiesce<Of> {
    /// Aggregates of this type are part of the set.
    pub fn aggregate<A: Aggregate<Event: PartialEq + Debug>>(mut self) -> Self {
        if self.set.kind::<KindOf<A>>().is_none() {
            self.set.kinds.push(Box::new(KindOf::<A>::default()));
        }
        self
    }

    /// Policies of the set may ask for decisions of this type. The story may ask for any.
    pub fn decision<D: Decision<Event: PartialEq + Debug> + Debug>(mut self) -> Self {
        let decisions = DecisionsOf::<D>(PhantomData);
        self.set.decisions.push((TypeId::of::<D>(), Box::new(decisions)));
        self
    }

    /// A policy is part of the set from now on. It sees what was recorded before if it
    /// [starts](Policy::START) from the beginning.
    ///
    /// # Panics
    /// If there is a policy or an effect of this name, and as [`at`](Quiesce::at) does.
    #[track_caller]
    pub fn policy<P: Policy<Event: Sync>>(mut self, policy: P) -> Self {
        let declares = policy.descriptor();
        ok(self.set.add(declares, short_name::<P>(), Does::Policy(Box::new(policy))));
        self.settled()
    }

    /// An effect is part of the set from now on. It is performed for what was recorded before if it
    /// [starts](Effect::START) from the beginning. What it calls is up to the story: a
    /// [`MockService`](crate::MockService) behind its port.
    ///
    /// # Panics
    /// If there is a policy or an effect of this name, and as [`at`](Quiesce::at) does.
    #[track_caller]
    pub fn effect<F: Effect<Event: Sync>>(mut self, effect: F) -> Self {
        let declares = effect.descriptor();
        ok(self.set.add(declares, short_name::<F>(), Does::Effect(Box::new(effect))));
        self.settled()
    }

    /// From now on news come once, and what policies make of them is computed once.
    pub fn once(mut self) -> Self {
        self.set.twice = false;
        self
    }

    /// From now on lanes go on in an order that is drawn, the same for the same seed: always any lane that
    /// has something to do, for one command. Each lane stays in order.
    ///
    /// For what must hold in every order: `for seed in 0..100 { story(quiesce().shuffled(seed)) }`.
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.set.pending.order = Order::Shuffled(seed);
        self.set.past.seed = Some(seed);
        self
    }

    /// So many deliveries at most may lead one to another; 64 unless this says otherwise.
    pub fn hops(mut self, most: u32) -> Self {
        self.set.most_hops = most;
        self
    }

    /// The policy or the effect, of this type, sees everything behind this position again, and what it sends
    /// is delivered again, as by one that an operator rewound.
    ///
    /// # Panics
    /// If it is not part of the set, and as [`at`](Quiesce::at) does.
    #[track_caller]
    pub fn rewind<P: 'static>(mut self, after: Position) -> Self {
        if !self.set.rewind(TypeId::of::<P>(), after) {
            self.report(format_args!("{} is not part of the set", short_name::<P>())).fail();
        }
        self.settled()
    }
}

impl<Of, Came> Quiesce<Of, Came> {
    #[track_caller]
    fn settled(mut self) -> Self {
        let settled = self.set.settle(self.set.past.now);
        ok(settled);
        self
    }

    fn report(&self, what: std::fmt::Arguments<'_>) -> Report {
        self.set.past.report(what)
    }
}

#[track_caller]
fn ok<T>(result: Result<T, Report>) -> T {
    match result {
        Ok(value) => value,
        Err(report) => report.fail(),
    }
}
