//! How a memory journal reads a page: the lists of all items merged, a few events per lock.
//!
//! The log only grows, and candidates come in order of position. So letting go of the lock between
//! two events is no different from having read the first ones a little later.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::ops::RangeInclusive;

use bailiwick_core::Position;
use bailiwick_core::journal::{Page, Query, Read};
use parking_lot::RwLock;

use super::log::Log;

/// After how many events looked at, matching or not, the lock is let go: well below 1 ms.
pub(super) const EVENTS_PER_LOCK: usize = 1_000;

pub(super) fn page(log: &RwLock<Log>, read: &Read) -> Page {
    page_in_steps(log, read, EVENTS_PER_LOCK)
}

pub(super) fn page_in_steps(log: &RwLock<Log>, read: &Read, step: usize) -> Page {
    let mut page = Page { events: Vec::new(), upto: read.after, more: true };
    let mut left = Left { events: read.limit.get(), bytes: read.bytes.max(1) };
    while page.more && left.any() {
        log.read().continue_page(&mut page, &mut left, read, step);
    }
    page
}

/// How much room is left in a page.
struct Left {
    events: usize,
    bytes: usize,
}

impl Left {
    fn any(&self) -> bool {
        self.events > 0 && self.bytes > 0
    }
}

impl Log {
    /// Looks at the next `step` candidates beyond `page.upto`.
    fn continue_page(&self, page: &mut Page, left: &mut Left, read: &Read, step: usize) {
        let head = self.head().position;
        let end = read.upto.map_or(head, |upto| upto.min(head));
        let mut candidates = self.candidates_beyond(&read.query, page.upto, end).peekable();
        for position in candidates.by_ref().take(step) {
            page.upto = position;
            let event = self.event(position);
            if read.query.matches(event.event_type.as_str(), &event.tags) {
                page.events.push(self.recorded(position));
                left.events -= 1;
                if read.bytes != usize::MAX {
                    left.bytes = left.bytes.saturating_sub(event.counted_bytes());
                }
                if !left.any() {
                    break;
                }
            }
        }
        if candidates.peek().is_none() {
            page.upto = end;
            page.more = false;
        }
    }

    /// Where all events that match are up to `end`, and perhaps others: ascending, each once.
    fn candidates_beyond<'a>(
        &'a self,
        query: &'a Query,
        after: Position,
        end: Position,
    ) -> Candidates<'a> {
        let Some(items) = query.items() else {
            let first = after.get().saturating_add(1);
            return Candidates::All(first..=end.get());
        };
        let lists = items.iter().flat_map(|item| self.candidates(item));
        let within = lists.map(move |list| &list[..list.partition_point(|p| *p <= end)]);
        let beyond = within.map(move |list| &list[list.partition_point(|p| *p <= after)..]);
        Candidates::Listed(Merge::new(beyond))
    }
}

enum Candidates<'a> {
    All(RangeInclusive<u64>),
    Listed(Merge<'a>),
}

impl Iterator for Candidates<'_> {
    type Item = Position;

    fn next(&mut self) -> Option<Position> {
        match self {
            Candidates::All(numbers) => numbers.next().map(Position::new),
            Candidates::Listed(merge) => merge.next(),
        }
    }
}

/// Ascending lists as one, without repetition.
struct Merge<'a> {
    /// What is left of each list, behind its first.
    rests: Vec<&'a [Position]>,
    /// The first of each list that is not used up, with the number of the list.
    firsts: BinaryHeap<Reverse<(Position, usize)>>,
}

impl<'a> Merge<'a> {
    fn new(lists: impl Iterator<Item = &'a [Position]>) -> Merge<'a> {
        let (mut rests, mut firsts) = (Vec::new(), BinaryHeap::new());
        for list in lists {
            if let Some((first, rest)) = list.split_first() {
                firsts.push(Reverse((*first, rests.len())));
                rests.push(rest);
            }
        }
        Merge { rests, firsts }
    }

    fn next(&mut self) -> Option<Position> {
        let Reverse((position, _)) = *self.firsts.peek()?;
        while let Some(mut first) = self.firsts.peek_mut()
            && first.0.0 == position
        {
            let list = first.0.1;
            match self.rests[list].split_first() {
                Some((next, rest)) => {
                    self.rests[list] = rest;
                    first.0.0 = *next;
                }
                None => {
                    PeekMut::pop(first);
                }
            }
        }
        Some(position)
    }
}
