//! What happened so far, and the time it has come to: a journal in memory.

use std::fmt::Arguments;

use crate::box_error::BoxError;
use crate::given::log::Log;
use crate::given::report::Report;
use crate::given::survives;
use crate::journal::{Delivery, EncodedEvent, Metadata, RecordedEvent};
use crate::policy::DeliveryEnded;
use crate::position::Position;
use crate::tag::Tag;
use crate::text::Text;
use crate::time::Timestamp;

#[derive(Default)]
pub(super) struct Past {
    pub(super) log: Log,
    /// Each event of the log, as people read it.
    shown: Vec<String>,
    pub(super) now: Timestamp,
    pub(super) seed: Option<u64>,
}

impl Past {
    pub(super) fn append(&mut self, event: EncodedEvent, shown: String) -> Position {
        self.shown.push(shown);
        self.log.append(event).position
    }

    /// An event, as people read it.
    pub(super) fn shown(&self, position: Position) -> &str {
        let place = usize::try_from(position.get().saturating_sub(1)).unwrap_or(usize::MAX);
        &self.shown[place]
    }

    pub(super) fn at(&self, position: Position) -> Option<&RecordedEvent> {
        let before = Position::new(position.get().checked_sub(1)?);
        self.log.between(before, position).first()
    }

    pub(super) fn heading(&self) -> String {
        match self.seed {
            Some(seed) => format!("the set, shuffled by {seed}, at {}", self.now),
            None => format!("the set at {}", self.now),
        }
    }

    pub(super) fn report(&self, what: Arguments<'_>) -> Report {
        Report::new(format_args!("{}", self.heading()), what)
    }
}

/// Why something is decided.
#[derive(Debug, Clone, Default)]
pub(super) struct Cause {
    /// The name of the command; none for a deadline.
    pub(super) command: Option<Text>,
    pub(super) correlation: Option<Text>,
    pub(super) principal: Option<Text>,
    /// Which delivery of a policy it is, and how many led to it, with this one.
    pub(super) delivery: Option<(Delivery, u32)>,
}

impl Cause {
    /// What stands beside each event that it leads to.
    pub(super) fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::default();
        metadata.command.clone_from(&self.command);
        if self.correlation.is_some() || self.principal.is_some() || self.delivery.is_some() {
            let extra = metadata.extra_mut();
            extra.correlation.clone_from(&self.correlation);
            extra.principal.clone_from(&self.principal);
            if let Some((delivery, hops)) = &self.delivery {
                (extra.causation, extra.hops) = (Some(delivery.source), *hops);
            }
        }
        metadata
    }

    /// One event stands for the delivery.
    pub(super) fn leaves_its_trace(&self, event: &mut EncodedEvent) {
        if let Some((delivery, _)) = &self.delivery {
            event.tags = event.tags.iter().cloned().chain([delivery.tag()]).collect();
            event.metadata.extra_mut().delivery = Some(delivery.clone());
        }
    }
}

/// The trace of a delivery that caused nothing.
pub(super) fn trace(
    ended: &DeliveryEnded,
    policy: Tag,
    cause: &Cause,
    now: Timestamp,
) -> Result<EncodedEvent, BoxError> {
    let mut metadata = Metadata::default();
    metadata.extra_mut().correlation.clone_from(&cause.correlation);
    metadata.extra_mut().causation = cause.delivery.as_ref().map(|(delivery, _)| delivery.source);
    let mut trace = survives::recorded(policy.into(), ended, now, metadata)?;
    cause.leaves_its_trace(&mut trace);
    Ok(trace)
}

/// How a delivery ended.
pub(super) enum Ended {
    Done,
    Nothing,
    Rejected(String),
    Panicked(String),
}
