//! The lanes of a policy or an effect, and how far it has come. Pure: no time passes here, and nothing is
//! awaited.
//!
//! 1. The news of a lane are dealt with one after the other, in the order of the journal; a lane is in the
//!    hands of one worker at most.
//! 2. A lane holds a few news. What comes while it is full, or stands still, it does not hold: it
//!    remembers behind which position it has to read on, and does that when it comes to it.
//! 3. The mark never passes a news that is not done, but for lanes that are parked: those are facts in the
//!    journal, and have a position of their own. From before it is recorded that a lane is parked no more,
//!    until it is recorded that it is so again, it holds the mark: whatever becomes of the recording.
//! 4. Lanes that are tried again and those that are not take turns, and the former have a bound of their own:
//!    if all of them hang, there are workers left for the others.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::RecordedEvent;
use bailiwick_core::{Position, Text, Timestamp};
use foldhash::fast::FixedState;

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
    ready: VecDeque<Text>,
    /// Lanes that are ready, too, and were tried in vain.
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
    parked: usize,
    /// The journal was read up to here.
    upto: Position,
}

#[derive(Default)]
struct Lane {
    state: State,
    /// What it holds, in order.
    queue: VecDeque<RecordedEvent>,
    /// Behind this it has to read on.
    behind: Option<Position>,
    /// It was tried in vain.
    failing: Option<Failing>,
    /// What it holds may have been done before: that is looked up.
    unsure: bool,
    /// It was parked like this, and is to be freed when all it holds is done.
    was: Option<Arc<Parked>>,
    /// Nobody knows whether the journal still has it so: it holds the mark.
    maybe_free: bool,
    /// It is in the hands of a worker as one that is tried again.
    again_at_work: bool,
}

#[derive(Default)]
enum State {
    /// Nobody has it, and it is not in a queue.
    #[default]
    Idle,
    Ready,
    Working,
    Later(Duration),
    Parked(Arc<Parked>),
}

/// A lane that was tried in vain.
#[derive(Debug, Clone)]
pub(super) struct Failing {
    /// Since when, by the clock's `elapsed`.
    pub(super) since: Duration,
    pub(super) times: u32,
    pub(super) reason: Arc<str>,
    /// It asked to be left alone until then, whatever becomes of the journal.
    pub(super) not_before: Duration,
}

/// A lane that stands still until somebody has seen to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parked {
    pub(super) at: Position,
    /// Where the fact stands that says so.
    pub(super) fact: Position,
    /// When that was recorded.
    pub(super) since: Timestamp,
    pub(super) reason: Arc<str>,
    pub(super) command: Option<Arc<str>>,
}

/// What is to be done for a lane.
pub(super) enum Job {
    /// To deal with this news. `unsure`: it may have been done before.
    News { lane: Text, news: RecordedEvent, unsure: bool },
    /// To read what the lane has behind `after`, up to `upto`.
    ReadOn { lane: Text, after: Position, upto: Position },
    /// To record that the lane is parked no more, if it is [free](Lanes::free) yet.
    Free { lane: Text },
}

/// A lane that fails, and is not parked yet.
pub(super) struct Stalled {
    pub(super) lane: Text,
    pub(super) at: Position,
    pub(super) recorded_at: Timestamp,
    pub(super) failing: Failing,
}

impl Lanes {
    /// Everything up to `upto` is done, but for these lanes.
    pub(super) fn new(
        seed: u64,
        bounds: Bounds,
        upto: Position,
        parked: impl IntoIterator<Item = (Text, Parked)>,
    ) -> Self {
        let mut lanes = Lanes {
            bounds,
            by_name: HashMap::with_hasher(FixedState::with_seed(seed)),
            ready: VecDeque::new(),
            again: VecDeque::new(),
            again_at_work: 0,
            again_last: false,
            later: BTreeSet::new(),
            outstanding: BTreeMap::new(),
            reading_on: BTreeMap::new(),
            parked: 0,
            upto,
        };
        for (name, parked) in parked {
            let state = State::Parked(Arc::new(parked));
            lanes.by_name.insert(name, Lane { state, ..Lane::default() });
            lanes.parked += 1;
        }
        lanes
    }

