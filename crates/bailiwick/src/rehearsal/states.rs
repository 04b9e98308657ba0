//! The states on which is decided again: folded when they are needed for the first time, then kept up with
//! the reading of the journal, so that each is as of the event that was read last.
//!
//! No more than a bound of them is held. Beyond it the ones that were used least lately are let go, and
//! folded anew when they are needed again.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;

use bailiwick_core::journal::{Query, Read, RecordedEvent};
use bailiwick_core::views::{Boundary, Folded, ReadingItem, Slot, ViewIdentity};
use bailiwick_core::{ErrorReport, Position, Tag};

use super::error::RehearsalError;
use super::source::Source;
use crate::error::guarded;

/// Events per page when a state is folded.
const PAGE: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

pub(super) struct States<'j> {
    source: Source<'j>,
    most: usize,
    places: HashMap<ViewIdentity, usize>,
    held: Vec<Option<Held>>,
    free: Vec<usize>,
    /// Where those are that read events with a tag; those that read events whatever their tags.
    by_tag: HashMap<Tag, Vec<usize>>,
    everywhere: Vec<usize>,
    /// By when they were used.
    used: BTreeMap<u64, usize>,
    uses: u64,
}

struct Held {
    /// None while it is lent.
    slot: Option<Slot>,
    reading: ReadingItem,
    /// The last event that it has taken.
    last: Position,
    used: u64,
    /// It cannot be folded: why.
    broken: Option<String>,
}

/// Why there is no state: today's code cannot fold it.
pub(super) type Unfolded = String;

impl Held {
    fn new(reading: &ReadingItem) -> Held {
        Held {
            slot: Some(Slot::new(reading.clone())),
            reading: reading.clone(),
            last: Position::START,
            used: 0,
            broken: None,
        }
    }

    fn fold(&mut self, recorded: &RecordedEvent) {
        let event = &recorded.event;
        let reads = self.reading.matches(event.event_type.as_str(), &event.tags);
        let Some(slot) = self.slot.as_mut().filter(|_| self.broken.is_none() && reads) else {
            return;
        };
        let folded = guarded(|| slot.fold(recorded));
        let folded =
            folded.and_then(|folded| folded.map_err(|error| ErrorReport::of(&error).to_string()));
        let at = |why| {
            format!("{} cannot be folded at {}: {why}", self.reading.identity(), recorded.position)
        };
        self.broken = folded.err().map(at);
        self.last = recorded.position;
    }
}

impl<'j> States<'j> {
    pub(super) fn new(source: Source<'j>, most: usize) -> Self {
        States {
            source,
            most,
            places: HashMap::new(),
            held: Vec::new(),
            free: Vec::new(),
            by_tag: HashMap::new(),
            everywhere: Vec::new(),
            used: BTreeMap::new(),
            uses: 0,
        }
    }

    /// Folds the next event into every state that reads it.
    pub(super) fn fold(&mut self, recorded: &RecordedEvent) {
        let States { held, by_tag, everywhere, .. } = self;
        let tagged = recorded.event.tags.iter().filter_map(|tag| by_tag.get(tag)).flatten();
        for place in tagged.chain(everywhere.iter()) {
            if let Some(held) = held[*place].as_mut().filter(|held| held.last < recorded.position) {
                held.fold(recorded);
            }
        }
    }

    /// The states of a boundary, as of `upto`: up to there was everything folded. They are to be
    /// [given back](Self::give_back) before anything else is folded.
    pub(super) async fn lend(
        &mut self,
        boundary: &Boundary,
        upto: Position,
    ) -> Result<Result<Folded, Unfolded>, RehearsalError> {
        for reading in boundary.reading() {
            let place = match self.places.get(reading.identity()) {
                Some(place) => *place,
                None => {
                    let held = self.begun(reading, upto).await?;
                    self.hold(held)
                }
            };
            self.uses += 1;
            let held = self.held[place].as_mut().expect("it is held");
            self.used.remove(&std::mem::replace(&mut held.used, self.uses));
            self.used.insert(self.uses, place);
            if let Some(why) = held.broken.clone() {
                self.keep_to_the_bound();
                return Ok(Err(why));
            }
        }
        let mut folded = Folded::default();
        folded.add(boundary, |view| {
            let place = self.places.get(view)?;
            self.held[*place].as_mut()?.slot.take()
        });
        Ok(Ok(folded))
    }

    pub(super) fn give_back(&mut self, lent: Folded) {
        for slot in lent.into_slots() {
            if let Some(place) = self.places.get(slot.identity())
                && let Some(held) = &mut self.held[*place]
            {
                held.slot = Some(slot);
            }
        }
        self.keep_to_the_bound();
    }

    /// While none is lent.
    fn keep_to_the_bound(&mut self) {
        while self.places.len() > self.most {
            let Some((_, place)) = self.used.pop_first() else { break };
            self.let_go(place);
        }
    }

    /// The last event that one of these views has taken, of those that are held: of all, or of those that
    /// are not guarded.
    pub(super) fn last(&self, boundary: &Boundary, unguarded_only: bool) -> Position {
        let views = boundary.reading().iter().filter(|view| !(unguarded_only && view.guards()));
        let held = views.filter_map(|view| {
            let place = self.places.get(view.identity())?;
            Some(self.held[*place].as_ref()?.last)
        });
        held.max().unwrap_or(Position::START)
    }

    /// The states of a boundary as of a position that was passed already, folded for this alone.
    pub(super) async fn as_of(
        &self,
        boundary: &Boundary,
        upto: Position,
    ) -> Result<Result<Folded, Unfolded>, RehearsalError> {
        let mut begun = Vec::new();
        for reading in boundary.reading() {
            let held = self.begun(reading, upto).await?;
            match (held.slot, held.broken) {
                (_, Some(why)) => return Ok(Err(why)),
                (slot, None) => begun.extend(slot),
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
        let mut held = guarded(|| Held::new(reading)).unwrap_or_else(|why| Held {
            slot: None,
            reading: reading.clone(),
            last: Position::START,
            used: 0,
            broken: Some(format!("{} cannot be begun: {why}", reading.identity())),
        });
        if upto == Position::START || held.broken.is_some() {
            return Ok(held);
        }
        let query = Query::any_of(reading.items().cloned()).expect("there is today's");
        let mut read = Read::new(query).upto(upto).limit(PAGE);
        loop {
            let page = self.source.read(read.clone()).await?;
            page.events.iter().for_each(|recorded| held.fold(recorded));
            read.after = page.upto;
            if !page.more || held.broken.is_some() {
                return Ok(held);
            }
        }
    }

    fn hold(&mut self, held: Held) -> usize {
        let place = self.free.pop().unwrap_or(self.held.len());
        for item in held.reading.items() {
            match item.tags().as_slice().first() {
                Some(tag) => self.by_tag.entry(tag.clone()).or_default().push(place),
                None => self.everywhere.push(place),
            }
        }
        self.places.insert(held.reading.identity().clone(), place);
        if place == self.held.len() {
            self.held.push(Some(held));
        } else {
            self.held[place] = Some(held);
        }
        place
    }

    fn let_go(&mut self, place: usize) {
        let Some(held) = self.held[place].take() else { return };
        self.free.push(place);
        self.places.remove(held.reading.identity());
        for item in held.reading.items() {
            match item.tags().as_slice().first() {
                Some(tag) => {
                    if let Some(places) = self.by_tag.get_mut(tag) {
                        places.retain(|known| *known != place);
                        if places.is_empty() {
                            self.by_tag.remove(tag);
                        }
                    }
                }
                None => self.everywhere.retain(|known| *known != place),
            }
        }
    }
}
