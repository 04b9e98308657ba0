//! The index against a naive one, with times of every magnitude; a million at once; the bounds.

use std::collections::BTreeMap;

use super::index::{Index, SORTED_AT_ONCE, Slot};
use super::slab::{Entry, Slab};

/// xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 1
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// Of any magnitude up to `bits` bits.
    fn span(&mut self, bits: usize) -> u64 {
        self.next() >> (63 - self.below(bits + 1))
    }
}

/// What the index must do, done slowly.
#[derive(Default)]
struct Model {
    entries: BTreeMap<u64, Known>,
    now: u64,
}

struct Known {
    at: u64,
    /// Time when it was set: what is set to the past is due at once, and no earlier.
    since: u64,
    slot: Option<Slot>,
}

impl Known {
    fn due(&self) -> u64 {
        self.at.max(self.since)
    }
}

struct Trial {
    random: Random,
    index: Index<u64>,
    model: Model,
    bits: usize,
    next_id: u64,
}

impl Trial {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let bits = 4 + random.below(60);
        let index = Index::new(seed);
        Trial { random, index, model: Model::default(), bits, next_id: 0 }
    }

    fn time(&mut self) -> u64 {
        let (span, now) = (self.random.span(self.bits), self.model.now);
        match self.random.below(8) {
            0 => now.saturating_sub(span),
            1 => now,
            2 => u64::MAX - self.random.span(3),
            _ => now.saturating_add(span),
        }
    }

    fn some_id(&mut self) -> u64 {
        self.random.next() % (self.next_id + 1)
    }

    fn know(&mut self, id: u64, at: u64, slot: Option<Slot>) {
        let known = Known { at, since: self.index.time(), slot };
        self.model.entries.insert(id, known);
    }

    /// A step in which no time passes.
    fn change(&mut self) {
        let (at, id) = (self.time(), self.some_id());
        match self.random.below(6) {
            0..=2 => self.insert(at),
            3 => self.set(id, at),
            4 => self.remove(id),
            _ => self.insert_stored(id, at),
        }
    }

    fn step(&mut self) {
        let (at, id) = (self.time(), self.some_id());
        match self.random.below(16) {
            0..=3 => self.insert(at),
            4 => self.insert_stored(id, at),
            5..=7 => self.set(id, at),
            8 => self.remove(id),
            9..=10 => self.leave(id),
            11 => self.claim(id),
            12 => self.pass(),
            _ => self.take(at),
        }
        self.check();
    }

    fn insert(&mut self, at: u64) {
        self.next_id += 1;
        let slot = self.index.insert(self.next_id, at);
        assert_eq!(self.index.at(&slot), at);
        self.know(self.next_id, at, Some(slot));
    }

    fn insert_stored(&mut self, id: u64, at: u64) {
        match self.model.entries.get(&id) {
            Some(Known { slot: Some(_), .. }) => {}
            Some(known) if known.at <= at => self.index.insert_stored(id, at),
            _ => {
                self.index.insert_stored(id, at);
                self.know(id, at, None);
            }
        }
    }

    fn set(&mut self, id: u64, at: u64) {
        let Some(Known { slot: Some(slot), .. }) = self.model.entries.get(&id) else { return };
        self.index.set(slot, at);
        let Some(Known { slot, .. }) = self.model.entries.remove(&id) else { return };
        self.know(id, at, slot);
    }

    fn remove(&mut self, id: u64) {
        if self.model.entries.get(&id).is_some_and(|known| known.slot.is_some()) {
            let slot = self.model.entries.remove(&id).and_then(|known| known.slot);
            self.index.remove(slot.unwrap());
        }
    }

    fn leave(&mut self, id: u64) {
        let known = self.model.entries.get_mut(&id);
        if let Some(slot) = known.and_then(|known| known.slot.take()) {
            self.index.leave(slot);
        }
    }

    fn claim(&mut self, id: u64) {
        let slot = self.index.claim(&id);
        let stored = self.model.entries.get_mut(&id).filter(|known| known.slot.is_none());
        assert_eq!(slot.is_some(), stored.is_some(), "{id}");
        if let (Some(slot), Some(known)) = (slot, stored) {
            assert_eq!(self.index.at(&slot), known.at, "{id}");
            known.slot = Some(slot);
        }
    }

    /// Time passes, sometimes further than anything that is waiting.
    fn pass(&mut self) {
        let span = self.random.span(self.bits);
        self.model.now = self.model.now.saturating_add(span);
        if self.random.below(2) == 0 {
            self.index.advance(self.model.now);
        }
    }

    fn take(&mut self, backstop: u64) {
        let limit = self.random.below(6);
        let mut due = Vec::new();
        self.index.take_due(self.model.now, |_| backstop, limit, &mut due);
        assert!(due.len() <= limit);
        let mut after = 0;
        for (n, id) in due.iter().enumerate() {
            assert!(!due[..n].contains(id), "{id} twice");
            let known = &self.model.entries[id];
            assert!(known.at <= self.model.now, "{id} early");
            assert!(after <= known.due(), "{id} after a later one");
            after = known.due();
        }
        // Whatever comes before the last one has been handed out, and all that is due if there was
        // room and no more to do.
        let more = self.index.first().is_some_and(|first| first <= self.model.now);
        let full = due.len() == limit;
        for (id, known) in self.model.entries.iter().filter(|(id, _)| !due.contains(id)) {
            assert!(after <= known.due(), "{id} was passed over");
            assert!(more || full || self.model.now < known.due(), "{id} late");
        }
        for id in due {
            let known = self.model.entries.remove(&id).unwrap();
            self.know(id, backstop, known.slot);
        }
    }

    fn check(&self) {
        let entries = &self.model.entries;
        assert_eq!(self.index.len(), entries.len());
        let stored = entries.values().filter(|known| known.slot.is_none()).count();
        assert_eq!(self.index.stored(), stored);
        let earliest = entries.values().map(Known::due).min();
        assert_eq!(self.index.first().is_some(), earliest.is_some());
        assert!(self.index.first() <= earliest, "{:?} > {earliest:?}", self.index.first());
    }
}

