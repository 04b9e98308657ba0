//! The events of a turn in the form in which they are appended.
//!
//! They are encoded one by one into a buffer that a driver keeps from turn to turn, and given their
//! bytes when the batch is [sealed](seal): one piece of memory for all of them. Until then any
//! number of the latest can be forgotten.

use std::sync::Arc;

use bailiwick_core::journal::{
    ANSWERED, EncodedEvent, EventType, Idempotency, Journal, Metadata, Origin, RecordedCommand,
    RecordedDeadline,
};
use bailiwick_core::views::Answered;
use bailiwick_core::{Aggregate, Event, SchemaVersion, Tags, Text, stored, tags_of};
use bytes::Bytes;

use super::inbox::Scope;
use super::judge::Turn;
use crate::delivery::Delivering;
use crate::error::Cause;
use crate::request::Call;
use crate::request::entry::Entries;

/// Room for the bytes of events that an actor keeps from turn to turn, in bytes.
const PAYLOAD_KEPT: usize = 16 * 1_024;

/// What whoever runs turns brings along: the aggregate's scope, and buffers that every turn uses again.
pub(crate) struct Tools<A: Aggregate> {
    pub(super) scope: Arc<Scope>,
    pub(super) journal: Arc<dyn Journal>,
    /// The journal answered at once the last time.
    pub(super) quick: bool,
    /// Where the commands of a turn are taken to.
    pub(super) commands: Entries<A>,
    pub(super) events: Vec<A::Event>,
    /// The bytes of the events that are not sealed yet, and where each of them ends.
    payload: Vec<u8>,
    ends: Vec<usize>,
}

impl<A: Aggregate> Tools<A> {
    pub(crate) fn new(scope: Arc<Scope>, journal: Arc<dyn Journal>) -> Self {
        Tools {
            scope,
            journal,
            quick: false,
            commands: Entries::new(),
            events: Vec::new(),
            payload: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// How many bytes the events have that are not sealed yet.
    pub(super) fn payload_bytes(&self) -> usize {
        self.payload.len()
    }

    /// How many events have no bytes of their own yet.
    pub(super) fn unsealed(&self) -> usize {
        self.ends.len()
    }

    /// Keeps the buffer of the commands, which is empty again.
    pub(super) fn reuse(&mut self, mut commands: Entries<A>) {
        commands.clear();
        self.commands = commands;
    }

    /// Gives back room that few turns need.
    pub(super) fn shrink(&mut self) {
        self.payload.shrink_to(PAYLOAD_KEPT);
    }

    /// Forgets the bytes of all but the first `kept` events.
    pub(super) fn forget(&mut self, kept: usize) {
        self.ends.truncate(kept);
        self.payload.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

/// Where events come from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) command: Option<&'static str>,
    pub(super) call: Option<&'a Call>,
    pub(super) remembered: Option<&'a Idempotency>,
    /// The command, if it is recorded.
    pub(super) form: Option<&'a RecordedCommand>,
}

impl<'a> Source<'a> {
    pub(super) const DEADLINE: Source<'static> =
        Source { command: None, call: None, remembered: None, form: None };

    pub(super) fn delivering(self) -> Option<&'a Delivering> {
        self.call.and_then(|call| call.delivering.as_deref())
    }

    fn metadata(self) -> Metadata {
        let mut metadata = Metadata::default();
        metadata.command = self.command.map(Text::literal);
        if let Some(call) = self.call
            && (call.correlation.is_some() || call.principal.is_some())
        {
            call.stands_beside(metadata.extra_mut());
        }
        metadata
    }
}

/// Says on each of the events whose it is: a start tells by it. Their deadline is not known before
/// they were applied.
pub(super) fn sign<A: Aggregate>(events: &mut [EncodedEvent], scope: &Scope, source: Source<'_>) {
    let (aggregate, tag) = (Text::literal(A::NAME), scope.tags.as_slice()[0].clone());
    let deadline = RecordedDeadline::new(None, A::DEADLINE_VERSION);
    let origin = Origin { aggregate, tag, deadline };
    if let Some(form) = source.form {
        let own = events.iter().filter(|event| !event.is_reserved()).count();
        let mut recorded = form.clone();
        recorded.events = u32::try_from(own).unwrap_or(u32::MAX);
        events[0].metadata.extra_mut().recorded = Some(recorded);
    }
    let (last, others) = events.split_last_mut().expect("one");
    for other in others {
        other.metadata.origin = Some(origin.clone());
    }
    last.metadata.origin = Some(origin);
    if let Some(remembered) = source.remembered {
        last.metadata.extra_mut().idempotency = Some(remembered.clone());
    }
    if let Some(delivering) = source.delivering() {
        delivering.leaves_its_trace(last);
    }
}

/// Adds an event, encoded and with its tags, to those of the batch. It becomes what a rebuild will
/// make of it.
pub(super) fn encode<A: Aggregate>(
    batch: &mut Vec<EncodedEvent>,
    event: &mut A::Event,
    turn: &mut Turn<'_, A>,
    source: Source<'_>,
) -> Result<(), Cause> {
    let tags = tags_of(&turn.tools.scope.tags, event).map_err(Cause::Tags)?;
    if let Some(read) = stored::event(event, &mut turn.tools.payload)? {
        *event = read;
    }
    let known = event.descriptor();
    let event_type = EventType::literal(known.name);
    push(batch, (event_type, known.version()), tags, turn, source);
    Ok(())
}

/// The event of a command that has none of its own but is to be remembered.
pub(super) fn encode_answered<A: Aggregate>(
    batch: &mut Vec<EncodedEvent>,
    turn: &mut Turn<'_, A>,
    source: Source<'_>,
) -> Result<(), Cause> {
    let encoded = Answered.encode(&mut turn.tools.payload);
    encoded.map_err(Cause::codec)?;
    let tags = turn.tools.scope.tags.clone();
    push(batch, (EventType::literal(ANSWERED), 1), tags, turn, source);
    Ok(())
}

fn push<A: Aggregate>(
    batch: &mut Vec<EncodedEvent>,
    (event_type, version): (EventType, SchemaVersion),
    tags: Tags,
    turn: &mut Turn<'_, A>,
    source: Source<'_>,
) {
    turn.tools.ends.push(turn.tools.payload.len());
    if batch.len() == batch.capacity() {
        batch.reserve_exact(turn.commands.max(1));
    }
    batch.push(EncodedEvent {
        event_type,
        version,
        tags,
        // Comes when the batch is sealed.
        payload: Bytes::new(),
        recorded_at: turn.now,
        metadata: source.metadata(),
    });
}

/// Gives the events of a turn their bytes: one piece of memory for all of them.
pub(super) fn seal<A: Aggregate>(events: &mut [EncodedEvent], tools: &mut Tools<A>) {
    match events {
        [] => return,
        [event] => event.payload = Bytes::copy_from_slice(&tools.payload),
        events => {
            let all = Bytes::copy_from_slice(&tools.payload);
            let starts = std::iter::once(0).chain(tools.ends.iter().copied());
            for ((event, start), end) in events.iter_mut().zip(starts).zip(&tools.ends) {
                event.payload = all.slice(start..*end);
            }
        }
    }
    tools.forget(0);
    tools.shrink();
}
