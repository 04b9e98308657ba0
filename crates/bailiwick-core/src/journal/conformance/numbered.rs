//! A journal with its events numbered from 1, whatever their positions are: so the cases can say "the
//! third event" and need no positions without holes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::block_on::block_on;
use crate::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Head, Health,
    Journal, JournalId, JournalReadError, LastMatch, Page, Query, Read, ReadValues, RecordedEvent,
    ReopenError, ValuesPage,
};
use crate::position::Position;

#[derive(Clone)]
pub(super) struct Numbered {
    journal: Arc<dyn Journal>,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// Where the events are, in order: all up to `upto`.
    positions: Vec<Position>,
    upto: Position,
}

impl Known {
    /// How many events there are up to a position.
    fn number(&self, position: Position) -> Position {
        let number = self.positions.partition_point(|known| *known <= position) as u64;
        Position::new(number)
    }

    /// Where the event with this number is. Beyond the last: as far beyond its place.
    fn position(&self, number: Position) -> Position {
        let Some(index) = number.get().checked_sub(1) else {
            return Position::START;
        };
        let known = usize::try_from(index).ok().and_then(|index| self.positions.get(index));
        known.copied().unwrap_or_else(|| {
            let (last, count) = (self.positions.last().copied(), self.positions.len() as u64);
            let beyond = number.get() - count;
            Position::new(last.unwrap_or_default().get().saturating_add(beyond))
        })
    }

    fn add(&mut self, page: &Page) {
        for RecordedEvent { position, .. } in &page.events {
            let last = self.positions.last().copied();
            assert!(last < Some(*position), "{position} is behind {last:?}");
            self.positions.push(*position);
        }
        self.upto = self.upto.max(page.upto);
    }
}

impl Numbered {
    pub(super) fn new(journal: Arc<dyn Journal>) -> Numbered {
        Numbered { journal, known: Arc::default() }
    }

    /// All of which the journal has, up to this position at least if there is as much.
    fn known(&self, upto: Position) -> MutexGuard<'_, Known> {
        loop {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.upto >= upto {
                return known;
            }
            let read = Read::new(Query::all()).after(known.upto);
            let page = block_on(self.journal.read(read));
            let page = page.unwrap_or_else(|error| panic!("no page of all events: {error}"));
            known.add(&page);
            if !page.more {
                return known;
            }
        }
    }

    fn number(&self, position: Position) -> Position {
        let number = self.known(position).number(position);
        // What nobody can read has a number of its own, to be told apart.
        if number == Position::START && position > Position::START { position } else { number }
    }

    fn position(&self, number: Position) -> Position {
        let known = self.known(Position::START);
        if number.get() <= known.positions.len() as u64 {
            return known.position(number);
        }
        drop(known);
        self.known(Position::new(u64::MAX)).position(number)
    }

    fn event(&self, event: RecordedEvent) -> RecordedEvent {
        let known = self.known(event.position);
        let there = known.positions.binary_search(&event.position).is_ok();
        assert!(there, "the event at {} was not there when that was read", event.position);
        RecordedEvent { position: known.number(event.position), ..event }
    }

    fn page(&self, page: Page) -> Page {
        let events = page.events.into_iter().map(|event| self.event(event)).collect();
        Page { events, upto: self.number(page.upto), more: page.more }
    }

    fn condition(&self, condition: AppendCondition) -> AppendCondition {
        let after = self.position(condition.after);
        condition.after(after)
    }
}

impl Journal for Numbered {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        let condition = condition.map(|condition| self.condition(condition));
        let this = self.clone();
        self.journal.append(events, condition).map(move |outcome| match outcome {
            Ok(Appended { first, last }) => {
                let (first, last) = (this.number(first), this.number(last));
                Ok(Appended { first, last })
            }
            Err(AppendError::Conflict { at }) => Err(AppendError::Conflict { at: this.number(at) }),
            Err(error) => Err(error),
        })
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        let after = self.position(read.after);
        let upto = read.upto.map(|upto| self.position(upto));
        let this = self.clone();
        let page = self.journal.read(Read { after, upto, ..read });
        page.map(move |page| page.map(|page| this.page(page)))
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        let this = self.clone();
        self.journal.last(query).map(move |found| {
            let LastMatch { event, upto } = found?;
            let event = event.map(|event| this.event(event));
            Ok(LastMatch { event, upto: this.number(upto) })
        })
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        self.journal.changed(query, self.position(after))
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        let this = self.clone();
        let page = self.journal.values(read);
        page.map(move |page| page.map(|page| ValuesPage { upto: this.number(page.upto), ..page }))
    }

    fn id(&self) -> JournalId {
        self.journal.id()
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        let this = self.clone();
        let head = self.journal.head();
        head.map(move |head| head.map(|head| Head { position: this.number(head.position), ..head }))
    }

    fn limits(&self) -> AppendLimits {
        self.journal.limits()
    }

    fn health(&self) -> Health {
        self.journal.health()
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        self.journal.reopen()
    }
}
