//! Lanes that are parked: each is a fact in the journal, and holds the mark only while nobody knows whether
//! that fact still stands. One that is tried again stays parked until all it holds is done and that is recorded.

use bailiwick_core::{Position, Text};

use super::{Lane, Lanes, Parked, before};

impl Lanes {
    /// How many the journal has as parked.
    pub(crate) fn parked(&self) -> usize {
        self.by_name.values().filter(|lane| lane.parked.is_some()).count()
    }

    pub(crate) fn is_full_of_parked(&self) -> bool {
        self.parked() >= self.bounds.parked
    }

    /// The lanes that are parked, in the order of their names.
    pub(crate) fn all_parked(&self) -> Vec<(Text, Parked)> {
        let lanes = self.by_name.iter();
        let parked =
            lanes.filter_map(|(name, lane)| Some((name.clone(), lane.stands_still()?.clone())));
        let mut parked: Vec<_> = parked.collect();
        parked.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        parked
    }

    /// How the worker's lane was parked, if it is tried again.
    pub(crate) fn was(&self, name: &Text) -> Option<&Parked> {
        self.by_name.get(name)?.parked.as_ref()
    }

    /// Whether the journal certainly has the worker's lane as parked at this position.
    pub(crate) fn is_parked_at(&self, name: &Text, at: Position) -> bool {
        let lane = self.by_name.get(name).filter(|lane| !lane.maybe_free);
        lane.and_then(|lane| lane.parked.as_ref()).is_some_and(|parked| parked.at == at)
    }

    /// The worker's lane is parked: that is recorded. Parked twice is parked once.
    pub(crate) fn park(&mut self, name: &Text, parked: Parked) {
        self.returned(name);
        let Some(lane) = self.by_name.get_mut(name) else { return };
        for news in lane.queue.drain(..) {
            self.outstanding.remove(&news.position);
        }
        lane.does_not_read_on(&mut self.reading_on);
        let freed = std::mem::take(&mut lane.freed);
        *lane = Lane { parked: Some(parked), freed, ..Lane::default() };
        self.learns_freed(name);
    }

    /// Nobody knows whether it was recorded that the worker's lane is parked. It goes on, and is freed when
    /// all it holds is done.
    pub(crate) fn may_be_parked(&mut self, name: &Text, parked: Parked) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        let behind = lane.behind;
        lane.does_not_read_on(&mut self.reading_on);
        (lane.parked, lane.is_tried, lane.maybe_free) = (Some(parked), true, true);
        for news in &lane.queue {
            self.outstanding.insert(news.position, news.event.recorded_at);
        }
        if let Some(behind) = behind {
            lane.reads_on_behind(behind, &mut self.reading_on);
        }
    }

    /// It is about to be recorded that the worker's lane is parked no more: all of it up to here is done.
    /// None if that is not so any more, and the lane goes on.
    pub(crate) fn free(&mut self, name: &Text) -> Option<Position> {
        let lane = self.by_name.get_mut(name)?;
        if !lane.queue.is_empty() || lane.behind.is_some() {
            self.put_back(name);
            return None;
        }
        lane.maybe_free = true;
        Some(lane.upto(self.upto))
    }

    /// That is recorded.
    pub(crate) fn freed(&mut self, name: &Text) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        (lane.parked, lane.failing) = (None, None);
        (lane.is_tried, lane.maybe_free, lane.unsure) = (false, false, false);
        self.put_back(name);
    }

    /// A parked lane is tried again, from its position on. Whether there is one.
    pub(crate) fn retry(&mut self, name: &Text) -> bool {
        let retries = self.parked_at(name).is_some_and(|at| self.goes_on(name, before(at)));
        if retries {
            self.queue(name.clone());
        }
        retries
    }

    /// It is about to be recorded that the news at which a lane is parked is skipped. Until it is known whether
    /// it is, the lane is in the hands of who records it. False if it is not parked there.
    pub(crate) fn begin_skip(&mut self, name: &Text, at: Position) -> bool {
        self.parked_at(name) == Some(at) && self.goes_on(name, at)
    }

    /// That is recorded: the lane is tried again, behind that news.
    pub(crate) fn skipped(&mut self, name: &Text) {
        self.queue(name.clone());
    }

    /// Nobody knows whether that was recorded: the lane is parked as before, unless another runtime has freed it.
    pub(crate) fn give_up_skip(&mut self, name: &Text) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        if !lane.maybe_free {
            lane.does_not_read_on(&mut self.reading_on);
        }
        lane.is_tried = false;
        self.learns_freed(name);
    }

    fn parked_at(&self, name: &Text) -> Option<Position> {
        Some(self.by_name.get(name)?.stands_still()?.at)
    }

    fn goes_on(&mut self, name: &Text, behind: Position) -> bool {
        let Some(lane) = self.by_name.get_mut(name) else { return false };
        (lane.is_tried, lane.unsure) = (true, true);
        lane.reads_on_behind(behind, &mut self.reading_on);
        true
    }

    /// It is about to be recorded that a parked lane goes on behind this position, whatever it holds up to
    /// there. Until it is known whether it is, it is in the hands of who records it. None if it is not
    /// parked there.
    pub(crate) fn begin_drop(&mut self, name: &Text, at: Position) -> Option<Position> {
        if self.parked_at(name) == Some(at) { self.begin_to_free(name) } else { None }
    }

    fn begin_to_free(&mut self, name: &Text) -> Option<Position> {
        let lane = self.by_name.get_mut(name)?;
        lane.stands_still()?;
        (lane.is_tried, lane.maybe_free) = (true, true);
        let upto = lane.upto(self.upto);
        if lane.behind.is_none() {
            lane.reads_on_behind(upto, &mut self.reading_on);
        }
        Some(upto)
    }

    /// That is recorded.
    pub(crate) fn dropped(&mut self, name: &Text, upto: Position) {
        if let Some(lane) = self.by_name.get_mut(name) {
            lane.reads_on_behind(upto, &mut self.reading_on);
        }
        self.freed(name);
    }

    /// Nobody knows whether that was recorded: the lane is parked as before, unless another runtime has freed it.
    pub(crate) fn give_up_drop(&mut self, name: &Text) {
        if let Some(lane) = self.by_name.get_mut(name) {
            lane.is_tried = false;
        }
        self.learns_freed(name);
    }

    /// It is recorded at `fact` that a lane is parked no more, as of `upto`. If that was not known, another
    /// runtime did so, and the lane goes on here as well. If it is tried again here, it goes on with that, and
    /// holds the mark: the journal does not have it as parked any more.
    pub(crate) fn is_freed(&mut self, name: &Text, upto: Position, fact: Position) {
        if let Some(lane) = self.by_name.get_mut(name) {
            lane.freed.retain(|(before, _)| *before > upto);
            lane.freed.push((upto, fact));
            self.learns_freed(name);
        }
    }

    /// What is recorded of a lane being free holds for it as it is parked now.
    fn learns_freed(&mut self, name: &Text) {
        let Some(lane) = self.by_name.get(name) else { return };
        let Some(parked) = &lane.parked else { return };
        // A fact that is late may say less than the one by which it is parked.
        let is_freed = |(upto, fact): &&(_, _)| parked.fact < *fact && parked.at <= *upto;
        let Some((upto, _)) = lane.freed.iter().rfind(is_freed).copied() else { return };
        if lane.is_tried && !lane.maybe_free {
            let parked = parked.clone();
            self.may_be_parked(name, parked);
        } else if self.begin_to_free(name).is_some() {
            self.dropped(name, upto);
        }
    }
}