#[test]
fn any_steps_do_what_a_naive_index_does() {
    for seed in 0..400 {
        let mut trial = Trial::new(seed);
        if seed % 2 == 0 {
            trial.model.now = 1_790_000_000_000;
        }
        for _ in 0..300 {
            trial.step();
        }
    }
}

/// `count` entries at random times within `span` of `start`, in the order in which they came.
fn filled(start: u64, span: u64, count: u64) -> (Index<u64>, Vec<u64>) {
    let mut random = Random(0x5eed);
    let mut index = Index::new(0);
    let times: Vec<_> = (0..count).map(|_| start + random.next() % span).collect();
    for (id, at) in times.iter().enumerate() {
        index.insert_stored(id as u64, *at);
    }
    (index, times)
}

const START: u64 = 1_790_000_000_000;

#[test]
fn a_million_come_out_in_order() {
    let (mut index, times) = filled(START, 300_000, 1_000_000);
    let (mut last, mut count, mut now) = (0, 0, START - 5_000);
    while count < times.len() {
        let mut due = Vec::new();
        index.take_due(now, |_| now + 3_600_000, 256, &mut due);
        for id in &due {
            let at = times[usize::try_from(*id).unwrap()];
            assert!(last <= at && at <= now, "{last} {at} {now}");
            last = at;
        }
        count += due.len();
        let more = index.first().is_some_and(|first| first <= now);
        assert!(more || due.is_empty() || now - last < 7, "{last} late at {now}");
        now = if more { now } else { now + 7 };
    }
    assert_eq!((count, index.len()), (1_000_000, 1_000_000));
}

