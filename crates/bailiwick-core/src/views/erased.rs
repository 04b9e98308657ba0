//! A view without its type: what tells it from others, how it begins, and its state.

use std::any::{Any, TypeId};
use std::fmt::{self, Debug, Display};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::error::BoundaryError;
use crate::codec::CodecError;
use crate::event::Event;
use crate::journal::{EncodedEvent, EventType, QueryItem};
use crate::position::Position;
use crate::schema::each_name;
use crate::short_name::short_name;
use crate::snapshot::{Declared, SnapshotKey, SnapshotOf};
use crate::tag::Tags;
use crate::time::Timestamp;
use crate::view::{Key, View};

/// What is folded from the events of one key: a [`View`], or the last event of all.
pub trait OneView: Sized + Send + 'static {
    type Key: Key;
    type Event: Event;
    /// Whether the last event is enough to know it.
    const LAST_ONLY: bool;
    /// Whether it may be kept for the next decision.
    const IS_KEPT: bool = true;

    fn begin(key: &Self::Key) -> Self;
    fn fold(&mut self, event: Self::Event, at: Timestamp);

    /// A copy, if one can be made.
    fn try_clone(&self) -> Option<Self> {
        None
    }

    /// What it holds on the heap, as far as it says.
    fn heap_bytes(&self) -> usize {
        0
    }

    /// What is declared of its snapshots, if it has any.
    fn snapshots() -> Option<Declared> {
        None
    }

    /// Where the one of this key is.
    fn snapshot_key(_: &Self::Key, _: SnapshotOf) -> Option<SnapshotKey> {
        None
    }

    /// It, as a snapshot has it. Only if it has any.
    fn form(&self) -> Result<Vec<u8>, CodecError> {
        Err(no_snapshots())
    }

    /// The one that a snapshot has.
    fn of_form(_: &[u8]) -> Result<Self, CodecError> {
        Err(no_snapshots())
    }

    /// Whether it is the same as another one. Only if it has snapshots.
    fn is_same(&self, _: &Self) -> bool {
        false
    }

    /// Folds an event that it reads; without a position if it is not in the journal yet.
    fn take(&mut self, event: &EncodedEvent, _: Option<Position>) -> Result<(), CodecError> {
        if let Some(decoded) = event.decode::<Self::Event>()? {
            self.fold(decoded, event.recorded_at);
        }
        Ok(())
    }
}

impl<V: View> OneView for V {
    type Key = V::Key;
    type Event = V::Event;
    const LAST_ONLY: bool = false;

    fn begin(key: &V::Key) -> V {
        V::new(key)
    }

    fn fold(&mut self, event: V::Event, at: Timestamp) {
        self.apply(&event, at);
    }

    fn try_clone(&self) -> Option<V> {
        View::try_clone(self)
    }

    fn heap_bytes(&self) -> usize {
        View::heap_bytes(self)
    }

    fn snapshots() -> Option<Declared> {
        Declared::of::<V>()
    }

    fn snapshot_key(key: &V::Key, of: SnapshotOf) -> Option<SnapshotKey> {
        V::SNAPSHOTS?;
        of.key::<V>(key).ok()
    }

    fn form(&self) -> Result<Vec<u8>, CodecError> {
        V::SNAPSHOTS.ok_or_else(no_snapshots)?.encode(self)
    }

    fn of_form(form: &[u8]) -> Result<V, CodecError> {
        V::SNAPSHOTS.ok_or_else(no_snapshots)?.decode(form)
    }

    fn is_same(&self, other: &V) -> bool {
        V::SNAPSHOTS.is_some_and(|snapshots| snapshots.is_same(self, other))
    }
}

fn no_snapshots() -> CodecError {
    CodecError::Decode("the view has no snapshots".into())
}

/// The state of a view.
pub(super) trait State: Any + Send {
    fn take(&mut self, event: &EncodedEvent, at: Option<Position>) -> Result<(), CodecError>;
    fn try_clone(&self) -> Option<Box<dyn State>>;
    fn heap_bytes(&self) -> usize;
    fn form(&self) -> Result<Vec<u8>, CodecError>;
    fn is_same(&self, other: &dyn State) -> bool;
}

impl<V: OneView> State for V {
    fn try_clone(&self) -> Option<Box<dyn State>> {
        OneView::try_clone(self).map(|state| Box::new(state) as Box<dyn State>)
    }

