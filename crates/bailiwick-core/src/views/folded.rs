//! Folded views, and how they come to one common position.

use std::any::Any;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::Views;
use super::answered::LastAnswer;
use super::boundary::{Boundary, each_once, guard_of};
use super::error::FoldError;
use super::identity::ViewIdentity;
use super::item::ReadingItem;
use super::slot::Slot;
use crate::journal::{AppendCondition, EncodedEvent, Page, Query, Read, RecordedEvent};
use crate::position::Position;
use crate::snapshot::NotKept;
use crate::view::View;

/// So many views are found as fast by looking at each.
const FEW: usize = 8;

/// The views of one decision, or of several that are decided together: each once.
///
/// What whoever runs decisions does with it:
///
/// 1. [`add`](Folded::add) the boundaries, with the views that were kept.
/// 2. Optionally find the last event of each of [`lasts`](Folded::lasts): [`found`](Folded::found).
/// 3. Until they are [`level`](Folded::level), read [`next_read`](Folded::next_read) and
///    [`take`](Folded::take) the page.
/// 4. Decide. Before another decision sees the same views, [`fold_ahead`](Folded::fold_ahead) what
///    the first emitted.
/// 5. Append on the [`condition`](Folded::condition) that nothing guarded lies beyond the level.
/// 6. If it was appended, [`settled`](Folded::settled), after `fold_ahead` of everything appended.
///    If not, [`discard`](Folded::discard) what is ahead. If others were faster, again from 3, and
///    if they are level without a read, [`behind`](Folded::behind).
/// 7. [`keep`](Folded::keep) what the next decision can go on from.
///
/// After an error of one of these, or a panic of a view's code, the views are to be thrown away; but
/// if it was in `fold_ahead`, `discard` is enough.
#[derive(Debug, Default)]
pub struct Folded {
    slots: Vec<Slot>,
    /// Where they are, once there are more than a few.
    places: HashMap<ViewIdentity, usize, BuildHasherDefault<DefaultHasher>>,
    /// How many events they are ahead with.
    ahead: u64,
}

impl Folded {
    /// The views of one boundary, at the beginning of the journal.
    pub fn of(boundary: &Boundary) -> Folded {
        let mut folded = Folded::default();
        folded.add(boundary, |_| None);
        folded
    }

    /// One view, at the beginning of the journal.
    #[doc(hidden)]
    pub fn of_one(reading: ReadingItem) -> Folded {
        let mut folded = Folded::default();
        folded.push(Slot::new(reading));
        folded
    }

    /// Adds the views of a boundary that are not among these yet: those that `kept` has, and the
    /// others at the beginning of the journal.
    ///
    /// No view is ahead when one is added, or it would miss what the others are ahead with.
    pub fn add(
        &mut self,
        boundary: &Boundary,
        mut kept: impl FnMut(&ViewIdentity) -> Option<Slot>,
    ) {
        for reading in boundary.reading() {
            let identity = reading.identity();
            if let Some(at) = self.place(identity) {
                self.slots[at].guard_too(reading.guards());
                continue;
            }
            let slot = match kept(identity).filter(|slot| slot.identity() == identity) {
                Some(slot) => slot.lent_to(reading.clone()),
                None => Slot::new(reading.clone()),
            };
            self.push(slot);
        }
    }

    fn push(&mut self, slot: Slot) {
        self.slots.push(slot);
        if self.slots.len() > FEW {
            // The first time for all of them.
            let from = self.places.len();
            let slots = self.slots.iter().enumerate().skip(from);
            self.places.extend(slots.map(|(at, slot)| (slot.identity().clone(), at)));
        }
    }

    fn place(&self, view: &ViewIdentity) -> Option<usize> {
        if self.slots.len() > FEW {
            return self.places.get(view).copied();
        }
        self.slots.iter().position(|slot| slot.identity() == view)
    }

    /// Whether all views of a boundary are here.
    pub fn has(&self, boundary: &Boundary) -> bool {
        boundary.reading().iter().all(|reading| self.place(reading.identity()).is_some())
    }

    /// Every event that one of the views guards; none if nothing is guarded.
    pub fn guard(&self) -> Option<Query> {
        guard_of(self.readings())
    }

