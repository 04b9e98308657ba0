//! How the faulty journal lists values, and lets others wait.

use std::thread::yield_now;

use super::faulty::{Fault::*, Faulty};
use crate::journal::{Answer, EncodedEvent, JournalReadError, Query, ReadValues, ValuesPage};
use crate::position::Position;
use crate::tag::{Tag, Tags};

impl Faulty {
    pub(super) fn changed_now(
        &self,
        query: Query,
        after: Position,
    ) -> Answer<Result<(), JournalReadError>> {
        let mut log = self.lock();
        let waits = |e: &&crate::journal::RecordedEvent| {
            e.position > after && self.matches(&query, &e.event)
        };
        if self.fault != ChangedLooksNowhere && log.events.iter().any(|e| waits(&e)) {
            return Answer::ready(Ok(()));
        }
        if self.fault == ChangedIsLate {
            drop(log);
            yield_now();
            log = self.lock();
        }
        Answer::later(log.waiters.wait(query, after))
    }

    /// An event that was appended there.
    pub(super) fn tell(
        &self,
        waiters: &crate::journal::Waiters,
        at: Position,
        mut event: EncodedEvent,
    ) {
        if self.fault == ChangedTellsTypesOnly {
            event.tags = Tags::none();
        }
        let mut woken = waiters.appended(at, &[event]);
        if self.fault == ChangedTellsOne {
            woken.truncate(1);
        }
        woken.into_iter().for_each(std::task::Waker::wake);
    }

    pub(super) fn values_now(&self, read: &ReadValues) -> ValuesPage {
        let log = self.lock();
        let of_type = |name: &str| match self.fault {
            ValuesOfAnyType => true,
            ValuesOfNoTypeAreNone => read.types.iter().any(|t| *t.as_str() == *name),
            _ => read.types.is_empty() || read.types.iter().any(|t| *t.as_str() == *name),
        };
        let events = log.events.iter().filter(|e| of_type(e.event.event_type.as_str()));
        let of_key = |tag: &&Tag| match self.fault {
            ValuesOfPrefix => tag.as_str().starts_with(read.key.as_str()),
            _ => tag.key() == read.key.as_str(),
        };
        let beyond = |tag: &&Tag| match (&read.after, self.fault) {
            (None, _) => true,
            (Some(after), ValuesAfterInclusive) => tag.value() >= after.as_str(),
            (Some(after), _) => tag.value() > after.as_str(),
        };
        let tags = events.flat_map(|e| e.event.tags.iter()).filter(of_key).filter(beyond);
        let mut tags: Vec<Tag> = tags.cloned().collect();
        if self.fault != ValuesInOrderOfAppends {
            tags.sort();
        }
        tags.dedup();
        let more = tags.len() > read.limit.get();
        tags.truncate(read.limit.get());
        let mut upto = log.head();
        drop(log);
        if self.fault == ValuesUptoIsLater {
            yield_now();
            upto = self.lock().head();
        }
        ValuesPage { tags, upto, more }
    }
}
