//! Queries and conditions in tephra's terms.
//!
//! Each event has a *type tag* beside its own tags. tephra knows where a tag was, but not where a
//! type was: without it, a condition on a type costs a look at all events beyond `after`, and the
//! last event of a type one at all events. With it both are like those of a tag.

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendCondition, EventType, Query, QueryItem};
use tephra::{EventType as StoredType, Tag as StoredTag, Tags as StoredTags};

/// What a type tag begins with. The key of a tag has only `a-z 0-9 _ - .`, so no event has one of
/// its own.
pub(crate) const TYPE_TAG: char = '=';

/// A type that no event can have matches nothing, and so does a query of nothing else.
pub(crate) fn query(query: &Query) -> tephra::Query {
    let Some(items) = query.items() else {
        return tephra::Query::All;
    };
    let mut stored = Vec::with_capacity(items.len());
    items.iter().for_each(|item| add(item, &mut stored));
    tephra::Query::items(stored)
}

fn add(item: &QueryItem, stored: &mut Vec<tephra::QueryItem>) {
    let types = item.types().iter();
    if item.tags().as_slice().is_empty() {
        let tags = types.filter_map(type_tag).filter_map(|tag| StoredTags::new([tag]).ok());
        stored.extend(tags.map(tephra::QueryItem::with_tags));
        return;
    }
    let tags = item.tags().iter().filter_map(|tag| StoredTag::new(tag.as_str()).ok());
    let tags = StoredTags::new(tags).expect("the tags of an item are a set");
    let types: Vec<_> = types.filter_map(|name| StoredType::new(name.as_str()).ok()).collect();
    if !types.is_empty() || item.types().is_empty() {
        stored.push(tephra::QueryItem::new(types, tags));
    }
}

fn type_tag(event_type: &EventType) -> Option<StoredTag> {
    let mut text = String::with_capacity(1 + event_type.as_str().len());
    text.push(TYPE_TAG);
    text.push_str(event_type.as_str());
    (text.len() > 1).then(|| StoredTag::new(text).ok())?
}

/// Its `after` is that of the condition, which tephra refuses if it is above the head.
pub(crate) fn condition(condition: &AppendCondition) -> tephra::AppendCondition {
    let stored = tephra::AppendCondition::new(query(&condition.query));
    let stored = stored.after(position(condition.after));
    match &condition.never {
        Some(never) => stored.fail_if_exists(query(never)),
        None => stored,
    }
}

pub(crate) fn position(position: Position) -> tephra::Position {
    tephra::Position::new(position.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_no_event_can_have_matches_nothing() {
        let impossible = "x".repeat(usize::from(u16::MAX) + 1);
        for name in ["", impossible.as_str()] {
            let of_type = QueryItem::of_type(name.to_owned());
            assert_eq!(query(&of_type.into()), tephra::Query::items(Vec::new()));
            let tagged = QueryItem::new([name.to_owned()], ["x:1".parse().unwrap()]).unwrap();
            assert_eq!(query(&tagged.into()), tephra::Query::items(Vec::new()));
        }
    }
}
