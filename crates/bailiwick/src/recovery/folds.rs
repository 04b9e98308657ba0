//! Many aggregates of one type, folded on one way through the journal.
//!
//! Nobody knows beforehand how many there will be, and there is room for so many only. So they are
//! taken by a hash of their ID, up to a bound that is lowered whenever there are too many: who is
//! left at the end was there from its first event on. They are a sample by chance of all, or the
//! first part of them, after which comes the next.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bailiwick_core::{Aggregate, Position, RecordedDeadline, RecordedEvent, Tag, Timestamp};
use foldhash::fast::FixedState;

use super::Changed;
use crate::cell::fold_one;
use crate::kind::Kind;

/// What an aggregate counts for beside its state, in bytes.
const FOLD_BYTES: usize = 256;

pub(super) struct Folds<A: Aggregate> {
    /// By the value of the tag.
    folds: HashMap<Box<str>, Fold<A>, FixedState>,
    /// Whoever has a hash from here to there.
    from: u64,
    upto: u64,
    most: usize,
    events_each: u32,
}

struct Fold<A: Aggregate> {
    hash: u64,
    id: A::Key,
    folded: Option<(A, Position)>,
    /// The deadline that stands beside its last event.
    recorded: Option<RecordedDeadline>,
    events: u32,
    /// It cannot be folded, or has too many events.
    given_up: bool,
}

/// What came of an aggregate.
pub(super) struct Judged<A: Aggregate> {
    pub(super) id: A::Key,
    /// None if it cannot be folded.
    pub(super) deadline: Option<Option<Timestamp>>,
}

impl<A: Aggregate> Folds<A> {
    /// At most so many of all.
    pub(super) fn new(seed: u64, most: usize) -> Self {
        let folds = HashMap::with_hasher(FixedState::with_seed(seed));
        Folds { folds, from: 0, upto: u64::MAX, most, events_each: u32::MAX }
    }

    /// Those who come after the hash `from`.
    pub(super) fn from(self, from: u64) -> Self {
        Folds { from, ..self }
    }

    /// Gives up on who has more events than that.
    pub(super) fn events_each(self, events_each: u32) -> Self {
        Folds { events_each, ..self }
    }

    /// Up to which hash they have come; `u64::MAX` if nobody is left.
    pub(super) fn upto(&self) -> u64 {
        self.upto
    }

    /// Folds an event of the aggregate with this tag, if it is one of those.
    pub(super) fn take(
        &mut self,
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
            return fold.take(tag, recorded, self.events_each);
        }
        let Some(id) = Kind::<A>::id_from(value) else { return };
        let mut fold = Fold { hash, id, folded: None, recorded: None, events: 0, given_up: false };
        fold.take(tag, recorded, self.events_each);
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
        let heap = self.folds.values().map(Fold::heap_bytes).fold(0, usize::saturating_add);
        heap.saturating_add(self.folds.len() * (FOLD_BYTES + size_of::<A>()))
    }

    /// Half of them have to wait for another time.
    fn lower_bound(&mut self) {
        let mut hashes: Vec<u64> = self.folds.values().map(|fold| fold.hash).collect();
        let middle = (hashes.len() - 1) / 2;
        let (_, upto, _) = hashes.select_nth_unstable(middle);
        self.upto = *upto;
        self.folds.retain(|_, fold| fold.hash <= self.upto);
    }

    /// The first one, in order, whose deadline is not what was recorded by the same version.
    pub(super) fn changed(&self) -> Option<Changed> {
        let mut changed: Vec<_> = self.folds.values().filter_map(Fold::changed).collect();
        changed.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        changed.into_iter().next()
    }

    /// What came of them, in order.
    pub(super) fn into_judged(self) -> Vec<Judged<A>> {
        let judged = self.folds.into_values().map(|fold| {
            let deadline = fold.deadline();
            Judged { id: fold.id, deadline }
        });
        let mut judged: Vec<Judged<A>> = judged.collect();
        judged.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        judged
    }
}

impl<A: Aggregate> Fold<A> {
    fn take(&mut self, tag: &Tag, recorded: &RecordedEvent, events_each: u32) {
        if self.given_up {
            return;
        }
        self.events += 1;
        let faulted = fold_one(&mut self.folded, &self.id, recorded).is_err();
        self.given_up = faulted || self.events > events_each;
        if self.given_up {
            self.folded = None;
        }
        self.recorded = recorded.event.metadata.deadline_of::<A>(tag);
    }

    fn deadline(&self) -> Option<Option<Timestamp>> {
        if self.given_up {
            return None;
        }
        // It counts from the first event on.
        let Some((state, _)) = &self.folded else { return Some(None) };
        catch_unwind(AssertUnwindSafe(|| state.deadline())).ok()
    }

    fn changed(&self) -> Option<Changed> {
        let recorded = self.recorded.filter(|known| known.version() == A::DEADLINE_VERSION)?;
        let (recorded, now) = (recorded.at(), self.deadline()?);
        (recorded != now).then(|| Changed { id: self.id.to_string(), recorded, now })
    }

    fn heap_bytes(&self) -> usize {
        let Some((state, _)) = &self.folded else { return 0 };
        // Counts as nothing, as it does when it comes to rest.
        catch_unwind(AssertUnwindSafe(|| state.heap_bytes())).unwrap_or(0)
    }
}
