//! Where the tags of recent events were seen last: so that most conditions need no look at tephra.
//!
//! A condition of an aggregate is about one tag, and mostly nothing has happened to it since. That is
//! known here at once, while tephra would have to be given a query of its own types, an allocation
//! for each name, to find out the same. It never says so wrongly: what is not known is left to
//! tephra.

use bailiwick_core::journal::{AppendCondition, EncodedEvent, QueryItem};
use bailiwick_core::{Position, Tag};
use foldhash::{HashMap, HashMapExt};

/// How many tags are remembered, up to twice.
const TAGS: usize = 1 << 16;

/// A tag of an append that is being written: nothing is known of it until that is over.
const BEING_WRITTEN: Position = Position::new(u64::MAX);

pub(super) struct Recent {
    /// Of events behind `since`...
    young: HashMap<Tag, Position>,
    since: Position,
    /// ...and of those before, behind `before`. Up to there is not known.
    old: HashMap<Tag, Position>,
    before: Position,
    tags: usize,
}

impl Recent {
    /// Knows nothing of the events up to `head`.
    pub(super) fn behind(head: Position) -> Recent {
        Recent::with_room(head, TAGS)
    }

    fn with_room(head: Position, tags: usize) -> Recent {
        let (young, old) = (HashMap::new(), HashMap::new());
        Recent { young, since: head, old, before: head, tags }
    }

    /// Whether the condition certainly holds.
    pub(super) fn allows(&self, condition: &AppendCondition) -> bool {
        let AppendCondition { query, after, never } = condition;
        let quiet = |item: &QueryItem| item.tags().iter().any(|tag| self.last(tag) <= *after);
        let items = query.items().filter(|_| never.is_none() && *after >= self.before);
        items.is_some_and(|items| items.iter().all(quiet))
    }

    fn last(&self, tag: &Tag) -> Position {
        let known = self.young.get(tag).or_else(|| self.old.get(tag));
        known.copied().unwrap_or(self.before)
    }

    /// These are about to be written. If they are not, nothing more is said of their tags until
    /// others with them are.
    pub(super) fn being_written(&mut self, events: &[EncodedEvent]) {
        events.iter().for_each(|event| self.note(event, BEING_WRITTEN));
    }

    /// These were written, from `first` on.
    pub(super) fn written(&mut self, first: Position, events: &[EncodedEvent]) {
        for (position, event) in (first.get()..).zip(events) {
            self.note(event, Position::new(position));
        }
    }

    /// Between two batches: forgets the older ones if there are many. `head` is the last event.
    pub(super) fn forget(&mut self, head: Position) {
        if self.young.len() >= self.tags {
            self.old = std::mem::take(&mut self.young);
            self.before = std::mem::replace(&mut self.since, head);
        }
    }

    fn note(&mut self, event: &EncodedEvent, position: Position) {
        for tag in event.tags.iter() {
            match self.young.get_mut(tag) {
                Some(last) => *last = position,
                None => _ = self.young.insert(tag.clone(), position),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::Timestamp;
    use bailiwick_core::journal::{Metadata, Query};

    use super::*;

    fn event(tags: &[&str]) -> EncodedEvent {
        EncodedEvent {
            event_type: "A".into(),
            version: 1,
            tags: tags.iter().map(|tag| tag.parse::<Tag>().unwrap()).collect(),
            payload: Vec::new().into(),
            recorded_at: Timestamp::EPOCH,
            metadata: Metadata::default(),
        }
    }

    fn guard(tags: &[&str], after: u64) -> AppendCondition {
        let tags = tags.iter().map(|tag| tag.parse::<Tag>().unwrap());
        let item = QueryItem::new(["A", "B"], tags).unwrap();
        AppendCondition::new(item.into()).after(Position::new(after))
    }

    #[test]
    fn what_was_there_before_is_not_known() {
        let recent = Recent::behind(Position::new(7));
        assert!(!recent.allows(&guard(&["x:1"], 6)));
        assert!(recent.allows(&guard(&["x:1"], 7)));
    }

    #[test]
    fn one_tag_to_which_nothing_happened_suffices() {
        let mut recent = Recent::behind(Position::START);
        recent.written(Position::new(1), &[event(&["x:1"]), event(&["x:1", "y:1"])]);
        assert!(!recent.allows(&guard(&["x:1"], 1)));
        assert!(recent.allows(&guard(&["x:1"], 2)));
        assert!(recent.allows(&guard(&["x:1", "z:1"], 1)));
        assert!(!recent.allows(&guard(&["x:1", "y:1"], 1)));
        let items =
            [&["z:1"], &["x:1"]].map(|tags| guard(tags, 1).query.items().unwrap()[0].clone());
        let both = Query::any_of(items).unwrap();
        assert!(!recent.allows(&AppendCondition::new(both).after(Position::new(1))));
    }

    #[test]
    fn nothing_is_said_of_a_condition_without_a_tag_or_with_a_second_clause() {
        let recent = Recent::behind(Position::START);
        let nothing = Query::from(QueryItem::of_type("A"));
        assert!(!recent.allows(&AppendCondition::new(nothing)));
        assert!(!recent.allows(&AppendCondition::new(Query::all())));
        let never = guard(&["x:1"], 0).query;
        assert!(!recent.allows(&guard(&["x:1"], 0).never(never)));
    }

    #[test]
    fn nothing_is_said_of_what_is_being_written_until_it_is() {
        let mut recent = Recent::behind(Position::START);
        recent.being_written(&[event(&["x:1"])]);
        assert!(!recent.allows(&guard(&["x:1"], 1_000)));
        recent.written(Position::new(1), &[event(&["x:1"])]);
        assert!(recent.allows(&guard(&["x:1"], 1)));
    }

    #[test]
    fn what_is_forgotten_is_not_known() {
        let mut recent = Recent::with_room(Position::START, 2);
        for n in 1..=6 {
            recent.written(Position::new(n), &[event(&[&format!("x:{n}")])]);
            recent.forget(Position::new(n));
        }
        assert_eq!((recent.before, recent.since), (Position::new(4), Position::new(6)));
        for n in 1..=6 {
            let tag = format!("x:{n}");
            assert!(!recent.allows(&guard(&[&tag], n - 1)), "{tag}");
            assert_eq!(recent.allows(&guard(&[&tag], n)), n >= 4, "{tag}");
        }
    }
}
