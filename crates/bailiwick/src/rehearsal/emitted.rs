//! What comes of something that is decided again, and whether that is what came of it before.

use std::fmt;

use bailiwick_core::journal::{EncodedEvent, RecordedEvent};
use bailiwick_core::{BoxError, Event, codec};

use crate::error::{guarded, report};

/// An event that is emitted today, whatever its type.
pub(super) trait Emitted: Send {
    /// Whether it is the one that was recorded, as today's code reads it.
    fn is(&self, recorded: &EncodedEvent) -> bool;
    fn shown(&self) -> String;
}

struct EmittedOf<E>(E);

/// What is emitted today, in order.
pub(super) type AllEmitted = Vec<Box<dyn Emitted>>;

/// What was emitted, without its type.
pub(super) fn emitted<E: Event>(events: Vec<E>) -> AllEmitted {
    let each = events.into_iter().map(|event| Box::new(EmittedOf(event)) as Box<dyn Emitted>);
    each.collect()
}

impl<E: Event> EmittedOf<E> {
    fn is(&self, recorded: &EncodedEvent) -> bool {
        let known = self.0.descriptor();
        if !known.names().any(|name| name == recorded.event_type.as_str()) {
            return false;
        }
        let Some(now) = encoded(&self.0) else { return false };
        if recorded.version == known.version() && now[..] == recorded.payload[..] {
            return true;
        }
        // Recorded in another version, or with what has no order in another one.
        match recorded.decode::<E>() {
            Ok(Some(was)) => {
                self.0.equals(&was) == Some(true) || encoded(&was).is_some_and(|was| was == now)
            }
            _ => false,
        }
    }

    fn shown(&self) -> String {
        let fields = encoded(&self.0).map_or_else(String::new, |fields| codec::show(&fields));
        format!("{} {fields}", self.0.event_type())
    }
}

/// It is code of the domain.
impl<E: Event> Emitted for EmittedOf<E> {
    fn is(&self, recorded: &EncodedEvent) -> bool {
        guarded(|| self.is(recorded)).unwrap_or(false)
    }

    fn shown(&self) -> String {
        guarded(|| self.shown()).unwrap_or_else(|why| why)
    }
}

fn encoded<E: Event>(event: &E) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    event.encode(&mut out).ok().map(|()| out)
}

/// What comes of a command.
pub(super) enum Outcome {
    Emits(AllEmitted),
    Refuses(String),
    /// It panics, or its state cannot be folded.
    Fails(String),
}

impl Outcome {
    pub(super) fn of<E: Event>(decided: Result<Vec<E>, impl Into<BoxError>>) -> Outcome {
        match decided {
            Ok(events) => Outcome::Emits(emitted(events)),
            Err(rejection) => Outcome::Refuses(report(rejection)),
        }
    }

    /// Whether these events came of it.
    pub(super) fn is(&self, recorded: &[RecordedEvent]) -> bool {
        let Outcome::Emits(events) = self else { return false };
        let mut both = events.iter().zip(recorded);
        events.len() == recorded.len() && both.all(|(now, was)| now.is(&was.event))
    }
}

/// `emits BidPlaced {"amount": 5}`, `refuses: the bid is too low`, `fails: it panics: no bid`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Emits(events) => {
                f.write_str(&listed("emits", events.iter().map(|event| event.shown())))
            }
            Outcome::Refuses(reason) => write!(f, "refuses: {reason}"),
            Outcome::Fails(reason) => write!(f, "fails: {reason}"),
        }
    }
}

/// Events that came of something, as [`Outcome`] shows them.
pub(super) fn shown(recorded: &[RecordedEvent]) -> String {
    listed("emits", recorded.iter().map(|recorded| event_shown(&recorded.event)))
}

pub(super) fn event_shown(event: &EncodedEvent) -> String {
    format!("{} {}", event.event_type, codec::show(&event.payload))
}

/// What it `does`: all of these, or nothing.
pub(super) fn listed(does: &str, what: impl IntoIterator<Item = String>) -> String {
    let what: Vec<_> = what.into_iter().collect();
    if what.is_empty() { format!("{does} nothing") } else { format!("{does} {}", what.join(", ")) }
}
