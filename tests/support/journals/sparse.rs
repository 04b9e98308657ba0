//! A journal with holes: what is in memory one behind the other is far apart to whoever reads.
//!
//! Before the first event, and between two appends, there are places that nothing has. An append's own
//! places follow each other.

use std::sync::Arc;

use bailiwick::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Head, Health,
    Journal, JournalId, JournalReadError, LastMatch, Page, Query, Read, ReadValues, RecordedEvent,
    ReopenError, ValuesPage,
};
use bailiwick::{MemoryJournal, Position};
use parking_lot::{RwLock, RwLockReadGuard};

/// Cloning shares it.
#[derive(Clone, Default)]
pub struct Sparse {
    inner: MemoryJournal,
    appends: Arc<RwLock<Appends>>,
}

/// For each append, where its first event is in memory and to whoever reads: both ascend.
#[derive(Default)]
struct Appends(Vec<(u64, u64)>);

impl Appends {
    /// As one sees it who reads. Of the last event up to there.
    fn outside(&self, inside: Position) -> Position {
        let known = self.0.partition_point(|(first, _)| *first <= inside.get());
        let Some(append) = known.checked_sub(1) else {
            return Position::START;
        };
        let (first, shown) = self.0[append];
        Position::new(shown + (inside.get() - first))
    }

    /// How many events are up to there.
    fn inside(&self, outside: Position, head: u64) -> Position {
        let known = self.0.partition_point(|(_, shown)| *shown <= outside.get());
        let Some(append) = known.checked_sub(1) else {
            return Position::START;
        };
        let (first, shown) = self.0[append];
        let last = self.0.get(known).map_or(head, |(next, _)| next - 1);
        Position::new((first + (outside.get() - shown)).min(last))
    }

    /// Places for what is appended from `first` on.
    fn push(&mut self, first: u64) {
        let before = self.outside(Position::new(first - 1)).get();
        // 1 to 7 holes, and now and then more than a page has events.
        let number = self.0.len() as u64;
        let holes = if number % 50 == 3 { 5_000 } else { 1 + number * 5 % 7 };
        self.0.push((first, before + 1 + holes));
    }

    fn event(&self, event: RecordedEvent) -> RecordedEvent {
        RecordedEvent { position: self.outside(event.position), ..event }
    }
}

fn now<T>(answer: Answer<T>) -> T {
    let Ok(answer) = answer.now() else { panic!("a journal in memory answers at once") };
    answer
}

impl Sparse {
    /// Nobody appends while it is held, so what is there and where it is shown are of one instant.
    fn still(&self) -> (RwLockReadGuard<'_, Appends>, u64) {
        let appends = self.appends.read();
        let head = now(self.inner.head()).expect("it is in memory").position.get();
        (appends, head)
    }
}

impl Journal for Sparse {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        let mut appends = self.appends.write();
        let head = now(self.inner.head()).expect("it is in memory").position.get();
        let condition = condition.map(|condition| {
            let after = appends.inside(condition.after, head);
            condition.after(after)
        });
        // Its place first: whoever is told of it may read before this returns.
        appends.push(head + 1);
        let outcome = now(self.inner.append(events, condition));
        if outcome.is_err() {
            appends.0.pop();
        }
        Answer::ready(match outcome {
            Ok(Appended { first, last }) => {
                Ok(Appended { first: appends.outside(first), last: appends.outside(last) })
            }
            Err(AppendError::Conflict { at }) => {
                Err(AppendError::Conflict { at: appends.outside(at) })
            }
            Err(error) => Err(error),
        })
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        let (appends, head) = self.still();
        let after = appends.inside(read.after, head);
        let bound = read.upto.map(|upto| appends.inside(upto, head));
        let page = now(self.inner.read(Read { after, upto: bound, ..read.clone() }));
        Answer::ready(page.map(|page| {
            let end = appends.outside(Position::new(head));
            let end = read.upto.map_or(end, |upto| upto.min(end));
            let upto = if page.more { appends.outside(page.upto) } else { end };
            let events = page.events.into_iter().map(|event| appends.event(event)).collect();
            Page { events, upto, more: page.more }
        }))
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        let (appends, _) = self.still();
        Answer::ready(now(self.inner.last(query)).map(|LastMatch { event, upto }| {
            let event = event.map(|event| appends.event(event));
            LastMatch { event, upto: appends.outside(upto) }
        }))
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        let (appends, head) = self.still();
        self.inner.changed(query, appends.inside(after, head))
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        let (appends, _) = self.still();
        let page = now(self.inner.values(read));
        Answer::ready(page.map(|page| ValuesPage { upto: appends.outside(page.upto), ..page }))
    }

    fn id(&self) -> JournalId {
        self.inner.id()
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        let (appends, _) = self.still();
        let head = now(self.inner.head());
        Answer::ready(head.map(|Head { position, recorded_at }| Head {
            position: appends.outside(position),
            recorded_at,
        }))
    }

    fn limits(&self) -> AppendLimits {
        self.inner.limits()
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        self.inner.reopen()
    }
}
