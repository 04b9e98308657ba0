//! A view without its type: how it begins, how it is folded, and its state.

use std::any::Any;

use crate::codec::CodecError;
use crate::event::Event;
use crate::journal::EncodedEvent;
use crate::position::Position;
use crate::snapshot::{Declared, SnapshotKey, SnapshotOf};
use crate::time::Timestamp;
use crate::view::{Key, View};

/// What is folded from the events of one key: a [`View`], or the last event of all.
pub trait OneView: Sized + Send + 'static {
    type Key: Key;
    type Event: Event;
    /// Whether the last event is enough to know it.
    const LAST_ONLY: bool;
    /// Whether it may be kept for the next decision.
    const IS_KEPT: bool = true;

    fn begin(key: &Self::Key) -> Self;
    fn fold(&mut self, event: Self::Event, at: Timestamp);

    /// A copy, if one can be made.
    fn try_clone(&self) -> Option<Self> {
        None
    }

    /// What it holds on the heap, as far as it says.
    fn heap_bytes(&self) -> usize {
        0
    }

    /// What is declared of its snapshots, if it has any.
    fn snapshots() -> Option<Declared> {
        None
    }

    /// Where the one of this key is.
    fn snapshot_key(_: &Self::Key, _: SnapshotOf) -> Option<SnapshotKey> {
        None
    }

    /// It, as a snapshot has it. Only if it has any.
    fn form(&self) -> Result<Vec<u8>, CodecError> {
        Err(no_snapshots())
    }

    /// The one that a snapshot has.
    fn of_form(_: &[u8]) -> Result<Self, CodecError> {
        Err(no_snapshots())
    }

    /// Whether it is the same as another one. Only if it has snapshots.
    fn is_same(&self, _: &Self) -> bool {
        false
    }

    /// Folds an event that it reads; without a position if it is not in the journal yet.
    fn take(&mut self, event: &EncodedEvent, _: Option<Position>) -> Result<(), CodecError> {
        if let Some(decoded) = event.decode::<Self::Event>()? {
            self.fold(decoded, event.recorded_at);
        }
        Ok(())
    }
}

impl<V: View> OneView for V {
    type Key = V::Key;
    type Event = V::Event;
    const LAST_ONLY: bool = false;

    fn begin(key: &V::Key) -> V {
        V::new(key)
    }

    fn fold(&mut self, event: V::Event, at: Timestamp) {
        self.apply(&event, at);
    }

    fn try_clone(&self) -> Option<V> {
        View::try_clone(self)
    }

    fn heap_bytes(&self) -> usize {
        View::heap_bytes(self)
    }

    fn snapshots() -> Option<Declared> {
        Declared::of::<V>()
    }

    fn snapshot_key(key: &V::Key, of: SnapshotOf) -> Option<SnapshotKey> {
        V::SNAPSHOTS?;
        of.key::<V>(key).ok()
    }

    fn form(&self) -> Result<Vec<u8>, CodecError> {
        V::SNAPSHOTS.ok_or_else(no_snapshots)?.encode(self)
    }

    fn of_form(form: &[u8]) -> Result<V, CodecError> {
        V::SNAPSHOTS.ok_or_else(no_snapshots)?.decode(form)
    }

    fn is_same(&self, other: &V) -> bool {
        V::SNAPSHOTS.is_some_and(|snapshots| snapshots.is_same(self, other))
    }
}

fn no_snapshots() -> CodecError {
    CodecError::Decode("the view has no snapshots".into())
}

/// The state of a view.
pub(super) trait State: Any + Send {
    fn take(&mut self, event: &EncodedEvent, at: Option<Position>) -> Result<(), CodecError>;
    fn try_clone(&self) -> Option<Box<dyn State>>;
    fn heap_bytes(&self) -> usize;
    fn form(&self) -> Result<Vec<u8>, CodecError>;
    fn is_same(&self, other: &dyn State) -> bool;
}

impl<V: OneView> State for V {
    fn try_clone(&self) -> Option<Box<dyn State>> {
        OneView::try_clone(self).map(|state| Box::new(state) as Box<dyn State>)
    }

    fn take(&mut self, event: &EncodedEvent, at: Option<Position>) -> Result<(), CodecError> {
        OneView::take(self, event, at)
    }

    fn heap_bytes(&self) -> usize {
        OneView::heap_bytes(self)
    }

    fn form(&self) -> Result<Vec<u8>, CodecError> {
        OneView::form(self)
    }

    fn is_same(&self, other: &dyn State) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref().is_some_and(|other| OneView::is_same(self, other))
    }
}
