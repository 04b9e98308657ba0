//! What the faulty journal takes for a match, and for a conflict.

use super::faulty::{Fault::*, Faulty, Log};
use crate::journal::{AppendCondition, EncodedEvent, Query, QueryItem, RecordedEvent};
use crate::position::Position;
use crate::tag::Tag;

impl Faulty {
    fn has(&self, event: &EncodedEvent, tag: &Tag) -> bool {
        let same = |other: &Tag| match self.fault {
            TagsCaseFolded => other.as_str().eq_ignore_ascii_case(tag.as_str()),
            _ => other == tag,
        };
        event.tags.iter().any(same)
    }

    pub(super) fn selects(&self, item: &QueryItem, event: &EncodedEvent) -> bool {
        let (mut types, mut tags) = (item.types().iter(), item.tags().iter());
        let of_type = match self.fault {
            FirstTypeOnly => types.next().is_none_or(|first| *first == event.event_type),
            _ => item.types().is_empty() || types.any(|one| *one == event.event_type),
        };
        let tagged = match self.fault {
            TagsOred => tags.len() == 0 || tags.any(|tag| self.has(event, tag)),
            _ => tags.all(|tag| self.has(event, tag)),
        };
        of_type && tagged
    }

    pub(super) fn matches(&self, query: &Query, event: &EncodedEvent) -> bool {
        match query.items() {
            None => true,
            Some(items) if self.fault == FirstItemOnly => self.selects(&items[0], event),
            Some(items) => items.iter().any(|item| self.selects(item, event)),
        }
    }

    pub(super) fn conflict(&self, log: &Log, condition: &AppendCondition) -> Option<Position> {
        let last = log.events.last()?.position;
        if self.fault == AfterAboveHeadRefused && condition.after > last {
            return Some(last);
        }
        let beyond = |position: Position, after: Position| match self.fault {
            AfterInclusive => position >= after,
            _ => position > after,
        };
        let never_after = match self.fault {
            NeverKnowsAfter => condition.after,
            _ => Position::START,
        };
        let violates = |recorded: &&RecordedEvent| {
            let selects = |query: &Query, after| {
                beyond(recorded.position, after) && self.matches(query, &recorded.event)
            };
            let never = condition.never.as_ref().filter(|_| self.fault != NeverIgnored);
            selects(&condition.query, condition.after)
                || never.is_some_and(|never| selects(never, never_after))
        };
        let at = log.events.iter().find(violates)?.position;
        Some(if self.fault == ConflictNamesHead { last } else { at })
    }
}
