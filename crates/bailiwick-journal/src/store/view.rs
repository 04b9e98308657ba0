//! What can be read: by anybody, at any time, beside the one who appends.
//!
//! 1. Nobody sees what is not durable: the index of the active segment has it before, to judge conditions by.
//! 2. The lock is held for moments, and never while a file is read.

use std::sync::{Arc, OnceLock};

use bailiwick_core::Position;
use bailiwick_core::journal::Head;
use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::StoreError;
use crate::files::Folder;
use crate::index::{Active, Filter, Sealed};
use crate::log::{Log, Record, Segments};
use crate::stored::Names;

/// The reading side of a store.
pub struct View {
    pub(super) segments: Arc<Segments>,
    pub(super) folder: Arc<dyn Folder>,
    /// Which log it is.
    pub(super) log: u128,
    state: RwLock<State>,
    /// Held by who writes indexes.
    pub(super) sealing: Mutex<()>,
}

pub(super) struct State {
    /// Of the segments that the log has left, in their order.
    pub(super) sealed: Vec<Arc<Segment>>,
    pub(super) active: Active,
    /// The segment of that index.
    pub(super) number: u64,
    /// The end of what is durable.
    pub(super) head: Head,
}

/// A segment that the log has left.
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) first: Position,
    pub(super) last: Position,
    /// Its index; none if the file could not be written, or opened.
    pub(super) file: Option<Sealed>,
    /// The index in memory, where there is none in a file, or that is damaged.
    pub(super) memory: OnceLock<Active>,
    /// What it certainly does not have, if there is memory for that.
    pub(super) filter: Option<Filter>,
}

impl View {
    pub(super) fn new(log: &Log, folder: Arc<dyn Folder>, state: State) -> View {
        let (segments, state) = (log.segments().clone(), RwLock::new(state));
        View { segments, folder, log: log.id(), state, sealing: Mutex::new(()) }
    }

    /// The end of what is durable.
    pub fn head(&self) -> Head {
        self.state.read().head
    }

    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    pub(super) fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write()
    }

    /// The index of a segment, made of its events.
    pub(super) fn index_of(&self, segment: &Segment) -> Result<Active, StoreError> {
        let mut index = Active::from(segment.first);
        let before = Position::new(segment.first.get() - 1);
        for record in self.segments.records(segment.number, before, segment.last) {
            let Record { position, place, bytes } = record?;
            let names =
                Names::of(&bytes).map_err(|source| StoreError::Event { position, source })?;
            index.push(position, place.offset, &names);
        }
        Ok(index)
    }
}

impl State {
    /// The last position of all, be it durable or not.
    pub(super) fn last(&self) -> Position {
        self.active.last()
    }

    /// The segments with events beyond `after` that the log has left, the oldest first.
    pub(super) fn sealed_beyond(&self, after: Position) -> &[Arc<Segment>] {
        let from = self.sealed.partition_point(|segment| segment.last <= after);
        &self.sealed[from..]
    }
}
