//! The boundary of a decision: what it reads, and which part of that it guards.

use std::any::TypeId;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::Views;
use super::answered::{LastAnswer, OnceKey};
use super::describe::{Describe, Lend, Step};
use super::error::BoundaryError;
use super::folded::Folded;
use super::item::ReadingItem;
use crate::journal::{EventType, Query, QueryItem};
use crate::tag::{Tag, Tags};

/// What a decision reads and guards: each view once. Cloning shares it.
///
/// Two boundaries are equal if they read and guard the same views, in whatever shape.
#[derive(Clone, Debug)]
pub struct Boundary(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    views: TypeId,
    items: Vec<ReadingItem>,
    walk: Vec<Step>,
}

impl Boundary {
    /// The boundary of these views of these keys.
    ///
    /// # Errors
    /// If a key cannot be a tag.
    pub fn of<Vs: Views>(keys: &Vs::Keys) -> Result<Boundary, BoundaryError> {
        let mut to = Describe::new();
        Vs::describe(keys, &mut to)?;
        let (items, walk) = (to.items, to.walk);
        Ok(Boundary(Arc::new(Inner { views: TypeId::of::<Vs>(), items, walk })))
    }

    /// The same, and what a decision with this idempotency key was answered.
    ///
    /// # Errors
    /// If the key cannot be a tag.
    #[doc(hidden)]
    pub fn once(&self, key: &OnceKey) -> Result<Boundary, BoundaryError> {
        let Inner { views, items, walk } = &*self.0;
        let mut items = items.to_vec();
        items.push(ReadingItem::of::<LastAnswer>(key, true)?);
        let (views, walk) = (*views, walk.clone());
        Ok(Boundary(Arc::new(Inner { views, items, walk })))
    }

    /// What is read: one item a view.
    pub fn reading(&self) -> &[ReadingItem] {
        &self.0.items
    }

    /// What must not happen between reading and appending; none if nothing is guarded.
    pub fn guard(&self) -> Option<Query> {
        guard_of(self.reading())
    }

    /// The views that would fold such an event in.
    pub fn selecting<'a>(
        &'a self,
        event_type: &'a str,
        tags: &'a Tags,
    ) -> impl Iterator<Item = &'a ReadingItem> {
        self.reading().iter().filter(move |reading| reading.matches(event_type, tags))
    }

    /// What is guarded, as pairs of a type and a tag, each once and in order: whoever takes them one
    /// after the other cannot meet another that does so in a deadlock.
    pub fn pairs(&self) -> impl Iterator<Item = Pair> {
        let guarding = self.reading().iter().filter(|reading| reading.guards());
        let pairs: BTreeSet<Pair> = guarding.flat_map(|reading| Pair::of(reading.item())).collect();
        pairs.into_iter()
    }

    pub(crate) fn assert_of<Vs: Views>(&self) {
        assert!(self.0.views == TypeId::of::<Vs>(), "the boundary is that of other views");
    }

    pub(super) fn lend<'a, Vs: Views>(&'a self, folded: &'a Folded) -> Vs::Refs<'a> {
        self.assert_of::<Vs>();
        Vs::refs(&mut Lend { items: self.reading(), walk: self.0.walk.iter(), folded })
    }
}

impl PartialEq for Boundary {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.reading(), other.reading());
        ours.len() == theirs.len() && ours.iter().all(|item| theirs.contains(item))
    }
}

impl Eq for Boundary {}

/// The order of the views does not matter.
impl Hash for Boundary {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let each = self.reading().iter().map(|item| {
            let mut one = std::hash::DefaultHasher::new();
            item.hash(&mut one);
            one.finish()
        });
        each.fold(0_u64, u64::wrapping_add).hash(state);
    }
}

/// The union of what guards.
pub(super) fn guard_of<'a>(items: impl IntoIterator<Item = &'a ReadingItem>) -> Option<Query> {
    Query::any_of(each_once(items.into_iter().filter(|reading| reading.guards()))).ok()
}

/// What is read, without what is read twice: two views may read the same events.
pub(super) fn each_once<'a>(items: impl Iterator<Item = &'a ReadingItem>) -> Vec<QueryItem> {
    let mut once: Vec<QueryItem> = Vec::with_capacity(items.size_hint().1.unwrap_or(0));
    for reading in items {
        for item in reading.items() {
            if !once.contains(item) {
                once.push(item.clone());
            }
        }
    }
    once
}

/// What decisions and appends queue by: events of a type that carry a tag, or all of the type.
///
/// Boundaries without [overlapping](Pair::overlaps) pairs do not disturb each other by events that
/// lie within the boundary of whoever emits them. One that lies outside of it (it concerns somebody
/// who was not read) is not foreseen by any pair: what holds then is the condition of the append.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The type.
    pub event_type: EventType,
    /// The tag; none for a view that reads the type whatever the tags.
    pub tag: Option<Tag>,
}

impl Pair {
    /// The pairs of an item that names types.
    fn of(item: &QueryItem) -> impl Iterator<Item = Pair> {
        let tags: Vec<Option<Tag>> = match item.tags().as_slice() {
            [] => vec![None],
            tags => tags.iter().cloned().map(Some).collect(),
        };
        item.types().iter().flat_map(move |event_type| {
            let event_type = event_type.clone();
            let each = tags.clone().into_iter();
            each.map(move |tag| Pair { event_type: event_type.clone(), tag })
        })
    }

    /// Whether they are of one type, and of one tag or of any.
    pub fn overlaps(&self, other: &Pair) -> bool {
        self.event_type == other.event_type
            && (self.tag.is_none() || other.tag.is_none() || self.tag == other.tag)
    }
}