    /// At the start: a lane that is not parked goes on behind this position, which is below the mark. What it
    /// holds may have been done.
    pub(super) fn goes_on_behind(&mut self, name: Text, position: Position) {
        let mut lane = Lane { state: State::Ready, unsure: true, ..Lane::default() };
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

    pub(super) fn parked(&self) -> usize {
        self.parked
    }

    pub(super) fn is_full_of_parked(&self) -> bool {
        self.parked >= self.bounds.parked
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
    fn queue(&mut self, name: &Text) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        lane.state = State::Ready;
        match lane.failing.is_some() || lane.was.is_some() {
            true => self.again.push_back(name.clone()),
            false => self.ready.push_back(name.clone()),
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
    fn returned(&mut self, name: &Text) {
        if let Some(lane) = self.by_name.get_mut(name)
            && std::mem::take(&mut lane.again_at_work)
        {
            self.again_at_work -= 1;
        }
    }

    /// The next news of the journal, for this lane.
    pub(super) fn offer(&mut self, name: Text, news: RecordedEvent) {
        let lane = self.by_name.entry(name.clone()).or_default();
        if matches!(lane.state, State::Parked(_)) || lane.behind.is_some() {
            return;
        }
        if lane.queue.len() >= self.bounds.of_lane || lane.failing.is_some() {
            let last = lane.queue.back().map_or(self.upto, |last| last.position);
            lane.reads_on_behind(last, &mut self.reading_on);
            return;
        }
        self.outstanding.insert(news.position, news.event.recorded_at);
        lane.queue.push_back(news);
        if matches!(lane.state, State::Idle) {
            self.queue(&name);
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
        (lane.state, lane.again_at_work) = (State::Working, again);
        self.again_at_work += usize::from(again);
        if let Some(news) = lane.queue.front() {
            let (news, unsure) = (news.clone(), lane.unsure);
            return Some(Job::News { lane: name, news, unsure });
        }
        Some(match lane.behind {
            Some(after) => Job::ReadOn { lane: name, after, upto: self.upto },
            None => Job::Free { lane: name },
        })
    }

    /// The news that a worker had is done.
    pub(super) fn done(&mut self, name: &Text) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        lane.failing = None;
        // One that is tried again may have been tried again before.
        lane.unsure &= lane.was.is_some();
        if let Some(news) = lane.queue.pop_front() {
            self.outstanding.remove(&news.position);
        }
        self.put_back(name);
    }

    /// The worker's lane goes on, if there is more of it.
    fn put_back(&mut self, name: &Text) {
        self.returned(name);
        let Some(lane) = self.by_name.get_mut(name) else { return };
        if lane.queue.is_empty() && lane.behind.is_none() && lane.was.is_none() {
            self.by_name.remove(name);
        } else {
            self.queue(name);
        }
    }

    /// What the lane has behind where it had to read on: these, and nothing else up to `upto`.
    pub(super) fn read_on(&mut self, name: &Text, news: Vec<RecordedEvent>, upto: Position) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        lane.does_not_read_on(&mut self.reading_on);
        for news in news {
            if lane.holds_the_mark() {
                self.outstanding.insert(news.position, news.event.recorded_at);
            }
            lane.queue.push_back(news);
        }
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
            lane.does_not_read_on(&mut self.reading_on);
            lane.reads_on_behind(lane.queue[0].position, &mut self.reading_on);
        }
        (lane.unsure, lane.failing) = (true, Some(failing));
        lane.state = State::Later(until);
        self.later.insert((until, name.clone()));
    }

    /// How the worker's lane failed before.
    pub(super) fn failing(&self, name: &Text) -> Option<&Failing> {
        self.by_name.get(name)?.failing.as_ref()
    }

    /// How the worker's lane was parked, if it is tried again.
    pub(super) fn was(&self, name: &Text) -> Option<&Parked> {
        self.by_name.get(name)?.was.as_deref()
    }

    /// Whether the journal certainly has the worker's lane as parked at this position.
    pub(super) fn is_parked_at(&self, name: &Text, at: Position) -> bool {
        let lane = self.by_name.get(name);
        lane.is_some_and(|lane| {
            !lane.maybe_free && lane.was.as_ref().is_some_and(|was| was.at == at)
        })
    }

    /// The worker's lane is parked: that is recorded. Parked twice is parked once.
    pub(super) fn park(&mut self, name: &Text, parked: Parked) {
        self.returned(name);
        let Some(lane) = self.by_name.get_mut(name) else { return };
        for news in lane.queue.drain(..) {
            self.outstanding.remove(&news.position);
        }
        lane.does_not_read_on(&mut self.reading_on);
        if lane.was.is_none() {
            self.parked += 1;
        }
        *lane = Lane { state: State::Parked(Arc::new(parked)), ..Lane::default() };
    }

    /// Nobody knows whether it was recorded that the worker's lane is parked. It goes on, and is freed when
    /// all it holds is done.
    pub(super) fn may_be_parked(&mut self, name: &Text, parked: Parked) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        if lane.was.is_none() {
            self.parked += 1;
        }
        let behind = lane.behind;
        lane.does_not_read_on(&mut self.reading_on);
        (lane.was, lane.maybe_free) = (Some(Arc::new(parked)), true);
        for news in &lane.queue {
            self.outstanding.insert(news.position, news.event.recorded_at);
        }
        if let Some(behind) = behind {
            lane.reads_on_behind(behind, &mut self.reading_on);
        }
    }

