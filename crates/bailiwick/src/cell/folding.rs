//! The fold of an aggregate: its part of the journal, one event after the other, and what it remembers.

use std::sync::Arc;

use bailiwick_core::journal::{EncodedEvent, RecordedDeadline, RecordedEvent};
use bailiwick_core::{Aggregate, Id, Position, Tag, Timestamp};

use super::answers::Answers;
use super::life::Folded;
use super::reading::Fold;
use crate::error::{LoadError, Unloadable, caught};

/// An aggregate that is being folded.
pub(super) struct Folding<A: Aggregate> {
    pub(super) id: A::Key,
    pub(super) own: Tag,
    pub(super) folded: Option<(A, Position)>,
    pub(super) answers: Option<Box<Answers>>,
    pub(super) recorded: Option<RecordedDeadline>,
    /// How many events were folded that no snapshot has; of types that have snapshots only.
    pub(super) unsaved: u32,
}

impl<A: Aggregate> Folding<A> {
    pub(super) fn of(id: A::Key, own: Tag) -> Self {
        Folding { id, own, folded: None, answers: None, recorded: None, unsaved: 0 }
    }

    pub(super) fn into_folded(self, seen: Position) -> Result<Folded<A>, LoadError> {
        let (state, version) = match self.folded {
            Some(folded) => folded,
            None => (new_state::<A>(&self.id)?, Position::START),
        };
        let Folding { answers, recorded, unsaved, .. } = self;
        Ok(Folded { state, answers, version, seen, recorded, unsaved })
    }
}

impl<A: Aggregate> Fold for Folding<A> {
    fn fold(&mut self, recorded: &RecordedEvent) -> Result<(), Unloadable> {
        if A::SNAPSHOTS.is_some() {
            self.unsaved = self.unsaved.saturating_add(1);
        }
        fold_one(&mut self.folded, &self.id, recorded)
    }

    /// If the aggregate itself gave it.
    fn remember(&mut self, recorded: &RecordedEvent, at: Timestamp) {
        let RecordedEvent { event, position } = recorded;
        if let Some(known) = &event.metadata.extra().idempotency
            && decided_by::<A>(event).is_some_and(|tag| is_of::<A>(tag, &self.own))
        {
            self.answers.get_or_insert_default().fold(known, *position, at);
        }
    }

    fn comes_to(&mut self, last: &RecordedEvent) {
        self.recorded = last.event.metadata.deadline_of::<A>(&self.own);
    }
}

/// It counts from the first event on: nobody falls due, and has something written, by being looked at.
pub(super) fn deadline_of<A: Aggregate>(folded: &Folded<A>) -> Result<Option<Timestamp>, Arc<str>> {
    if folded.version == Position::START {
        return Ok(None);
    }
    caught(|| folded.state.deadline())
}

fn new_state<A: Aggregate>(id: &A::Key) -> Result<A, LoadError> {
    caught(|| A::new(id)).map_err(|message| {
        let problem = format!("would be the first, but `new` panics: {message}");
        LoadError::Unloadable(Unloadable::panicked(Position::new(1), problem))
    })
}

/// Folds one event in. The state is made with the first, so that panics in `new` are caught too.
pub(crate) fn fold_one<A: Aggregate>(
    folded: &mut Option<(A, Position)>,
    id: &A::Key,
    recorded: &RecordedEvent,
) -> Result<(), Unloadable> {
    let position = recorded.position;
    let event = &recorded.event;
    let panicked = |code: &str, message: Arc<str>| {
        let problem = format!("({}) makes {code} panic: {message}", event.event_type);
        Unloadable::panicked(position, problem)
    };
    let decoded = match event.is_reserved() {
        // Bailiwick's own is never folded. A namesake's with the same tag is not even counted.
        true if decided_by::<A>(event).is_none() => return Ok(()),
        true => None,
        false => caught(|| event.decode::<A::Event>())
            .map_err(|message| panicked("its decoding", message))?
            .map_err(|error| Unloadable::undecodable(position, &event.event_type, error))?,
    };
    let state = caught(|| {
        let (mut state, _) = folded.take().unwrap_or_else(|| (A::new(id), Position::START));
        if let Some(decoded) = decoded {
            state.apply(&decoded, event.recorded_at);
        }
        state
    });
    *folded = Some((state.map_err(|message| panicked("`apply`", message))?, position));
    Ok(())
}

/// The tag of the aggregate of this type that decided it, if one did.
fn decided_by<A: Aggregate>(event: &EncodedEvent) -> Option<&Tag> {
    let origin = event.metadata.origin.as_ref()?;
    A::is_named(origin.aggregate.as_str()).then_some(&origin.tag)
}

/// Whether it is the aggregate's own tag, or was.
fn is_of<A: Aggregate>(tag: &Tag, own: &Tag) -> bool {
    tag == own || (<A::Key as Id>::WAS.contains(&tag.key()) && tag.value() == own.value())
}
