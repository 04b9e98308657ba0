//! What a boundary reads of one view.

use std::sync::Arc;

use super::erased::OneView;
use super::error::BoundaryError;
use super::identity::ViewIdentity;
use crate::event::Event;
use crate::journal::{EventType, QueryItem};
use crate::schema::each_name;
use crate::short_name::short_name;
use crate::tag::Tags;
use crate::view::Key;

/// One view of a boundary: which events it reads, and whether it guards them. The one source of
/// both. Cloning shares it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReadingItem {
    identity: ViewIdentity,
    item: QueryItem,
    /// The same events as they were tagged when an ID had another key; none if none ever had.
    old: Option<Arc<[QueryItem]>>,
    last_only: bool,
    is_kept: bool,
    pub(super) guards: bool,
}

impl ReadingItem {
    pub(super) fn of<V: OneView>(key: &V::Key, guards: bool) -> Result<Self, BoundaryError> {
        const {
            assert!(!<V::Event as Event>::TYPES.is_empty(), "a view reads at least one event type");
        };
        let identity = ViewIdentity::of::<V>(key)?;
        let types = types_of::<V>();
        let of = |tags| QueryItem::shared(types.clone(), tags).expect("there is an event type");
        let item = of(identity.tags().clone());
        let old = key
            .tags_before()
            .map_err(|source| BoundaryError::Key { view: short_name::<V>(), source })?;
        let old = (!old.is_empty()).then(|| old.into_iter().map(of).collect());
        let (last_only, is_kept) = (V::LAST_ONLY, V::IS_KEPT);
        Ok(ReadingItem { identity, item, old, last_only, is_kept, guards })
    }

    /// Which view of what.
    pub fn identity(&self) -> &ViewIdentity {
        &self.identity
    }

    /// The events it is folded from, as they are tagged today. Whoever guards one of the other
    /// [`items`](Self::items) guards this one too, so it is enough to take turns by.
    pub fn item(&self) -> &QueryItem {
        &self.item
    }

    /// The events it is folded from: as they are tagged today, and as they were before.
    pub fn items(&self) -> impl Iterator<Item = &QueryItem> {
        std::iter::once(&self.item).chain(self.old.iter().flat_map(|old| old.iter()))
    }

    /// Whether it is folded from such an event.
    pub fn matches(&self, event_type: &str, tags: &Tags) -> bool {
        self.items().any(|item| item.matches(event_type, tags))
    }

    /// Whether the last of these events is enough to know it.
    pub fn last_only(&self) -> bool {
        self.last_only
    }

    /// Whether it is worth keeping for the next decision.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Whether the decision rests on there being no more of them.
    pub fn guards(&self) -> bool {
        self.guards
    }
}

/// The names that the event types of a view have or had, each once. What is retired is asked for
/// and passed over; but it is never the last one of its kind.
fn types_of<V: OneView>() -> Arc<[EventType]> {
    let types = <V::Event as Event>::TYPES.iter();
    let read = types.filter(|known| !(V::LAST_ONLY && known.retired));
    each_name(read).into_iter().map(EventType::literal).collect()
}
