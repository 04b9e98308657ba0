//! The lanes of a policy or an effect, and how far it has come. Pure: no time passes here, and nothing is
//! awaited.
//!
//! 1. The news of a lane are dealt with one after the other, in the order of the journal; a lane is in the
//!    hands of one worker at most.
//! 2. A lane holds a few news. What comes while it is full, or stands still, it does not hold: it
//!    remembers behind which position it has to read on, and does that when it comes to it.
//! 3. The mark never passes a news that is not done, but for lanes that are [parked](parking): those are facts
//!    in the journal, and have a position of their own. From before it is recorded that a lane is parked no
//!    more, until it is recorded that it is so again, it holds the mark: whatever becomes of the recording.
//! 4. Lanes that are tried again and those that are not take turns, and the former have a bound of their own:
//!    if all of them hang, there are workers left for the others.

mod lane;
mod parking;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use bailiwick_core::journal::RecordedEvent;
use bailiwick_core::{Position, Text, Timestamp};
use foldhash::fast::FixedState;

use lane::Lane;
pub(super) use lane::{Failing, Job, Parked};

/// How much of a policy or an effect is held in memory, and worked on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// News of one lane.
    pub(super) of_lane: usize,
    /// News of all lanes.
    pub(super) of_all: usize,
    /// Lanes that are parked.
    pub(super) parked: usize,
    /// Lanes that are tried again, in the hands of workers at a time.
    pub(super) again: usize,
}

pub(super) struct Lanes {
    bounds: Bounds,
    by_name: HashMap<Text, Lane, FixedState>,
    /// Lanes that wait for a worker.
    ready: VecDeque<Text>,
    /// The same, of those that were tried in vain.
    again: VecDeque<Text>,
    /// How many of those are in the hands of workers.
    again_at_work: usize,
    /// One of those was taken last.
    again_last: bool,
    /// Lanes that are left alone until then.
    later: BTreeSet<(Duration, Text)>,
    /// News that are not done, of lanes that are not parked, and when they were recorded.
    outstanding: BTreeMap<Position, Timestamp>,
    /// Behind these, lanes that are not parked read on.
    reading_on: BTreeMap<Position, usize>,
    /// The journal was read up to here.
    upto: Position,
}

impl Lanes {
    /// Everything up to `upto` is done, but for these lanes.
    pub(super) fn new(
        seed: u64,
        bounds: Bounds,
        upto: Position,
        parked: impl IntoIterator<Item = (Text, Parked)>,
    ) -> Self {
        let mut by_name = HashMap::with_hasher(FixedState::with_seed(seed));
        let lane = |parked| Lane { parked: Some(parked), ..Lane::default() };
        by_name.extend(parked.into_iter().map(|(name, parked)| (name, lane(parked))));
        Lanes {
            bounds,
            by_name,
            ready: VecDeque::new(),
            again: VecDeque::new(),
            again_at_work: 0,
            again_last: false,
            later: BTreeSet::new(),
            outstanding: BTreeMap::new(),
            reading_on: BTreeMap::new(),
            upto,
        }
    }

    /// At the start: a lane that is not parked goes on behind this position, which is below the mark. What it
    /// holds may have been done.
    pub(super) fn goes_on_behind(&mut self, name: Text, position: Position) {
        let mut lane = Lane { unsure: true, ..Lane::default() };
        lane.reads_on_behind(position, &mut self.reading_on);
        self.by_name.insert(name.clone(), lane);
        self.ready.push_back(name);
    }

    /// The journal was read up to here.
    pub(super) fn upto(&self) -> Position {
        self.upto
    }

    /// Everything up to here is done, but for lanes that are parked.
    pub(super) fn mark(&self) -> Position {
        let before = self.outstanding.keys().next().copied().map(before);
        let reading_on = self.reading_on.keys().next().copied();
        [before, reading_on].into_iter().flatten().fold(self.upto, Position::min)
    }

    /// How many news are held.
    pub(super) fn held(&self) -> usize {
        self.outstanding.len()
    }

    /// Whether more news may be read.
    pub(super) fn has_room(&self) -> bool {
        self.outstanding.len() < self.bounds.of_all
    }