    /// The condition of appending what was decided on these views, as of this level; none if nothing
    /// is guarded.
    pub fn condition(&self, level: Position) -> Option<AppendCondition> {
        self.guard().map(|guard| AppendCondition::new(guard).after(level))
    }

    /// The views of which one event is all that is missing: the last one that matches the query.
    pub fn lasts(&self) -> impl Iterator<Item = (ViewIdentity, Query)> {
        let unread = |slot: &&Slot| slot.reading().last_only() && !slot.caught_up;
        self.slots.iter().filter(unread).map(|slot| {
            let items = slot.reading().items().cloned();
            let query = Query::any_of(items).expect("there is today's");
            (slot.identity().clone(), query)
        })
    }

    /// The last event that matches the query of this view, of all up to `upto`; none if there is
    /// none. Whoever does not know `upto` says the position of the event.
    ///
    /// # Errors
    /// If the event cannot be read.
    pub fn found(
        &mut self,
        view: &ViewIdentity,
        last: Option<&RecordedEvent>,
        upto: Position,
    ) -> Result<(), FoldError> {
        if let Some(at) = self.place(view) {
            let slot = &mut self.slots[at];
            last.map_or(Ok(()), |last| slot.fold(last))?;
            slot.reached(upto);
            slot.caught_up = true;
        }
        Ok(())
    }

    /// The position that all views have come to, at the end of the journal when it was read: on
    /// these views may be decided. None while there is something to read.
    pub fn level(&self) -> Option<Position> {
        let upto = self.slots.first().map_or(Position::START, Slot::upto);
        let level = self.slots.iter().all(|slot| slot.caught_up && slot.upto() == upto);
        level.then_some(upto)
    }

    /// What to read next. Views that were never at the end of the journal get there by themselves
    /// first, so that those that were are not read again from the beginning; then all come to one
    /// position together.
    ///
    /// # Panics
    /// If there is no view: they are [`level`](Folded::level) then.
    pub fn next_read(&self) -> Read {
        let is_next = self.next();
        let group = || self.slots.iter().filter(|slot| is_next(slot));
        let after = group().map(Slot::upto).min();
        let query = Query::any_of(each_once(group().map(Slot::reading)));
        let (Some(after), Ok(query)) = (after, query) else { panic!("there is nothing to read") };
        Read::new(query).after(after)
    }

    /// Folds the page of the [`next_read`](Folded::next_read) in.
    ///
    /// # Errors
    /// If an event cannot be read.
    pub fn take(&mut self, page: &Page) -> Result<(), FoldError> {
        debug_assert!(!self.is_ahead(), "the journal's events come before those ahead of it");
        let is_next = self.next();
        for slot in self.slots.iter_mut().filter(|slot| is_next(slot)) {
            page.events.iter().try_for_each(|recorded| slot.fold(recorded))?;
            slot.reached(page.upto);
            slot.caught_up = !page.more;
            slot.revived &= page.more;
        }
        Ok(())
    }

    /// The views that have seen nothing yet, and may go on from a [snapshot](View::SNAPSHOTS).
    #[doc(hidden)]
    pub fn revivable(&self) -> impl Iterator<Item = &ReadingItem> {
        let new = self.slots.iter().filter(|slot| slot.is_new());
        new.map(Slot::reading).filter(|reading| reading.identity().snapshots().is_some())
    }

    /// The view goes on from a snapshot, if it has seen nothing yet.
    #[doc(hidden)]
    pub fn revive(&mut self, snapshot: Slot) {
        if let Some(at) = self.place(snapshot.identity())
            && self.slots[at].is_new()
        {
            let reading = self.slots[at].reading().clone();
            self.slots[at] = snapshot.lent_to(reading);
        }
    }

    /// Which of the views are read next. Those that go on from a snapshot come to the end of the journal one
    /// by one: each is somewhere else, and would have the others read what only it has seen. Then those that
    /// never were there, together; then all.
    fn next(&self) -> impl Fn(&Slot) -> bool + use<> {
        let alone = self.is_any_behind();
        let revived = self.slots.iter().find(|slot| slot.revived);
        let revived = revived.map(|slot| slot.identity().clone());
        move |slot: &Slot| match &revived {
            Some(revived) => slot.identity() == revived,
            None => !(alone && slot.caught_up),
        }
    }

