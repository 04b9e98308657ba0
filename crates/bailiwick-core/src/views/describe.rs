//! From the type of the views and their keys to a description, and from folded views back to the
//! type. Both walk the same way, so what was described n-th is lent n-th.

use std::any::Any;
use std::slice;

use super::erased::OneView;
use super::error::BoundaryError;
use super::folded::Folded;
use super::item::ReadingItem;

/// Takes down what the views read.
#[derive(Debug)]
pub struct Describe {
    pub(super) items: Vec<ReadingItem>,
    pub(super) walk: Vec<Step>,
    guards: bool,
}

/// One step of the way through the views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// The view with this place among the items.
    View(usize),
    /// So many of what comes next.
    Many(usize),
}

impl Describe {
    pub(super) fn new() -> Self {
        Describe { items: Vec::new(), walk: Vec::new(), guards: true }
    }

    /// One view. Named a second time it is the same one, guarded if either is.
    pub(super) fn view<V: OneView>(&mut self, key: &V::Key) -> Result<(), BoundaryError> {
        let item = ReadingItem::of::<V>(key, self.guards)?;
        let known = self.items.iter_mut().position(|known| known.identity() == item.identity());
        let at = known.unwrap_or(self.items.len());
        match self.items.get_mut(at) {
            Some(known) => known.guards |= item.guards,
            None => self.items.push(item),
        }
        self.walk.push(Step::View(at));
        Ok(())
    }

    pub(super) fn many(&mut self, count: usize) {
        self.walk.push(Step::Many(count));
    }

    pub(super) fn unguarded<T>(&mut self, describe: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.guards, false);
        let described = describe(self);
        self.guards = before;
        described
    }
}

/// Lends folded views.
#[derive(Debug)]
pub struct Lend<'a> {
    pub(super) items: &'a [ReadingItem],
    pub(super) walk: slice::Iter<'a, Step>,
    pub(super) folded: &'a Folded,
}

impl<'a> Lend<'a> {
    pub(super) fn view<V: OneView>(&mut self) -> &'a V {
        let Some(Step::View(at)) = self.walk.next() else { unreachable!("described as a view") };
        let identity = self.items[*at].identity();
        let Some(slot) = self.folded.slot(identity) else {
            panic!("{identity} is not among the folded views: add the boundary to them first");
        };
        let state: &dyn Any = slot.state();
        state.downcast_ref().expect("a view's identity has its type")
    }

    pub(super) fn many(&mut self) -> usize {
        let Some(Step::Many(count)) = self.walk.next() else { unreachable!("described as many") };
        *count
    }
}