    /// When the oldest news that is not done was recorded.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.outstanding.values().next().copied()
    }

    /// How many wait for a worker, and may have one.
    pub(super) fn ready(&self) -> usize {
        self.ready.len() + self.again.len().min(self.bounds.again - self.again_at_work)
    }

    /// How many that are tried again are in the hands of workers.
    #[cfg(test)]
    pub(super) fn again_at_work(&self) -> usize {
        let at_work = self.by_name.values().filter(|lane| lane.again_at_work);
        assert_eq!(at_work.count(), self.again_at_work);
        self.again_at_work
    }

    /// A lane waits for a worker.
    fn queue(&mut self, name: Text) {
        let Some(lane) = self.by_name.get(&name) else { return };
        match lane.failing.is_some() || lane.parked.is_some() {
            true => self.again.push_back(name),
            false => self.ready.push_back(name),
        }
    }

    /// The next one that may have a worker: in turns, if there are of both kinds.
    fn next(&mut self) -> Option<(Text, bool)> {
        let again = !self.again.is_empty() && self.again_at_work < self.bounds.again;
        let again = again && (!self.again_last || self.ready.is_empty());
        self.again_last = again;
        let queue = if again { &mut self.again } else { &mut self.ready };
        Some((queue.pop_front()?, again))
    }

    /// A worker gives its lane back.
    fn returned(&mut self, name: &Text) -> Option<&mut Lane> {
        let lane = self.by_name.get_mut(name)?;
        self.again_at_work -= usize::from(std::mem::take(&mut lane.again_at_work));
        Some(lane)
    }

    /// The next news of the journal, for this lane.
    pub(super) fn offer(&mut self, name: Text, news: RecordedEvent) {
        let lane = self.by_name.entry(name.clone()).or_default();
        if lane.stands_still().is_some() || lane.behind.is_some() {
            return;
        }
        if lane.queue.len() >= self.bounds.of_lane || lane.failing.is_some() {
            let last = lane.queue.back().map_or(self.upto, |last| last.position);
            lane.reads_on_behind(last, &mut self.reading_on);
            return;
        }
        // All others wait for a worker, or have one: to be freed, if they hold nothing.
        let is_new = lane.queue.is_empty() && lane.parked.is_none();
        self.outstanding.insert(news.position, news.event.recorded_at);
        lane.queue.push_back(news);
        if is_new {
            self.queue(name);
        }
    }

    /// All news up to here were offered.
    pub(super) fn read_upto(&mut self, upto: Position) {
        self.upto = self.upto.max(upto);
    }

    /// What a worker is to do next. The lane is in its hands until it says how that went.
    pub(super) fn take(&mut self) -> Option<Job> {
        let (name, again) = self.next()?;
        let lane = self.by_name.get_mut(&name)?;
        lane.again_at_work = again;
        self.again_at_work += usize::from(again);
        if let Some(news) = lane.queue.front() {
            let (news, unsure) = (news.clone(), lane.unsure);
            return Some(Job::News { lane: name, news, unsure });
        }
        Some(match lane.behind {
            Some(after) => Job::ReadOn { upto: lane.upto(self.upto), lane: name, after },
            None => Job::Free { lane: name },
        })
    }

    /// The news that a worker had is done.
    pub(super) fn done(&mut self, name: &Text) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        lane.failing = None;
        // One that is tried again may have been tried again before.
        lane.unsure &= lane.parked.is_some();
        if let Some(news) = lane.queue.pop_front() {
            self.outstanding.remove(&news.position);
        }
        self.put_back(name);
    }

    /// The worker's lane goes on, if there is more of it.
    fn put_back(&mut self, name: &Text) {
        let Some(lane) = self.returned(name) else { return };
        if lane.queue.is_empty() && lane.behind.is_none() && lane.parked.is_none() {
            self.by_name.remove(name);
        } else {
            self.queue(name.clone());
        }
    }

    /// What the lane has behind where it had to read on: these, and nothing else up to `upto`.
    pub(super) fn read_on(&mut self, name: &Text, news: Vec<RecordedEvent>, upto: Position) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        lane.does_not_read_on(&mut self.reading_on);
        if lane.holds_the_mark() {
            let recorded = news.iter().map(|news| (news.position, news.event.recorded_at));
            self.outstanding.extend(recorded);
        }
        lane.queue.extend(news);
        if upto < self.upto {
            lane.reads_on_behind(upto, &mut self.reading_on);
        }
        self.put_back(name);
    }

    /// The worker's lane could not be dealt with: it is left alone until then. It keeps one position, and
    /// reads on behind it later.
    pub(super) fn failed(&mut self, name: &Text, failing: Failing, until: Duration) {
        self.returned(name);
        let Some(lane) = self.by_name.get_mut(name) else { return };
        if lane.queue.len() > 1 {
            for news in lane.queue.drain(1..) {
                self.outstanding.remove(&news.position);
            }
            lane.reads_on_behind(lane.queue[0].position, &mut self.reading_on);
        }
        (lane.unsure, lane.failing) = (true, Some(failing));
        if let Some(before) = lane.until.replace(until) {
            // A worker that panics behind this gives it back twice.
            self.later.remove(&(before, name.clone()));
        }
        self.later.insert((until, name.clone()));
    }

    /// How the worker's lane failed before.
    pub(super) fn failing(&self, name: &Text) -> Option<&Failing> {
        self.by_name.get(name)?.failing.as_ref()
    }

    /// Lanes that were left alone until now are tried again. When the next one is.
    pub(super) fn wake(&mut self, now: Duration) -> Option<Duration> {
        while self.later.first()?.0 <= now {
            let (_, name) = self.later.pop_first()?;
            self.queue(name);
        }
        self.later.first().map(|(until, _)| *until)
    }

    /// All lanes that are left alone are tried again at once, but for those that asked for it.
    pub(super) fn wake_all(&mut self, now: Duration) {
        let asked = |(_, name): &(Duration, Text)| {
            let failing = self.by_name.get(name).and_then(|lane| lane.failing.as_ref());
            failing.is_some_and(|failing| failing.not_before > now)
        };
        let woken: Vec<_> = self.later.extract_if(.., |lane| !asked(lane)).collect();
        woken.into_iter().for_each(|(_, name)| self.queue(name));
    }

    /// Those that fail and are not parked, each with its news, the first in the journal first.
    pub(super) fn stalled(&self) -> Vec<(&Text, &RecordedEvent, &Failing)> {
        let mut stalled: Vec<_> = self.failing_lanes().collect();
        stalled.sort_unstable_by_key(|(_, news, _)| news.position);
        stalled
    }

    /// How many fail and are not parked: also while they are tried again, so that a call that hangs each time
    /// is no recovery.
    pub(super) fn count_stalled(&self) -> usize {
        self.failing_lanes().count()
    }

    fn failing_lanes(&self) -> impl Iterator<Item = (&Text, &RecordedEvent, &Failing)> {
        let lanes = self.by_name.iter();
        lanes.filter_map(|(name, lane)| Some((name, lane.queue.front()?, lane.failing.as_ref()?)))
    }
}

/// The position before this one: what lies beyond it is this one and what comes later.
pub(super) fn before(position: Position) -> Position {
    Position::new(position.get().saturating_sub(1))
}
