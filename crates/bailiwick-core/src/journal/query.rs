//! Queries: which events, by type and tag, with the exact semantics of the dynamic consistency
//! boundary specification (<https://dcb.events/specification>).
//!
//! - the items of a query are ORed;
//! - in an item the types are ORed and the tags are ANDed;
//! - an item without types means any type, without tags any tags; one with neither cannot be made;
//! - "all events" is a value of its own, never an empty list.

use std::sync::Arc;

use crate::tag::{Tag, Tags};
use crate::text::Text;

/// The name of an event type, as it stands in the journal.
///
/// For an example see [`Query`].
pub type EventType = Text;

/// Which events. Cloning shares it.
///
/// ```
/// use bailiwick_core::journal::{EmptyQuery, Query, QueryItem};
/// use bailiwick_core::{Tag, Tags};
///
/// let course: Tag = "course:c1".parse()?;
/// let item = QueryItem::new(["CourseOpened", "CourseClosed"], [course.clone()])?;
/// let query = Query::any_of([item, QueryItem::of_type("TermEnded")])?;
/// assert!(query.matches("CourseOpened", &Tags::from(course)));
/// assert!(query.matches("TermEnded", &Tags::none()));
/// assert!(!query.matches("CourseOpened", &Tags::none()));
/// assert_eq!(Query::any_of([]), Err(EmptyQuery::Query));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query(Repr);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Repr {
    All,
    Items(Arc<[QueryItem]>),
}

impl Query {
    /// Every event.
    pub fn all() -> Query {
        Query(Repr::All)
    }

    /// The events that match at least one of `items`.
    ///
    /// # Errors
    /// If there is no item. Use [`Query::all`] for every event.
    pub fn any_of(items: impl IntoIterator<Item = QueryItem>) -> Result<Query, EmptyQuery> {
        let items: Arc<[QueryItem]> = items.into_iter().collect();
        if items.is_empty() {
            return Err(EmptyQuery::Query);
        }
        Ok(Query(Repr::Items(items)))
    }

    /// The items, or `None` for [`Query::all`].
    pub fn items(&self) -> Option<&[QueryItem]> {
        match &self.0 {
            Repr::All => None,
            Repr::Items(items) => Some(items),
        }
    }

    /// Whether an event of this type with these tags is selected.
    pub fn matches(&self, event_type: &str, tags: &Tags) -> bool {
        match &self.0 {
            Repr::All => true,
            Repr::Items(items) => items.iter().any(|item| item.matches(event_type, tags)),
        }
    }
}

impl From<QueryItem> for Query {
    fn from(item: QueryItem) -> Query {
        Query(Repr::Items(Arc::new([item])))
    }
}

/// One alternative of a query: any of these types, and all of these tags.
///
/// For an example see [`Query`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueryItem {
    // Compared first: items of many differ in their tags far more often.
    tags: Tags,
    types: Arc<[EventType]>,
}

impl QueryItem {
    /// Events of any of `types` (any type if there is none) that carry all of `tags`.
    ///
    /// # Errors
    /// If there are neither types nor tags.
    pub fn new(
        types: impl IntoIterator<Item = impl Into<EventType>>,
        tags: impl IntoIterator<Item = Tag>,
    ) -> Result<QueryItem, EmptyQuery> {
        let types: Arc<[EventType]> = types.into_iter().map(Into::into).collect();
        let tags: Tags = tags.into_iter().collect();
        if types.is_empty() && tags.as_slice().is_empty() {
            return Err(EmptyQuery::Item);
        }
        Ok(QueryItem { types, tags })
    }

    /// As [`QueryItem::new`], sharing what is given.
    ///
    /// # Errors
    /// If there are neither types nor tags.
    pub fn shared(types: Arc<[EventType]>, tags: Tags) -> Result<QueryItem, EmptyQuery> {
        if types.is_empty() && tags.as_slice().is_empty() {
            return Err(EmptyQuery::Item);
        }
        Ok(QueryItem { types, tags })
    }

    /// Events of this type.
    pub fn of_type(event_type: impl Into<EventType>) -> QueryItem {
        QueryItem { types: Arc::new([event_type.into()]), tags: Tags::none() }
    }

    /// Events of any type that carry this tag.
    pub fn tagged(tag: Tag) -> QueryItem {
        QueryItem { types: Arc::new([]), tags: tag.into() }
    }

    /// The types; empty means any.
    pub fn types(&self) -> &[EventType] {
        &self.types
    }

    /// The tags, all of which an event must carry; empty means any.
    pub fn tags(&self) -> &Tags {
        &self.tags
    }

    /// Whether an event of this type with these tags is selected.
    pub fn matches(&self, event_type: &str, tags: &Tags) -> bool {
        self.tags.iter().all(|tag| tags.contains(tag))
            && (self.types.is_empty() || self.types.iter().any(|t| t == event_type))
    }
}

/// A query or an item that would select nothing in particular.
///
/// For an example see [`Query`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmptyQuery {
    /// A query without items.
    #[error("a query needs at least one item; `Query::all()` selects every event")]
    Query,
    /// An item with neither types nor tags.
    #[error("a query item needs a type or a tag; `Query::all()` selects every event")]
    Item,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Tag {
        text.parse().unwrap()
    }

    fn tags(texts: &[&str]) -> Tags {
        texts.iter().map(|t| tag(t)).collect()
    }

    #[test]
    fn types_are_ored_tags_anded_items_ored() {
        let item = QueryItem::new(["A", "B"], [tag("x:1"), tag("y:1")]).unwrap();
        assert!(item.matches("A", &tags(&["x:1", "y:1", "z:1"])));
        assert!(item.matches("B", &tags(&["x:1", "y:1"])));
        assert!(!item.matches("C", &tags(&["x:1", "y:1"])));
        assert!(!item.matches("A", &tags(&["x:1"])));
        let query = Query::any_of([item, QueryItem::of_type("C")]).unwrap();
        assert!(query.matches("C", &Tags::none()));
        assert!(!query.matches("A", &Tags::none()));
        assert!(Query::all().matches("anything", &Tags::none()));
    }

    #[test]
    fn without_types_any_type_without_tags_any_tags() {
        assert!(QueryItem::tagged(tag("x:1")).matches("A", &tags(&["x:1"])));
        assert!(QueryItem::of_type("A").matches("A", &Tags::none()));
    }

    #[test]
    fn nothing_in_particular_cannot_be_asked_for() {
        assert_eq!(QueryItem::new([""; 0], []), Err(EmptyQuery::Item));
        assert_eq!(Query::any_of([]), Err(EmptyQuery::Query));
    }
}
