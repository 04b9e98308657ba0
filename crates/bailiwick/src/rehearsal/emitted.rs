//! What comes of something that is decided again, and whether that is what came of it before.

use std::fmt::{self, Write as _};

use bailiwick_core::journal::{EncodedEvent, RecordedEvent};
use bailiwick_core::{Event, codec};

use crate::error::guarded;

/// An event that is emitted today, whatever its type.
pub(super) trait Emitted: Send {
    /// Whether it is the one that was recorded, as today's code reads it.
    fn is(&self, recorded: &EncodedEvent) -> bool;
    fn shown(&self) -> String;
}

struct EmittedOf<E>(E);

/// What was emitted, without its type.
pub(super) fn emitted<E: Event>(events: Vec<E>) -> Vec<Box<dyn Emitted>> {
    let each = events.into_iter().map(|event| Box::new(EmittedOf(event)) as Box<dyn Emitted>);
    each.collect()
}

impl<E: Event> Emitted for EmittedOf<E> {
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

fn encoded<E: Event>(event: &E) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    event.encode(&mut out).ok().map(|()| out)
}

/// What comes of a command.
pub(super) enum Outcome {
    Emits(Vec<Box<dyn Emitted>>),
    Refuses(String),
    /// It panics, or its state cannot be folded.
    Fails(String),
}

impl Outcome {
    /// Whether these events came of it.
    pub(super) fn is(&self, recorded: &[RecordedEvent]) -> bool {
        let Outcome::Emits(events) = self else { return false };
        let mut both = events.iter().zip(recorded);
        let is = both.all(|(now, was)| guarded(|| now.is(&was.event)).unwrap_or(false));
        is && events.len() == recorded.len()
    }
}

/// `emits BidPlaced {"amount": 5}`, `refuses: the bid is too low`, `fails: it panics: no bid`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Emits(events) => f.write_str(&all(events.iter().map(|event| event.shown()))),
            Outcome::Refuses(reason) => write!(f, "refuses: {reason}"),
            Outcome::Fails(reason) => write!(f, "fails: {reason}"),
        }
    }
}

/// Events that came of something, as [`Outcome`] shows them.
pub(super) fn shown(recorded: &[RecordedEvent]) -> String {
    all(recorded.iter().map(|recorded| event_shown(&recorded.event)))
}

pub(super) fn event_shown(event: &EncodedEvent) -> String {
    format!("{} {}", event.event_type, codec::show(&event.payload))
}

pub(super) fn all(events: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for event in events {
        let before = if text.is_empty() { "emits " } else { ", " };
        let _ = write!(text, "{before}{event}");
    }
    if text.is_empty() { "emits nothing".to_owned() } else { text }
}
