//! What is declared of the snapshots of a view, whatever its type; and which snapshot is whose.

use std::any::type_name;

use super::SnapshotKey;
use crate::event::Event;
use crate::journal::fnv_1a;
use crate::schema::EventDescriptor;
use crate::tag::InvalidTag;
use crate::view::{Key, Snapshots, View};

/// What is declared of the snapshots of a view.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    /// The name of its Rust type, with its path.
    pub view: &'static str,
    /// Their version.
    pub version: u32,
    /// A new one after so many events; 0 for never.
    pub every: u64,
    /// One when it leaves memory with so many, at least; 0 for never.
    pub leaving_with: u64,
    types: &'static [EventDescriptor],
}

impl Declared {
    /// Of this view; none if it has no snapshots.
    pub fn of<V: View>() -> Option<Declared> {
        let Snapshots { version, every, leaving_with, .. } = V::SNAPSHOTS?;
        let types = <V::Event as Event>::TYPES;
        Some(Declared { view: type_name::<V>(), version, every, leaving_with, types })
    }

    /// What is read: the event types by all their names, with their versions. If that changes, the state
    /// is not the one that today's code would fold. Made anew by each call.
    pub fn reads(&self) -> u64 {
        read_by(self.types)
    }

    /// Whether so many events that no snapshot has are enough for a new one.
    pub fn is_due(&self, unsaved: u64) -> bool {
        self.every > 0 && unsaved >= self.every
    }

    /// Whether so many are enough for one when it leaves memory.
    pub fn is_due_leaving(&self, unsaved: u64) -> bool {
        self.leaving_with > 0 && unsaved >= self.leaving_with
    }
}

/// The order in which a set names its types does not matter.
fn read_by(types: &[EventDescriptor]) -> u64 {
    let mut each: Vec<String> = types
        .iter()
        .map(|known| {
            let version = if known.retired { 0 } else { known.version() };
            format!("{}\n{version}\n{}", known.name, known.was.join("\n"))
        })
        .collect();
    each.sort_unstable();
    each.dedup();
    short(fnv_1a(each.join("\n\n").as_bytes()))
}

/// 64 bits are enough to tell one from a few others.
pub(super) fn short(hash: u128) -> u64 {
    u64::try_from((hash >> 64) ^ (hash & u128::from(u64::MAX))).expect("64 bits are left")
}

/// Whose a snapshot is: an aggregate keeps what it remembers of idempotency keys beside its state, and a
/// view of the same type does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotOf {
    /// An aggregate, live.
    Aggregate,
    /// A view, whoever folds it.
    View,
}

impl SnapshotOf {
    /// The name under which all of a view are.
    pub fn of_view(self, view: &str) -> String {
        match self {
            SnapshotOf::Aggregate => format!("aggregate {view}"),
            SnapshotOf::View => format!("view {view}"),
        }
    }

    /// Where the one of this key is.
    ///
    /// # Errors
    /// If the text of an ID in the key cannot be the value of a tag.
    pub fn key<V: View>(self, key: &V::Key) -> Result<SnapshotKey, InvalidTag> {
        Ok(SnapshotKey::new(self.of_view(type_name::<V>()), &key.tags_in_order()?))
    }
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    use super::*;

    fn known(name: &'static str) -> EventDescriptor {
        EventDescriptor::new(name, "here", TypeId::of::<()>())
    }

    #[test]
    fn what_is_read_is_recognised_by_names_and_versions_in_any_order() {
        let (a, b) = (known("A"), known("B"));
        assert_eq!(read_by(&[a, b]), read_by(&[b, a]));
        let others = [
            vec![a],
            vec![a, b, known("C")],
            vec![a, b.was(&["Old"])],
            vec![a, b.retired()],
            vec![a, b.upcasts(&[|_| Ok(())])],
        ];
        others.iter().for_each(|other| assert_ne!(read_by(&[a, b]), read_by(other), "{other:?}"));
    }
}