    fn take(&mut self, event: &EncodedEvent, at: Option<Position>) -> Result<(), CodecError> {
        OneView::take(self, event, at)
    }

    fn heap_bytes(&self) -> usize {
        OneView::heap_bytes(self)
    }

    fn form(&self) -> Result<Vec<u8>, CodecError> {
        OneView::form(self)
    }

    fn is_same(&self, other: &dyn State) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref().is_some_and(|other| OneView::is_same(self, other))
    }
}

/// What a view begins with.
trait Beginning: Any + Send + Sync {
    fn view(&self) -> &'static str;
    fn tags(&self) -> &Tags;
    fn begin(&self) -> Box<dyn State>;
    fn snapshots(&self) -> Option<Declared>;
    fn snapshot_key(&self, of: SnapshotOf) -> Option<SnapshotKey>;
    fn of_form(&self, form: &[u8]) -> Result<Box<dyn State>, CodecError>;
    fn is(&self, other: &dyn Beginning) -> bool;
}

struct BeginningOf<V: OneView> {
    key: V::Key,
    tags: Tags,
}

impl<V: OneView> Beginning for BeginningOf<V> {
    fn view(&self) -> &'static str {
        short_name::<V>()
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn begin(&self) -> Box<dyn State> {
        Box::new(V::begin(&self.key))
    }

    fn snapshots(&self) -> Option<Declared> {
        V::snapshots()
    }

    fn snapshot_key(&self, of: SnapshotOf) -> Option<SnapshotKey> {
        V::snapshot_key(&self.key, of)
    }

    fn of_form(&self, form: &[u8]) -> Result<Box<dyn State>, CodecError> {
        Ok(Box::new(V::of_form(form)?))
    }

    fn is(&self, other: &dyn Beginning) -> bool {
        let other: &dyn Any = other;
        // The key and not the tags: these are a set, and a tuple of IDs has an order.
        other.downcast_ref::<Self>().is_some_and(|other| other.key == self.key)
    }
}

/// Which view of what: two are equal if they are of one type and one key. Cloning shares it.
#[derive(Clone)]
pub struct ViewIdentity {
    /// Known from the start: identities are looked up again and again.
    hash: u64,
    beginning: Arc<dyn Beginning>,
}

impl ViewIdentity {
    pub(super) fn of<V: OneView>(key: &V::Key) -> Result<Self, BoundaryError> {
        let tags =
            key.tags().map_err(|source| BoundaryError::Key { view: short_name::<V>(), source })?;
        let mut hasher = DefaultHasher::new();
        (TypeId::of::<V>(), &tags).hash(&mut hasher);
        let beginning = Arc::new(BeginningOf::<V> { key: key.clone(), tags });
        Ok(ViewIdentity { hash: hasher.finish(), beginning })
    }

    /// The name of its Rust type, without its path.
    pub fn view(&self) -> &'static str {
        self.beginning.view()
    }

    /// The tags of its key.
    pub fn tags(&self) -> &Tags {
        self.beginning.tags()
    }

    /// Its state before any event.
    pub(super) fn begin(&self) -> Box<dyn State> {
        self.beginning.begin()
    }

    /// What is declared of its snapshots, if it has any.
    #[doc(hidden)]
    pub fn snapshots(&self) -> Option<Declared> {
        self.beginning.snapshots()
    }

    /// Where its snapshot is; none if it has none.
    #[doc(hidden)]
    pub fn snapshot_key(&self, of: SnapshotOf) -> Option<SnapshotKey> {
        self.beginning.snapshot_key(of)
    }

    /// Its state, as a snapshot has it.
    pub(super) fn of_form(&self, form: &[u8]) -> Result<Box<dyn State>, CodecError> {
        self.beginning.of_form(form)
    }
}

impl PartialEq for ViewIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.beginning.is(&*other.beginning)
    }
}

impl Eq for ViewIdentity {}

impl Hash for ViewIdentity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

/// `Course course:c1`.
impl Display for ViewIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.view())?;
        self.tags().iter().enumerate().try_for_each(|(at, tag)| {
            let before = if at == 0 { ' ' } else { '+' };
            write!(f, "{before}{tag}")
        })
    }
}

impl Debug for ViewIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ViewIdentity({self})")
    }
}

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