    /// Others have appended: there is something to read, beyond the level.
    pub fn behind(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.caught_up = false);
    }

    /// Folds an event that is not in the journal yet into each view that reads it. Its time is the
    /// one that will be recorded.
    ///
    /// # Errors
    /// If a view cannot read it.
    pub fn fold_ahead(&mut self, event: &EncodedEvent) -> Result<(), FoldError> {
        self.ahead += 1;
        let nth = self.ahead;
        self.slots.iter_mut().try_for_each(|slot| slot.fold_ahead(event, nth))
    }

    /// Everything that the views are ahead with is in the journal, on the condition that nothing
    /// else came before it that is guarded; `last` is its last position.
    ///
    /// A view that is not guarded may have missed something: ahead or not, it stays behind.
    pub fn settled(&mut self, last: Position) {
        let events = std::mem::take(&mut self.ahead);
        for slot in &mut self.slots {
            if slot.reading().guards() {
                slot.settle(last, events);
            } else if slot.is_ahead() {
                slot.forget();
                slot.caught_up = false;
            }
        }
    }

    /// What the views are ahead with will never be: those that hold some of it are what they were
    /// before, if they can be copied ([`View::try_clone`]), or begin again.
    pub fn discard(&mut self) {
        self.ahead = 0;
        self.slots.iter_mut().filter(|slot| slot.is_ahead()).for_each(Slot::forget);
    }

    /// All views, as far as they have come.
    #[doc(hidden)]
    pub fn into_slots(self) -> Vec<Slot> {
        self.slots
    }

    /// The views that the next decision can go on from.
    pub fn keep(self) -> impl Iterator<Item = Slot> {
        self.slots.into_iter().filter(Slot::is_worth_keeping)
    }

    /// The views of a boundary, as a decision gets them.
    ///
    /// # Panics
    /// If one of them is not here, or the boundary is that of other views.
    pub fn refs<'a, Vs: Views>(&'a self, boundary: &'a Boundary) -> Vs::Refs<'a> {
        boundary.lend::<Vs>(self)
    }

    /// The state of a view that is guarded, if it is here, with what it is ahead with: as it will be
    /// once that is appended on the [condition](Folded::condition).
    #[doc(hidden)]
    pub fn guarded_state<V: View>(&self, key: &V::Key) -> Option<&V> {
        let slot = self.slot(&ViewIdentity::of::<V>(key).ok()?)?;
        let state: &dyn Any = slot.state();
        state.downcast_ref().filter(|_| slot.reading().guards())
    }

    /// The only view that there is, as far as it has come; none if it is of another type, or if there
    /// are several.
    #[doc(hidden)]
    pub fn into_state<V: View>(self) -> Option<V> {
        let [slot] = <[Slot; 1]>::try_from(self.slots).ok()?;
        let state: Box<dyn Any> = slot.into_state();
        state.downcast().ok().map(|state| *state)
    }

    /// What a decision with the key of this [boundary](Boundary::once) was answered; none if it has
    /// no key.
    ///
    /// # Panics
    /// If the boundary was not added.
    #[doc(hidden)]
    pub fn answer(&self, boundary: &Boundary) -> Option<&LastAnswer> {
        let last = boundary.reading().last()?.identity();
        let state: &dyn Any = self.slot(last).expect("the boundary was added").state();
        state.downcast_ref()
    }

    pub(super) fn slot(&self, view: &ViewIdentity) -> Option<&Slot> {
        self.place(view).map(|at| &self.slots[at])
    }

    /// Whether each view would come back from a snapshot as it is, if it has any.
    ///
    /// # Errors
    /// If one would not.
    pub(crate) fn survive(&self) -> Result<(), NotKept> {
        self.slots.iter().try_for_each(Slot::survives)
    }

    /// The position of the last event that the first view has.
    #[doc(hidden)]
    pub fn last(&self) -> Position {
        self.slots.first().map_or(Position::START, Slot::last)
    }

    /// The views, to have snapshots made of them.
    #[doc(hidden)]
    pub fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots
    }

    fn readings(&self) -> impl Iterator<Item = &ReadingItem> {
        self.slots.iter().map(Slot::reading)
    }

    fn is_any_behind(&self) -> bool {
        self.slots.iter().any(|slot| !slot.caught_up)
    }

    fn is_ahead(&self) -> bool {
        self.slots.iter().any(Slot::is_ahead)
    }
}
