//! The states on which is decided again: folded when they are needed for the first time, then kept up with
//! the reading of the journal, so that each is as of the event that was read last.
//!
//! No more than a bound of them is held. Beyond it the ones that were used least lately are let go, and
//! folded anew when they are needed again.

use std::collections::{BTreeMap, HashMap};

use bailiwick_core::journal::{Query, Read, RecordedEvent};
use bailiwick_core::views::{Boundary, Folded, ReadingItem, Slot, ViewIdentity};
use bailiwick_core::{Position, Tag};

use super::error::RehearsalError;
use super::source::Source;
use crate::error::{guarded, tried};

pub(super) struct States<'j> {
    source: Source<'j>,
    most: usize,
    held: HashMap<ViewIdentity, Held>,
    /// Which of them read events with a tag; none: those that read events whatever their tags.
    by_tag: HashMap<Option<Tag>, Vec<ViewIdentity>>,
    /// Everything up to here is folded.
    pub(super) at: Position,
    /// By when they were used.
    used: BTreeMap<u64, ViewIdentity>,
    uses: u64,
}

struct Held {
    /// None while it is shown.
    slot: Result<Option<Slot>, Unfolded>,
    reading: ReadingItem,
    /// The last event that it has taken.
    last: Position,
    used: u64,
}

/// Why there is no state: today's code cannot fold it.
pub(super) type Unfolded = String;

impl Held {
    fn new(reading: &ReadingItem) -> Held {
        let slot = guarded(|| Some(Slot::new(reading.clone())));
        let slot = slot.map_err(|why| format!("{} cannot be begun: {why}", reading.identity()));
        Held { slot, reading: reading.clone(), last: Position::START, used: 0 }
    }

    fn fold(&mut self, recorded: &RecordedEvent) {
        let RecordedEvent { position, event } = recorded;
        let reads = self.reading.matches(event.event_type.as_str(), &event.tags);
        let Some(slot) = self.slot.as_mut().ok().and_then(Option::as_mut).filter(|_| reads) else {
            return;
        };
        if let Err(why) = tried(|| slot.fold(recorded)) {
            let view = self.reading.identity();
            self.slot = Err(format!("{view} cannot be folded at {position}: {why}"));
        }
        self.last = *position;
    }

    /// The tags of what it reads; none: whatever they are.
    fn tags(&self) -> impl Iterator<Item = Option<Tag>> {
        self.reading.items().map(|item| item.tags().as_slice().first().cloned())
    }
}

impl<'j> States<'j> {
    /// Of what is behind `after`.
    pub(super) fn new(source: Source<'j>, most: usize, after: Position) -> Self {
        States {
            source,
            most,
            held: HashMap::new(),
            by_tag: HashMap::new(),
            at: after,
            used: BTreeMap::new(),
            uses: 0,
        }
    }

    /// Folds the next event into every state that reads it.
    pub(super) fn fold(&mut self, recorded: &RecordedEvent) {
        let tags = recorded.event.tags.iter().cloned().map(Some).chain([None]);
        for view in tags.filter_map(|tag| self.by_tag.get(&tag)).flatten() {
            let held = self.held.get_mut(view).filter(|held| held.last < recorded.position);
            if let Some(held) = held {
                held.fold(recorded);
            }
        }
        self.at = recorded.position;
    }

    /// Holds the states of a boundary, as of what was folded last. Those that were used least lately are let go
    /// first, if there are too many.
    pub(super) async fn hold(&mut self, boundary: &Boundary) -> Result<(), RehearsalError> {
        while self.held.len() > self.most
            && let Some((_, view)) = self.used.pop_first()
        {
            self.let_go(&view);
        }
        for reading in boundary.reading() {
            let view = reading.identity();
            if !self.held.contains_key(view) {
                let held = self.begun(reading, self.at).await?;
                for tag in held.tags() {
                    self.by_tag.entry(tag).or_default().push(view.clone());
                }
                self.held.insert(view.clone(), held);
            }
            self.uses += 1;
            let held = self.held.get_mut(view).expect("it is held");
            self.used.remove(&std::mem::replace(&mut held.used, self.uses));
            self.used.insert(self.uses, view.clone());
        }
        Ok(())
    }

    /// What code of the domain makes of the states of a boundary, which are [held](Self::hold).
    pub(super) fn show<T>(
        &mut self,
        boundary: &Boundary,
        to: impl FnOnce(&Folded) -> T,
    ) -> Result<T, Unfolded> {
        let held =
            boundary.reading().iter().filter_map(|reading| self.held.get(reading.identity()));
        if let Some(why) = held.filter_map(|held| held.slot.as_ref().err()).next() {
            return Err(why.clone());
        }
        let mut lent = Folded::default();
        lent.add(boundary, |view| self.held.get_mut(view)?.slot.as_mut().ok()?.take());
        let shown = guarded(|| to(&lent));
        for slot in lent.into_slots() {
            if let Some(held) = self.held.get_mut(slot.identity()) {
                held.slot = Ok(Some(slot));
            }
        }
        shown
    }

    /// The last event that one of these views has taken, of those that are held: of all, or of those that
    /// are not guarded.
    pub(super) fn last(&self, boundary: &Boundary, unguarded_only: bool) -> Position {
        let views = boundary.reading().iter().filter(|view| !(unguarded_only && view.guards()));
        let last = views.filter_map(|view| Some(self.held.get(view.identity())?.last));
        last.max().unwrap_or(Position::START)
    }

    /// The states of a boundary as of a position that was passed already, folded for this alone.
    pub(super) async fn as_of(
        &self,
        boundary: &Boundary,
        upto: Position,
    ) -> Result<Result<Folded, Unfolded>, RehearsalError> {
        let mut begun = Vec::new();
        for reading in boundary.reading() {
            match self.begun(reading, upto).await?.slot {
                Ok(slot) => begun.extend(slot),
                Err(why) => return Ok(Err(why)),
            }
        }
        let mut folded = Folded::default();
        folded.add(boundary, |view| {
            let at = begun.iter().position(|slot| slot.identity() == view)?;
            Some(begun.swap_remove(at))
        });
        Ok(Ok(folded))
    }

    async fn begun(&self, reading: &ReadingItem, upto: Position) -> Result<Held, RehearsalError> {
        let mut held = Held::new(reading);
        if upto == Position::START {
            return Ok(held);
        }
        let query = Query::any_of(reading.items().cloned()).expect("there is today's");
        let mut pages = self.source.pages(Read::new(query).upto(upto));
        while held.slot.is_ok()
            && let Some(page) = pages.next().await.map_err(RehearsalError::Unread)?
        {
            page.events.iter().for_each(|recorded| held.fold(recorded));
        }
        Ok(held)
    }

    fn let_go(&mut self, view: &ViewIdentity) {
        let Some(held) = self.held.remove(view) else { return };
        for tag in held.tags() {
            if let Some(views) = self.by_tag.get_mut(&tag) {
                views.retain(|known| known != view);
                if views.is_empty() {
                    self.by_tag.remove(&tag);
                }
            }
        }
    }
}