    /// It is about to be recorded that the worker's lane is parked no more: all of it up to here is done.
    /// None if that is not so any more, and the lane goes on.
    pub(super) fn free(&mut self, name: &Text) -> Option<Position> {
        let lane = self.by_name.get_mut(name)?;
        if !lane.queue.is_empty() || lane.behind.is_some() {
            self.put_back(name);
            return None;
        }
        lane.maybe_free = true;
        Some(self.upto)
    }

    /// That is recorded.
    pub(super) fn freed(&mut self, name: &Text) {
        let Some(lane) = self.by_name.get_mut(name) else { return };
        if lane.was.take().is_some() {
            self.parked -= 1;
        }
        (lane.failing, lane.unsure, lane.maybe_free) = (None, false, false);
        self.put_back(name);
    }

    /// A parked lane is tried again, from its position on. Whether there is one.
    pub(super) fn retry(&mut self, name: &Text) -> bool {
        self.retries(name, |parked| before(parked.at))
    }

    /// The same, behind the news at which it is parked: that was skipped.
    pub(super) fn retry_behind(&mut self, name: &Text, at: Position) -> bool {
        let is_there = self
            .by_name
            .get(name)
            .is_some_and(|lane| matches!(&lane.state, State::Parked(parked) if parked.at == at));
        is_there && self.retries(name, |_| at)
    }

    fn retries(&mut self, name: &Text, behind: impl FnOnce(&Parked) -> Position) -> bool {
        let Some(lane) = self.by_name.get_mut(name) else { return false };
        let State::Parked(parked) = &lane.state else { return false };
        let parked = parked.clone();
        lane.does_not_read_on(&mut self.reading_on);
        lane.was = Some(parked.clone());
        lane.reads_on_behind(behind(&parked), &mut self.reading_on);
        lane.unsure = true;
        self.queue(name);
        true
    }

    /// It is about to be recorded that a parked lane goes on behind this position, whatever it holds up to
    /// there. Until it is known whether it is, it is in the hands of who records it. None if it is not
    /// parked.
    pub(super) fn begin_drop(&mut self, name: &Text) -> Option<Position> {
        let lane = self.by_name.get_mut(name)?;
        let State::Parked(parked) = &lane.state else { return None };
        (lane.was, lane.maybe_free) = (Some(parked.clone()), true);
        lane.state = State::Working;
        if lane.behind.is_none() {
            lane.reads_on_behind(self.upto, &mut self.reading_on);
        }
        Some(self.upto)
    }

