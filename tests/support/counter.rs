//! A small aggregate on which much can be seen: a counter with a limit and an alarm.
//!
//! Its events carry the value after them, so a journal that was decided by the rules has the values
//! 1, 2, 3... without a gap or a repetition, whoever wrote it.

use bailiwick::{Aggregate, Context, Decide, Event, RoundTrip, Timestamp, View, id, require};
use serde::{Deserialize, Serialize};

use crate::pairs::{CountedTogether, Reminded};

id!(
    /// Which counter.
    pub CounterId: "counter"
);

/// Counts up to a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    id: CounterId,
    /// How often it was counted.
    pub value: u64,
    /// How often the alarm rang.
    pub rings: u64,
    /// When it rings next.
    pub alarm: Option<Timestamp>,
    /// What `on_deadline` does, for tests of misbehaviour.
    pub bell: Bell,
    /// Every second counter can be copied, so that both ways of undoing are tested: "a", "c"...
    pub is_copied: bool,
}

/// What the alarm does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, RoundTrip)]
pub enum Bell {
    /// Rings once.
    #[default]
    Rings,
    /// Panics.
    Panics,
    /// Emits nothing, so that it stays due.
    Silent,
    /// Emits something that leaves it due.
    Endless,
}

/// What happened to a counter.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum CounterEvent {
    Counted {
        value: u64,
    },
    AlarmSet {
        at: Option<Timestamp>,
        bell: Bell,
    },
    Rang {
        due: Timestamp,
    },
    /// Makes `apply` panic.
    Poisoned {},
    Together(CountedTogether),
    Reminded(Reminded),
}

/// Count, unless the limit is reached.
#[derive(Debug, Clone, Serialize)]
pub struct Count {
    /// The limit.
    pub limit: u64,
}

impl Count {
    /// Without a limit.
    pub const FREELY: Count = Count { limit: u64::MAX };
}

/// The limit is reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the limit is reached at {value}")]
pub struct LimitReached {
    /// The value.
    pub value: u64,
}

/// Set or clear the alarm.
#[derive(Debug, Clone, Serialize)]
pub struct SetAlarm {
    /// When.
    pub at: Option<Timestamp>,
    /// And what it does.
    pub bell: Bell,
}

/// Panic in one of several places.
#[derive(Debug, Clone, Copy, Serialize)]
pub enum Panic {
    /// In `decide`, after emitting an event.
    InDecide,
    /// In `apply`.
    InApply,
}

/// Accepts, with nothing to say and nothing happening.
#[derive(Debug, Clone, Serialize)]
pub struct Look;

impl Counter {
    fn counted(&mut self, value: u64) {
        assert_eq!(value, self.value + 1, "a value is missing or repeated");
        self.value = value;
    }
}

impl View for Counter {
    type Key = CounterId;
    type Event = CounterEvent;

    fn new(id: &CounterId) -> Self {
        let is_copied = id.as_str().bytes().last().is_some_and(|last| last % 2 == 1);
        Counter { id: id.clone(), is_copied, value: 0, rings: 0, alarm: None, bell: Bell::Rings }
    }

    fn apply(&mut self, event: &CounterEvent, _: Timestamp) {
        match event {
            CounterEvent::Counted { value } => self.counted(*value),
            CounterEvent::Together(CountedTogether { one, values, .. }) => {
                self.counted(values[usize::from(*one != self.id)]);
            }
            CounterEvent::Reminded(Reminded { at, .. }) => {
                (self.alarm, self.bell) = (Some(*at), Bell::Rings);
            }
            CounterEvent::AlarmSet { at, bell } => (self.alarm, self.bell) = (*at, *bell),
            CounterEvent::Rang { .. } => {
                self.rings += 1;
                self.alarm = None;
            }
            CounterEvent::Poisoned {} => {
                // What is left behind is garbage.
                self.value += 1_000;
                panic!("poisoned")
            }
        }
    }

    fn try_clone(&self) -> Option<Self> {
        self.is_copied.then(|| self.clone())
    }
}

impl Aggregate for Counter {
    const NAME: &'static str = "Counter";

    fn deadline(&self) -> Option<Timestamp> {
        self.alarm
    }

    fn on_deadline(&self, ctx: &mut Context<CounterEvent>) {
        let due = self.alarm.expect("it is due");
        assert!(due <= ctx.now(), "early");
        match self.bell {
            Bell::Rings => ctx.emit(CounterEvent::Rang { due }),
            Bell::Panics => panic!("the bell is broken"),
            Bell::Silent => {}
            Bell::Endless => ctx.emit(CounterEvent::AlarmSet { at: self.alarm, bell: self.bell }),
        }
    }
}

impl Decide<Count> for Counter {
    type Reply = u64;
    type Rejection = LimitReached;

    fn decide(
        &self,
        command: &Count,
        ctx: &mut Context<CounterEvent>,
    ) -> Result<u64, LimitReached> {
        require(self.value < command.limit, LimitReached { value: self.value })?;
        let value = self.value + 1;
        ctx.emit(CounterEvent::Counted { value });
        Ok(value)
    }
}

impl Decide<SetAlarm> for Counter {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn decide(
        &self,
        command: &SetAlarm,
        ctx: &mut Context<CounterEvent>,
    ) -> Result<(), Self::Rejection> {
        ctx.emit(CounterEvent::AlarmSet { at: command.at, bell: command.bell });
        Ok(())
    }
}

impl Decide<Panic> for Counter {
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn decide(
        &self,
        command: &Panic,
        ctx: &mut Context<CounterEvent>,
    ) -> Result<(), Self::Rejection> {
        match command {
            Panic::InDecide => {
                ctx.emit(CounterEvent::Counted { value: self.value + 1 });
                panic!("on request");
            }
            Panic::InApply => ctx.emit(CounterEvent::Poisoned {}),
        }
        Ok(())
    }
}

impl Decide<Look> for Counter {
    type Reply = u64;
    type Rejection = std::convert::Infallible;

    fn decide(&self, _: &Look, _: &mut Context<CounterEvent>) -> Result<u64, Self::Rejection> {
        Ok(self.value)
    }
}
