//! Many aggregates of one type, folded on one way through the journal.
//!
//! Nobody knows beforehand how many there will be, and there is room for so many only. So they are
//! taken by a hash of their ID, up to a bound that is lowered whenever there are too many: who is
//! left at the end was there from its first event on. They are a sample by chance of all, or the
//! first part of them, after which comes the next.

use std::collections::HashMap;
use std::hash::BuildHasher;

use bailiwick_core::journal::{RecordedDeadline, RecordedEvent};
use bailiwick_core::{Tag, Timestamp};
use foldhash::fast::FixedState;

use super::{Changed, Folding, Timed};

/// What an aggregate counts for beside its state, in bytes.
const FOLD_BYTES: usize = 256;

pub(super) struct Folds {
    /// By the value of the tag.
    folds: HashMap<Box<str>, Fold, FixedState>,
    /// Whoever has a hash from here on.
    pub(super) from: u64,
    /// Up to which hash they have come; `u64::MAX` if nobody is left.
    pub(super) upto: u64,
    most: usize,
    /// Who has more events than that is given up on.
    pub(super) events_each: u32,
}

struct Fold {
    hash: u64,
    /// None if it cannot be folded, or has too many events.
    folding: Option<Box<dyn Folding>>,
    /// The deadline that stands beside its last event.
    recorded: Option<RecordedDeadline>,
    events: u32,
}

impl Folds {
    /// At most so many of all.
    pub(super) fn new(seed: u64, most: usize) -> Self {
        let folds = HashMap::with_hasher(FixedState::with_seed(seed));
        Folds { folds, from: 0, upto: u64::MAX, most, events_each: u32::MAX }
    }

    /// Folds an event of the aggregate with this tag, if it is one of those.
    pub(super) fn take(
        &mut self,
        kind: &dyn Timed,
        tag: &Tag,
        recorded: &RecordedEvent,
        wanted: impl FnOnce(&str) -> bool,
    ) {
        let value = tag.value();
        let hash = self.folds.hasher().hash_one(value);
        if self.most == 0 || hash < self.from || hash > self.upto || !wanted(value) {
            return;
        }
        if let Some(fold) = self.folds.get_mut(value) {
            return fold.take(kind, tag, recorded, self.events_each);
        }
        let Some(folding) = kind.unfolded(value) else { return };
        let mut fold = Fold { hash, folding: Some(folding), recorded: None, events: 0 };
        fold.take(kind, tag, recorded, self.events_each);
        self.folds.insert(value.into(), fold);
        if self.folds.len() > self.most {
            self.lower_bound();
        }
    }

    /// Makes room until they are no heavier than that.
    pub(super) fn lighten(&mut self, bytes: usize) {
        while self.folds.len() > 1 && self.weight() > bytes {
            self.lower_bound();
        }
    }

    fn weight(&self) -> usize {
        let states = self.folds.values().map(Fold::bytes).fold(0, usize::saturating_add);
        states.saturating_add(self.folds.len() * FOLD_BYTES)
    }

    /// Half of them have to wait for another time.
    fn lower_bound(&mut self) {
        let mut hashes: Vec<u64> = self.folds.values().map(|fold| fold.hash).collect();
        let middle = (hashes.len() - 1) / 2;
        let (_, upto, _) = hashes.select_nth_unstable(middle);
        self.upto = *upto;
        self.folds.retain(|_, fold| fold.hash <= self.upto);
    }

    /// The first one, in order, whose deadline is not what was recorded by this version of the rule.
    pub(super) fn changed(&self, rule: u32) -> Option<Changed> {
        let changed = self.folds.iter().filter_map(|(value, fold)| fold.changed(value, rule));
        changed.min_by(|a, b| a.id.cmp(&b.id))
    }

    /// What came of them, by the values of their tags, in order: no deadline of one that cannot be folded.
    pub(super) fn into_judged(self) -> Vec<(Box<str>, Option<Option<Timestamp>>)> {
        let judged = self.folds.into_iter().map(|(value, fold)| {
            let deadline = fold.deadline();
            (value, deadline)
        });
        let mut judged: Vec<_> = judged.collect();
        judged.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        judged
    }
}

impl Fold {
    fn take(&mut self, kind: &dyn Timed, tag: &Tag, recorded: &RecordedEvent, events_each: u32) {
        let Some(folding) = &mut self.folding else { return };
        self.events += 1;
        if !folding.fold(recorded) || self.events > events_each {
            self.folding = None;
        }
        self.recorded = kind.recorded(&recorded.event, tag);
    }

    fn deadline(&self) -> Option<Option<Timestamp>> {
        self.folding.as_ref()?.deadline()
    }

    fn changed(&self, value: &str, rule: u32) -> Option<Changed> {
        let recorded = self.recorded.filter(|known| known.version() == rule)?;
        let (recorded, now) = (recorded.at(), self.deadline()?);
        (recorded != now).then(|| Changed { id: value.to_owned(), recorded, now })
    }

    fn bytes(&self) -> usize {
        self.folding.as_ref().map_or(0, |folding| folding.bytes())
    }
}
