//! A journal as the cases use it: blocking, and panicking at what must not happen.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::block_on::block_on;
use super::build::event;
use super::numbered::Numbered;
use crate::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, Cursor, CursorError,
    EncodedEvent, Head, Health, Journal, JournalId, JournalReadError, LastMatch, Outline, Page,
    Query, Read, ReadValues, RecordedEvent, ValuesPage,
};
use crate::position::Position;
use crate::report::ErrorReport;

pub(super) type Outcome = Result<Appended, AppendError>;

/// Positions are the numbers of events here, from 1, whatever holes the journal has.
pub(super) struct Client {
    journal: Numbered,
    /// The journal as it is.
    raw: Arc<dyn Journal>,
}

impl Client {
    pub(super) fn new(journal: Arc<dyn Journal>) -> Client {
        Client { journal: Numbered::new(journal.clone()), raw: journal }
    }

    /// Calls `append` and does not wait.
    pub(super) fn submit(
        &self,
        events: impl Into<Vec<EncodedEvent>>,
        condition: Option<AppendCondition>,
    ) -> Answer<Outcome> {
        self.journal.append(events.into(), condition)
    }

    /// Appends without a condition.
    #[track_caller]
    pub(super) fn append(&self, events: impl Into<Vec<EncodedEvent>>) -> Appended {
        block_on(self.submit(events, None)).unwrap_or_else(|error| {
            panic!("an unconditional append failed: {}", ErrorReport::of(&error))
        })
    }

    #[track_caller]
    pub(super) fn append_if(
        &self,
        condition: AppendCondition,
        events: impl Into<Vec<EncodedEvent>>,
    ) -> Outcome {
        block_on(self.submit(events, Some(condition)))
    }

    /// Appends an event that nobody asks for, on a condition that must hold.
    #[track_caller]
    pub(super) fn admits(&self, condition: AppendCondition) -> Appended {
        let shown = format!("{condition:?}");
        self.append_if(condition, [event("Probe", &[])]).unwrap_or_else(|error| {
            panic!("the condition holds, but: {}\n{shown}", ErrorReport::of(&error))
        })
    }

    /// Tries to append on a condition that must not hold; where the journal says it is violated.
    #[track_caller]
    pub(super) fn refuses(&self, condition: AppendCondition) -> Position {
        let shown = format!("{condition:?}");
        match self.append_if(condition, [event("Probe", &[])]) {
            Err(AppendError::Conflict { at }) => at,
            Err(error) => panic!("the condition is violated, which is no conflict: {error:?}"),
            Ok(appended) => panic!("{appended:?}, although the condition is violated\n{shown}"),
        }
    }

    /// Appends without a condition: with the positions that the journal itself gives.
    #[track_caller]
    pub(super) fn append_raw(&self, events: impl Into<Vec<EncodedEvent>>) -> Appended {
        block_on(self.raw.append(events.into(), None))
            .unwrap_or_else(|error| panic!("an unconditional append failed: {error}"))
    }

    /// The end, as the journal itself says it.
    #[track_caller]
    pub(super) fn head_raw(&self) -> Position {
        block_on(self.raw.head()).unwrap_or_else(|error| panic!("no head: {error}")).position
    }

    /// With the positions that the journal itself gives.
    #[track_caller]
    pub(super) fn outline(&self) -> Outline {
        block_on(self.raw.outline()).unwrap_or_else(|error| panic!("no outline: {error}"))
    }

    /// Every event, at the position that the journal itself gives.
    #[track_caller]
    pub(super) fn all_raw(&self) -> Vec<RecordedEvent> {
        let pages = Client::pages_of(&*self.raw, Read::new(Query::all()));
        pages.into_iter().flat_map(|page| page.events).collect()
    }

    #[track_caller]
    pub(super) fn head(&self) -> Head {
        block_on(self.journal.head())
            .unwrap_or_else(|error| panic!("no head: {}", ErrorReport::of(&error)))
    }

    #[track_caller]
    pub(super) fn page(&self, read: Read) -> Page {
        block_on(self.journal.read(read))
            .unwrap_or_else(|error| panic!("no page: {}", ErrorReport::of(&error)))
    }

    /// Reads page after page, as long as there may be more.
    #[track_caller]
    pub(super) fn pages(&self, read: Read) -> Vec<Page> {
        Client::pages_of(&self.journal, read)
    }

    #[track_caller]
    fn pages_of(journal: &dyn Journal, mut read: Read) -> Vec<Page> {
        let mut pages = Vec::new();
        loop {
            let page = block_on(journal.read(read.clone()));
            let page = page.unwrap_or_else(|error| panic!("no page: {error}"));
            let (upto, more) = (page.upto, page.more);
            pages.push(page);
            if !more {
                return pages;
            }
            assert!(upto > read.after, "a page that gets nowhere: {pages:?}");
            read.after = upto;
        }
    }

    #[track_caller]
    pub(super) fn last(&self, query: Query) -> LastMatch {
        block_on(self.journal.last(query))
            .unwrap_or_else(|error| panic!("no last: {}", ErrorReport::of(&error)))
    }

    /// Calls `changed` and does not wait.
    pub(super) fn changed(
        &self,
        query: Query,
        after: Position,
    ) -> Answer<Result<(), JournalReadError>> {
        self.journal.changed(query, after)
    }

    #[track_caller]
    pub(super) fn values(&self, read: ReadValues) -> ValuesPage {
        block_on(self.journal.values(read)).unwrap_or_else(|error| panic!("no values: {error}"))
    }

    pub(super) fn id(&self) -> JournalId {
        self.journal.id()
    }

    pub(super) fn resolve(&self, cursor: Cursor) -> Answer<Result<Position, CursorError>> {
        cursor.resolve(&self.journal)
    }

    pub(super) fn limits(&self) -> AppendLimits {
        self.journal.limits()
    }

    pub(super) fn health(&self) -> Health {
        self.journal.health()
    }

    #[track_caller]
    pub(super) fn reopen(&self) {
        block_on(self.journal.reopen()).unwrap_or_else(|error| panic!("not reopened: {error:?}"));
    }

    /// The event there.
    #[track_caller]
    pub(super) fn at(&self, position: Position) -> RecordedEvent {
        let before = Position::new(position.get().saturating_sub(1));
        let read = Read::new(Query::all()).after(before).limit(NonZeroUsize::MIN);
        match self.page(read).events.pop() {
            Some(event) if event.position == position => event,
            other => panic!("nothing is at {position}, but {other:?} behind it"),
        }
    }

    /// Every event that matches.
    #[track_caller]
    pub(super) fn matching(&self, query: Query) -> Vec<RecordedEvent> {
        let pages = self.pages(Read::new(query));
        pages.into_iter().flat_map(|page| page.events).collect()
    }

    /// Where the events that match are.
    #[track_caller]
    pub(super) fn found(&self, query: Query) -> Vec<u64> {
        positions(&self.matching(query))
    }
}

pub(super) fn positions(events: &[RecordedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.position.get()).collect()
}

/// The positions if it was admitted, none if its condition did not hold.
#[track_caller]
pub(super) fn won(outcome: &Outcome) -> Option<Appended> {
    match outcome {
        Ok(appended) => Some(*appended),
        Err(AppendError::Conflict { .. }) => None,
        Err(error) => panic!("neither appended nor a conflict: {error:?}"),
    }
}
