//! Which view of what, whatever its type.

use std::any::{Any, TypeId};
use std::fmt::{self, Debug, Display};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::erased::{OneView, State};
use super::error::BoundaryError;
use crate::codec::CodecError;
use crate::short_name::short_name;
use crate::snapshot::{Declared, SnapshotKey, SnapshotOf};
use crate::tag::Tags;
use crate::view::Key;

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