/// A day away, or all the time there is: in steps, each of which sorts no more than its bound.
#[test]
fn a_leap_in_time_takes_many_short_steps() {
    for now in [START + 86_400_000, u64::MAX] {
        let (mut index, times) = filled(START, 80_000_000, 50_000);
        index.advance(START);
        let (mut last, mut found, mut steps) = (0, 0, 0);
        while found < times.len() {
            let (before, mut due) = (index.sorted(), Vec::new());
            index.take_due(now, |_| u64::MAX, 100, &mut due);
            assert!(index.sorted() - before <= SORTED_AT_ONCE as u64);
            let ats = due.iter().map(|id| times[usize::try_from(*id).unwrap()]);
            ats.for_each(|at| assert!(std::mem::replace(&mut last, at) <= at));
            found += due.len();
            steps += 1;
        }
        assert!((500..1_000).contains(&steps), "{steps} steps");
    }
}

/// What `first` asks for is enough to have the next slots empty when their time comes.
#[test]
fn nothing_is_left_to_sort_when_it_is_urgent() {
    let (mut index, _) = filled(START + 600_000, 60_000, 200_000);
    let (mut now, mut calls, mut most) = (START, 0, 0);
    while index.advance(now) {}
    while index.time() < START + 590_000 {
        now = index.first().unwrap().max(now);
        loop {
            let before = index.sorted();
            let more = index.advance(now);
            most = most.max(index.sorted() - before);
            calls += 1;
            if !more {
                break;
            }
        }
    }
    assert_eq!(most, SORTED_AT_ONCE as u64);
    assert!(calls < 700, "{calls} calls");
    let mut due = Vec::new();
    for now in index.time()..START + 660_000 {
        while index.first().is_some_and(|first| first <= now) {
            let before = index.urgent();
            index.take_due(now, |_| u64::MAX, 256, &mut due);
            assert_eq!(index.urgent(), before, "sorted in a hurry at {now}");
        }
    }
    assert_eq!(due.len(), 200_000);
}

#[test]
fn an_entry_is_small() {
    assert_eq!(size_of::<Entry<std::sync::Arc<str>>>(), 24 + 16);
    assert_eq!(size_of::<Slot>(), 4);
}

#[test]
fn memory_follows_the_entries() {
    let mut slab = Slab::new();
    let keys: Vec<_> = (0..10_000_u64).map(|n| slab.insert(n, n)).collect();
    assert_eq!(slab.chunks(), 10);
    for (n, key) in (0..).zip(&keys) {
        assert_eq!((slab.remove(*key), slab.remove(*key)), (Some(n), None));
    }
    assert_eq!((slab.len(), slab.chunks()), (0, 1));
    let again: Vec<_> = (0..10_000_u64).map(|n| slab.insert(n, n)).collect();
    assert_eq!((slab.len(), slab.chunks()), (10_000, 10));
    assert!(again.iter().zip(0..).all(|(key, n)| slab.get(*key).id == Some(n)));
}

/// Without entries, a time that was wrong is forgotten.
#[test]
fn an_empty_index_takes_any_time() {
    let mut index = Index::new(0);
    index.advance(u64::MAX);
    index.advance(START);
    let slot = index.insert(1, START + 5);
    index.advance(START + 1);
    assert_eq!(index.first(), Some(START + 5));
    index.remove(slot);
    index.insert_stored(2, START + 9);
    index.clear();
    assert_eq!((index.len(), index.stored(), index.first()), (0, 0, None));
}

/// Whoever sleeps until what `awaits` said is woken if, and only if, something comes before it.
#[test]
fn who_awaits_the_first_is_told_of_an_earlier_one() {
    for seed in 0..200 {
        let mut trial = Trial::new(seed);
        let mut awaited = None;
        for _ in 0..200 {
            match trial.random.below(4) {
                0 => awaited = trial.index.awaits().map(|at| at.max(trial.model.now)),
                _ => trial.change(),
            }
            let first = trial.index.first().map(|at| at.max(trial.model.now));
            let earlier = first.is_some_and(|first| awaited.is_none_or(|awaited| first < awaited));
            if trial.index.overtaken() {
                awaited = first;
            } else {
                assert!(!earlier, "{first:?} before {awaited:?} and nobody is told");
            }
        }
    }
}