    /// That is recorded.
    pub(super) fn dropped(&mut self, name: &Text, upto: Position) {
        if let Some(lane) = self.by_name.get_mut(name) {
            lane.does_not_read_on(&mut self.reading_on);
            lane.reads_on_behind(upto, &mut self.reading_on);
        }
        self.freed(name);
    }

    /// It is recorded at `fact` that a lane is parked no more, as of `upto`. If that was not known, another
    /// runtime did so, and the lane goes on here as well.
    pub(super) fn is_freed(&mut self, name: &Text, upto: Position, fact: Position) {
        let was_unknown = self
            .by_name
            .get(name)
            .is_some_and(|lane| matches!(&lane.state, State::Parked(parked) if parked.fact < fact));
        if was_unknown && self.begin_drop(name).is_some() {
            self.dropped(name, upto);
        }
    }

    /// Nobody knows whether that was recorded: the lane is parked as before.
    pub(super) fn give_up_drop(&mut self, name: &Text) {
        if let Some(lane) = self.by_name.get_mut(name)
            && let Some(was) = lane.was.take()
        {
            lane.state = State::Parked(was);
        }
    }

    /// Lanes that were left alone until now are tried again. When the next one is.
    pub(super) fn wake(&mut self, now: Duration) -> Option<Duration> {
        while let Some((until, _)) = self.later.first() {
            if *until > now {
                return Some(*until);
            }
            let Some((until, name)) = self.later.pop_first() else { break };
            if let Some(lane) = self.by_name.get(&name)
                && matches!(lane.state, State::Later(at) if at == until)
            {
                self.queue(&name);
            }
        }
        None
    }

    /// All lanes that are left alone are tried again at once, but for those that asked for it.
    pub(super) fn wake_all(&mut self, now: Duration) {
        let asked = |(_, name): &(Duration, Text)| {
            let failing = self.by_name.get(name).and_then(|lane| lane.failing.as_ref());
            failing.is_some_and(|failing| failing.not_before > now)
        };
        let (left_alone, later) =
            std::mem::take(&mut self.later).into_iter().partition(|lane| asked(lane));
        self.later = later;
        self.wake(Duration::MAX);
        self.later = left_alone;
    }

    /// The lanes that are parked, in the order of their names.
    pub(super) fn all_parked(&self) -> Vec<(Text, Arc<Parked>)> {
        let parked = self.by_name.iter().filter_map(|(name, lane)| match &lane.state {
            State::Parked(parked) => Some((name.clone(), parked.clone())),
            _ => None,
        });
        let mut parked: Vec<_> = parked.collect();
        parked.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        parked
    }

    /// Those that fail and are not parked, the first in the journal first.
    pub(super) fn stalled(&self, most: usize) -> Vec<Stalled> {
        let mut failing: Vec<_> = self.failing_lanes().collect();
        failing.sort_unstable_by_key(|(_, news, _)| news.position);
        let stalled = failing.into_iter().take(most).map(|(lane, news, failing)| Stalled {
            lane: lane.clone(),
            at: news.position,
            recorded_at: news.event.recorded_at,
            failing: failing.clone(),
        });
        stalled.collect()
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

impl Lane {
    /// A lane that was parked does not: until it is freed it is parked, as the journal has it.
    fn holds_the_mark(&self) -> bool {
        self.was.is_none() || self.maybe_free
    }

    fn reads_on_behind(&mut self, position: Position, reading_on: &mut BTreeMap<Position, usize>) {
        self.behind = Some(position);
        if self.holds_the_mark() {
            *reading_on.entry(position).or_default() += 1;
        }
    }

    fn does_not_read_on(&mut self, reading_on: &mut BTreeMap<Position, usize>) {
        if let Some(position) = self.behind.take()
            && self.holds_the_mark()
            && let Some(count) = reading_on.get_mut(&position)
        {
            *count -= 1;
            if *count == 0 {
                reading_on.remove(&position);
            }
        }
    }
}
