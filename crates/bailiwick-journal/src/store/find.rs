//! Where events are that match, over all indexes; one that is damaged is made again on the way.

use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendCondition, LastMatch, Page, Query, Read};

use super::StoreError;
use super::matching::{AnyIndex, Order};
use super::places::nth;
use super::view::{Run, RunIndex, State, View};
use crate::index::{Active, IndexError};
use crate::stored::Decoder;

/// What is beyond every position.
const END: Position = Position::new(u64::MAX);

/// Positions that match, and up to where these are all.
pub(super) struct Found {
    pub(super) positions: Vec<Position>,
    pub(super) upto: Position,
}

/// An index, and where it begins and ends.
#[derive(Clone, Copy)]
struct Part<'a> {
    index: AnyIndex<'a>,
    first: Position,
    last: Position,
}

impl<'a> Part<'a> {
    fn active(index: &'a Active) -> Part<'a> {
        let (first, last) = (index.first(), index.last());
        Part { index: AnyIndex::Memory(index), first, last }
    }

    fn run(run: &'a Run) -> Part<'a> {
        let index = match &run.index {
            RunIndex::Memory(index) => AnyIndex::Memory(index),
            RunIndex::File(index) => AnyIndex::File(index),
        };
        Part { index, first: run.first, last: run.last }
    }

    /// The first positions beyond `after` and up to `upto` of events that match.
    fn positions(
        self,
        query: &Query,
        (after, upto): (Position, Position),
        limit: usize,
    ) -> Result<Vec<Position>, IndexError> {
        let from = after.plus(1).max(self.first);
        let end = self.last.min(upto);
        if from > end {
            return Ok(Vec::new());
        }
        if query.items().is_none() {
            let all = (from.get()..=end.get()).map(Position::new);
            return Ok(all.take(limit).collect());
        }
        let mut matches = self.index.matches(query, Order::Forward, nth(from, self.first))?;
        let mut positions = Vec::new();
        while positions.len() < limit
            && let Some(nth) = matches.next()?
        {
            let position = self.first.plus(u64::from(nth));
            if position > end {
                break;
            }
            positions.push(position);
        }
        Ok(positions)
    }

    /// The last position beyond `after` and up to `upto` of an event that matches.
    fn last_match(
        self,
        query: &Query,
        (after, upto): (Position, Position),
    ) -> Result<Option<Position>, IndexError> {
        let end = self.last.min(upto);
        if end < self.first {
            return Ok(None);
        }
        let last = match query.items() {
            None => Some(nth(end, self.first)),
            Some(items) if end == self.last => {
                let mut last = None;
                for item in items {
                    last = last.max(self.index.last(item)?);
                }
                last
            }
            Some(_) => self.index.matches(query, Order::Backward, nth(end, self.first))?.next()?,
        };
        let position = last.map(|nth| self.first.plus(u64::from(nth)));
        Ok(position.filter(|position| *position > after))
    }
}

impl View {
    /// Asks the index of a run. None if it was damaged, and made again: there are others now.
    pub(super) fn ask<T>(
        &self,
        run: &Arc<Run>,
        ask: impl FnOnce(&Run) -> Result<T, IndexError>,
    ) -> Result<Option<T>, StoreError> {
        match ask(run) {
            Ok(answer) => Ok(Some(answer)),
            Err(IndexError::Damaged) => self.remake(run).map(|()| None),
            Err(error) => Err(error.into()),
        }
    }

    /// The next events that match, of one index.
    pub(super) fn find(
        &self,
        query: &Query,
        (after, upto): (Position, Position),
        limit: usize,
    ) -> Result<Found, StoreError> {
        let within = (after, upto);
        loop {
            let state = self.state();
            let (positions, last) = match state.runs_beyond(after).first().map(Arc::clone) {
                Some(run) => {
                    drop(state);
                    let found =
                        self.ask(&run, |run| Part::run(run).positions(query, within, limit))?;
                    let Some(positions) = found else { continue };
                    (positions, run.last)
                }
                None => (Part::active(&state.active).positions(query, within, limit)?, upto),
            };
            let upto = match positions.last() {
                Some(position) if positions.len() == limit => *position,
                _ => last.min(upto),
            };
            return Ok(Found { positions, upto });
        }
    }

    /// The page, if it is known without a look at a file that nothing matches.
    pub fn read_nothing(&self, read: &Read) -> Option<Page> {
        let state = self.state();
        let head = state.head.position;
        let end = read.upto.map_or(head, |upto| upto.min(head));
        let is_nothing = read.after >= end || {
            let active = Part::active(&state.active);
            state.runs_beyond(read.after).is_empty()
                && matches!(active.last_match(&read.query, (read.after, end)), Ok(None))
        };
        is_nothing.then(|| Page { events: Vec::new(), upto: end, more: false })
    }

    /// Where an event is that violates the condition, if there is one, of all that is durable or will be before
    /// what comes next.
    pub(super) fn conflict(
        &self,
        condition: &AppendCondition,
    ) -> Result<Option<Position>, StoreError> {
        let moved = self.last_match(&condition.query, (condition.after, END))?;
        match (moved, &condition.never) {
            (None, Some(never)) => self.last_match(never, (Position::START, END)),
            (moved, _) => Ok(moved),
        }
    }

    /// The last event beyond `after` and up to `upto` that matches.
    fn last_match(
        &self,
        query: &Query,
        within: (Position, Position),
    ) -> Result<Option<Position>, StoreError> {
        let (mut upto, after) = (within.1, within.0);
        loop {
            let state = self.state();
            if state.active.first() <= upto
                && let Some(position) = Part::active(&state.active).last_match(query, within)?
            {
                return Ok(Some(position));
            }
            let Some(run) = last_before(&state, after, upto) else { return Ok(None) };
            drop(state);
            match self.ask(&run, |run| Part::run(run).last_match(query, (after, upto)))? {
                Some(None) => upto = Position::new(run.first.get() - 1),
                Some(found) => return Ok(found),
                None => {}
            }
        }
    }

    /// The last event that matches, whatever its age.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn last(&self, query: &Query) -> Result<LastMatch, StoreError> {
        let upto = self.head().position;
        let Some(position) = self.last_match(query, (Position::START, upto))? else {
            return Ok(LastMatch { event: None, upto });
        };
        let record = self.record(position)?.ok_or(IndexError::Damaged)?;
        let event = Decoder::default().decode(position, &record);
        let event = event.map_err(|source| StoreError::Event { position, source })?;
        Ok(LastMatch { event: Some(event), upto })
    }

    /// What stands at a position; none if nothing does.
    pub(super) fn record(&self, position: Position) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(place) = self.place(position)? else { return Ok(None) };
        Ok(Some(self.segments.record(position, place)?))
    }
}

/// The last index that has positions beyond `after` and up to `upto`, but that of the active segment.
fn last_before(state: &State, after: Position, upto: Position) -> Option<Arc<Run>> {
    let runs = state.runs_beyond(after);
    let end = runs.partition_point(|run| run.first <= upto);
    let with_events = runs[..end].iter().rev().find(|run| run.first <= run.last);
    with_events.cloned()
}
