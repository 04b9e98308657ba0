//! How a memory journal reads a page: the lists of all items merged, a few events per lock.
//!
//! The log only grows, and candidates come in order of position. So letting go of the lock between
//! two events is no different from having read the first ones a little later.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

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
    ) -> Box<dyn Iterator<Item = Position> + 'a> {
        let Some(items) = query.items() else {
            let first = after.get().saturating_add(1);
            return Box::new((first..=end.get()).map(Position::new));
        };
        let lists = items.iter().flat_map(|item| self.candidates(item));
        let within = lists.map(move |list| &list[..list.partition_point(|p| *p <= end)]);
        let beyond = within.map(move |list| &list[list.partition_point(|p| *p <= after)..]);
        Box::new(merged(beyond))
    }
}

/// Ascending lists as one, without repetition.
fn merged<'a>(lists: impl Iterator<Item = &'a [Position]>) -> impl Iterator<Item = Position> {
    // The first of each list that is not used up, with what is left of the list.
    let mut firsts: BinaryHeap<_> =
        lists.filter_map(<[Position]>::split_first).map(Reverse).collect();
    std::iter::from_fn(move || {
        let Reverse((position, _)) = *firsts.peek()?;
        while let Some(mut first) = firsts.peek_mut()
            && first.0.0 == position
        {
            match first.0.1.split_first() {
                Some(next) => first.0 = next,
                None => drop(PeekMut::pop(first)),
            }
        }
        Some(*position)
    })
}
