//! How the faulty journal reads.

use std::thread::yield_now;

use super::faulty::{Fault::*, Faulty};
use crate::journal::{LastMatch, Outline, Page, Query, QueryItem, Read, RecordedEvent};
use crate::position::Position;

/// With how many of these a page has so many bytes.
fn filling(events: &[RecordedEvent], bytes: usize) -> usize {
    let sums = events.iter().scan(0_usize, |sum, recorded| {
        *sum = sum.saturating_add(recorded.event.counted_bytes());
        Some(*sum)
    });
    1 + sums.take_while(|sum| *sum < bytes).count()
}

impl Faulty {
    pub(super) fn read_now(&self, read: &Read) -> Page {
        if let (ItemsReadApart, Some(items)) = (self.fault, read.query.items()) {
            return self.read_apart(read, items);
        }
        let log = self.lock();
        let head = log.head();
        let known = log.events.partition_point(|e| e.position <= read.after);
        let (looked_at, limit) = self.bounds(read);
        let end = match (read.upto, self.fault) {
            (None, _) | (_, EndIsIgnored) => head,
            (Some(upto), _) => upto.min(head),
        };
        let within = log.events.iter().filter(|e| match self.fault {
            EndIsLeftOut if read.upto.is_some() => e.position < end,
            _ => e.position <= end,
        });
        let beyond = &log.events[known.min(within.clone().count())..within.count()];
        let looked_at_upto = beyond.get(looked_at - 1).map_or(head, |e| e.position);
        let looked_at = beyond.iter().take(looked_at);
        let matching = looked_at.filter(|e| self.matches(&read.query, &e.event));
        let one_more = matching.take(limit.saturating_add(1));
        let mut events: Vec<RecordedEvent> = one_more.cloned().collect();
        if self.fault == RepeatsPerItem {
            events = self.repeated(&read.query, events);
        }
        let limit = match self.fault {
            BytesAreIgnored => limit,
            _ => limit.min(filling(&events, read.bytes)),
        };
        let cut = events.len() > limit;
        events.truncate(limit);
        let last = events.last().map_or(read.after, |event| event.position);
        let upto = match self.fault {
            LimitBeforeFilter => looked_at_upto,
            UptoIsHead => head,
            UptoIsLastMatch => last,
            _ if cut => last,
            EndIsHead => head,
            _ => end,
        };
        let more = cut || (self.fault == LimitBeforeFilter && upto < end);
        Page { events, upto, more }
    }

    pub(super) fn last_now(&self, query: &Query) -> LastMatch {
        let log = self.lock();
        let first_item = query.items().map(|items| Query::from(items[0].clone()));
        let query = match (self.fault, first_item) {
            (LastOfFirstItem, Some(first_item)) => first_item,
            _ => query.clone(),
        };
        let mut matching = log.events.iter().filter(|e| self.matches(&query, &e.event));
        let event = match self.fault {
            LastIsFirst => matching.next(),
            _ => matching.next_back(),
        };
        let (event, mut upto) = (event.cloned(), log.head());
        drop(log);
        if self.fault == LastUptoIsLater {
            yield_now();
            upto = self.lock().head();
        }
        if let (LastUptoIsMatch, Some(event)) = (self.fault, &event) {
            upto = event.position;
        }
        LastMatch { event, upto }
    }

    /// As of some time ago, as a journal would have it that folds what there is now and then.
    pub(super) fn outline_now(&self) -> Outline {
        let log = self.lock();
        let upto = log.events.len() / 8 * 8;
        let mut outline = Outline::default();
        for (nth, recorded) in log.events[..upto].iter().enumerate() {
            match self.fault {
                OutlineLeavesOut if nth == 3 => {}
                OutlineOfOthers if nth == 3 => {
                    let mut recorded = recorded.clone();
                    recorded.event.metadata.origin = None;
                    outline.take(&recorded);
                }
                _ => outline.take(recorded),
            }
        }
        if let (OutlineUptoIsLater, Some(last)) = (self.fault, log.events.last()) {
            outline.take(&RecordedEvent { position: last.position.plus(1), ..last.clone() });
        }
        outline
    }

    /// How many events to look at, and how many to give.
    fn bounds(&self, read: &Read) -> (usize, usize) {
        let limit = read.limit.get();
        let items = read.query.items().map_or(1, <[_]>::len);
        match self.fault {
            LimitBeforeFilter => (limit, limit),
            LimitPerItem => (usize::MAX, limit.saturating_mul(items)),
            _ => (usize::MAX, limit),
        }
    }

    fn repeated(&self, query: &Query, events: Vec<RecordedEvent>) -> Vec<RecordedEvent> {
        let times = |event: &RecordedEvent| match query.items() {
            None => 1,
            Some(items) => items.iter().filter(|i| self.selects(i, &event.event)).count(),
        };
        let repeat = |event: RecordedEvent| vec![event.clone(); times(&event)];
        events.into_iter().flat_map(repeat).collect()
    }

    /// An item at a time, with others in between.
    fn read_apart(&self, read: &Read, items: &[QueryItem]) -> Page {
        let honest = Faulty { fault: Nothing, log: self.log.clone() };
        let mut page = Page { events: Vec::new(), upto: Position::START, more: false };
        for item in items {
            let query = Query::from(item.clone());
            let part = honest.read_now(&Read { query, ..read.clone() });
            yield_now();
            page.upto = page.upto.max(part.upto);
            page.events.extend(part.events);
        }
        page.events.sort_by_key(|event| event.position);
        page.events.dedup_by_key(|event| event.position);
        page
    }
}
