//! One lane: what it holds, and behind which position it has to read on. Whether that holds the mark is decided
//! here alone, so that what is counted once is taken back once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::RecordedEvent;
use bailiwick_core::{Position, Text, Timestamp};

#[derive(Default)]
pub(super) struct Lane {
    /// What it holds, in order.
    pub(super) queue: VecDeque<RecordedEvent>,
    /// Behind this it has to read on.
    pub(super) behind: Option<Position>,
    /// It was tried in vain.
    pub(super) failing: Option<Failing>,
    /// It was left alone until then, the last time.
    pub(super) until: Option<Duration>,
    /// What it holds may have been done before: that is looked up.
    pub(super) unsure: bool,
    /// The journal has it as parked.
    pub(super) parked: Option<Parked>,
    /// It is parked, and tried again all the same: it is freed when all it holds is done.
    pub(super) is_tried: bool,
    /// Nobody knows whether the journal still has it as parked: it holds the mark.
    pub(super) maybe_free: bool,
    /// Other runtimes have recorded that it is free: as of which positions, and where. Whoever has it in hand may be about
    /// to park it by an earlier fact. Without those that say less than a later one.
    pub(super) freed: Vec<(Position, Position)>,
    /// It is in the hands of a worker as one that is tried again.
    pub(super) again_at_work: bool,
}

/// A lane that was tried in vain.
#[derive(Debug, Clone)]
pub(crate) struct Failing {
    /// Since when, by the clock's `elapsed`.
    pub(crate) since: Duration,
    pub(crate) times: u32,
    pub(crate) reason: Arc<str>,
    /// It asked to be left alone until then, whatever becomes of the journal.
    pub(crate) not_before: Duration,
}

/// A lane that stands still until somebody has seen to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parked {
    pub(crate) at: Position,
    /// Where the fact stands that says so.
    pub(crate) fact: Position,
    /// When that was recorded.
    pub(crate) since: Timestamp,
    pub(crate) reason: Arc<str>,
    pub(crate) command: Option<Arc<str>>,
}

/// What is to be done for a lane.
pub(crate) enum Job {
    /// To deal with this news. `unsure`: it may have been done before.
    News { lane: Text, news: RecordedEvent, unsure: bool },
    /// To read what the lane has behind `after`, up to `upto`.
    ReadOn { lane: Text, after: Position, upto: Position },
    /// To record that the lane is parked no more, if it is [free](super::Lanes::free) yet.
    Free { lane: Text },
}

impl Lane {
    /// How it is parked, if nobody tries it again.
    pub(super) fn stands_still(&self) -> Option<&Parked> {
        self.parked.as_ref().filter(|_| !self.is_tried)
    }

    /// A lane that was parked does not: until it is freed it is parked, as the journal has it.
    pub(super) fn holds_the_mark(&self) -> bool {
        self.parked.is_none() || self.maybe_free
    }

    /// Up to where it is dealt with, if the journal was read up to here: at the start, that may be before what it is
    /// parked at.
    pub(super) fn upto(&self, read: Position) -> Position {
        self.parked.as_ref().map_or(read, |parked| read.max(parked.at))
    }

    /// Behind this position, and no other one any more.
    pub(super) fn reads_on_behind(
        &mut self,
        position: Position,
        reading_on: &mut BTreeMap<Position, usize>,
    ) {
        self.does_not_read_on(reading_on);
        self.behind = Some(position);
        if self.holds_the_mark() {
            *reading_on.entry(position).or_default() += 1;
        }
    }

    pub(super) fn does_not_read_on(&mut self, reading_on: &mut BTreeMap<Position, usize>) {
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
