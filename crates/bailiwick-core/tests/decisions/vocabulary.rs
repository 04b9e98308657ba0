//! A few events that concern two kinds of things, and a view that remembers all it saw.

use std::any::TypeId;
use std::marker::PhantomData;

use bailiwick_core::{Context, Decision, Event, Key, Tag, Timestamp, View, id};
use serde::{Deserialize, Serialize};

id!(pub XId: "x", pub YId: "y");

/// Concerns both kinds.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linked {
    #[tag]
    pub x: XId,
    #[tag]
    pub y: YId,
    pub n: u64,
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum XEvent {
    Red {
        #[tag]
        x: XId,
        n: u64,
    },
    Linked(Linked),
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum YEvent {
    Blue {
        #[tag]
        y: YId,
        n: u64,
    },
    Linked(Linked),
}

/// Concerns nobody.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rang {
    pub n: u64,
}

/// Everything.
#[derive(Event, Clone, Debug, PartialEq)]
pub enum AnyEvent {
    X(XEvent),
    Y(YEvent),
    Rang(Rang),
}

/// All events of a set that concern a key, with their times.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<E, K> {
    pub seen: Vec<(E, Timestamp)>,
    of: PhantomData<fn() -> K>,
}

impl<E: Event + Clone, K: Key> View for Seen<E, K> {
    type Key = K;
    type Event = E;

    fn new(_: &K) -> Self {
        Seen { seen: Vec::new(), of: PhantomData }
    }

    fn apply(&mut self, event: &E, at: Timestamp) {
        self.seen.push((event.clone(), at));
    }

    /// Those of a Y can be copied, the others cannot.
    fn try_clone(&self) -> Option<Self> {
        (TypeId::of::<E>() == TypeId::of::<YEvent>()).then(|| self.clone())
    }
}

/// All that concerns an X.
pub type X = Seen<XEvent, XId>;
/// All that concerns a Y.
pub type Y = Seen<YEvent, YId>;
/// All that concerns both.
pub type Both = Seen<Linked, (XId, YId)>;
/// All rings.
pub type Bell = Seen<Rang, ()>;

/// A decision that has views, and emits what it is told to.
pub struct Emit<Vs: bailiwick_core::Views>(pub fn() -> Vs::Keys, pub Vec<AnyEvent>);

impl<Vs: bailiwick_core::Views> Decision for Emit<Vs> {
    type Views = Vs;
    type Event = AnyEvent;
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn keys(&self) -> Vs::Keys {
        self.0()
    }

    fn decide(&self, _: Vs::Refs<'_>, ctx: &mut Context<AnyEvent>) -> Result<(), Self::Rejection> {
        self.1.iter().for_each(|event| ctx.emit(event.clone()));
        Ok(())
    }
}

pub fn red(x: &'static str, n: u64) -> AnyEvent {
    AnyEvent::X(XEvent::Red { x: x.into(), n })
}

pub fn blue(y: &'static str, n: u64) -> AnyEvent {
    AnyEvent::Y(YEvent::Blue { y: y.into(), n })
}

pub fn linked(x: &'static str, y: &'static str, n: u64) -> AnyEvent {
    AnyEvent::X(Linked { x: x.into(), y: y.into(), n }.into())
}

pub fn rang(n: u64) -> AnyEvent {
    Rang { n }.into()
}

pub fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}
