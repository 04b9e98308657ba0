//! W-TinyLFU: newcomers pass through a window, and at its end the one of the newcomer and the
//! weakest of the others stays that was called more often, by a sketch that forgets with time.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::{Budget, ById, Policy};

pub(super) struct WindowTinyLfu {
    /// The window, then the two segments of the rest: on probation, and protected. By last call.
    segments: [BTreeMap<u64, u32>; 3],
    room: [usize; 3],
    /// The segment of each in memory, and its last call.
    places: ById<(usize, u64)>,
    sketch: Sketch,
    clock: u64,
}

const WINDOW: usize = 0;
const PROBATION: usize = 1;
const PROTECTED: usize = 2;

impl WindowTinyLfu {
    /// Only where all weigh the same.
    pub(super) fn new(budget: Budget, window: f64) -> Option<Self> {
        let Budget::Count(count) = budget else { return None };
        let first = (f64::from(count) * window).max(1.0) as usize;
        let others = count as usize - first;
        let protected = others * 4 / 5;
        Some(WindowTinyLfu {
            segments: Default::default(),
            room: [first, others - protected, protected],
            places: ById::default(),
            sketch: Sketch::new(count as usize),
            clock: 0,
        })
    }

    fn put(&mut self, id: u32, segment: usize) {
        self.clock += 1;
        if let Some((before, at)) = self.places.insert(id, (segment, self.clock)) {
            self.segments[before].remove(&at);
        }
        self.segments[segment].insert(self.clock, id);
    }

    fn first_of(&self, segment: usize) -> Option<u32> {
        self.segments[segment].first_key_value().map(|(_, id)| *id)
    }

    fn is_over(&self, segment: usize) -> bool {
        self.segments[segment].len() > self.room[segment]
    }

    /// The newcomer at the end of the window, against the weakest of the others.
    fn leave_the_window(&mut self) {
        let newcomer = self.first_of(WINDOW).expect("it is over its room");
        let others = self.segments[PROBATION].len() + self.segments[PROTECTED].len();
        let weakest = self.first_of(PROBATION).or_else(|| self.first_of(PROTECTED));
        self.put(newcomer, PROBATION);
        if others < self.room[PROBATION] + self.room[PROTECTED] {
            return;
        }
        let beats = |weakest: &u32| self.sketch.count(newcomer) > self.sketch.count(*weakest);
        let loser = weakest.filter(beats).unwrap_or(newcomer);
        if let Some((segment, at)) = self.places.remove(&loser) {
            self.segments[segment].remove(&at);
        }
    }
}

impl Policy for WindowTinyLfu {
    fn call(&mut self, id: u32, _: u32) -> bool {
        self.sketch.add(id);
        let Some((segment, _)) = self.places.get(&id) else {
            self.put(id, WINDOW);
            if self.is_over(WINDOW) {
                self.leave_the_window();
            }
            return false;
        };
        let segment = if *segment == WINDOW { WINDOW } else { PROTECTED };
        self.put(id, segment);
        if self.is_over(PROTECTED) {
            let demoted = self.first_of(PROTECTED).expect("it is over its room");
            self.put(demoted, PROBATION);
        }
        true
    }
}

/// A count-min sketch of four rows, whose counters go up to 15 and are halved after ten calls per
/// place.
struct Sketch {
    rows: [Vec<u8>; 4],
    hashers: [FixedState; 4],
    added: usize,
    sample: usize,
}

impl Sketch {
    fn new(count: usize) -> Self {
        let row = vec![0; count.next_power_of_two()];
        let hashers = [1, 2, 3, 4].map(FixedState::with_seed);
        Sketch { rows: [(); 4].map(|()| row.clone()), hashers, added: 0, sample: count * 10 }
    }

    fn place(&self, row: usize, id: u32) -> usize {
        self.hashers[row].hash_one(id) as usize % self.rows[row].len()
    }

    fn count(&self, id: u32) -> u8 {
        (0..4).map(|row| self.rows[row][self.place(row, id)]).min().unwrap_or(0)
    }

    fn add(&mut self, id: u32) {
        let count = self.count(id);
        if count == 15 {
            return;
        }
        for row in 0..4 {
            let place = self.place(row, id);
            let counter = &mut self.rows[row][place];
            *counter = (*counter).max(count + 1);
        }
        self.added += 1;
        if self.added >= self.sample {
            self.rows.iter_mut().flatten().for_each(|counter| *counter /= 2);
            self.added /= 2;
        }
    }
}
