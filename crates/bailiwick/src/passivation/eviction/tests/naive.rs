//! The same rules, said as simply as can be: nothing is kept that can be counted.

use std::collections::{BTreeMap, BTreeSet};

use super::super::*;
use super::{HEAVY, Room};

/// As many ghosts as the smallest table has.
const GHOSTS: usize = 8;

#[derive(Default)]
struct Naive {
    most: Load,
    probation: Vec<char>,
    proven: Vec<char>,
    /// The latest first.
    ghosts: Vec<char>,
    uses: BTreeMap<char, u8>,
    heap: BTreeMap<char, u32>,
    at_work: BTreeSet<char>,
    /// Looked at while they were at work.
    away: BTreeSet<char>,
}

impl Naive {
    fn weight(&self, ids: &[char]) -> Load {
        let bytes = ids.iter().map(|id| 1 + u64::from(self.heap[id])).sum();
        Load { count: ids.len(), bytes }
    }

    fn all(&self) -> Vec<char> {
        self.probation.iter().chain(&self.proven).copied().collect()
    }

    fn fits_the_proven(&self, ids: &[char]) -> bool {
        let Load { count, bytes } = self.weight(ids);
        count < self.most.count && bytes <= self.most.bytes - self.most.bytes / 64
    }

    fn rests(&mut self, id: char, heap: u32) {
        self.at_work.remove(&id);
        self.heap.insert(id, heap);
        let queued = self.all().contains(&id);
        let away = self.away.remove(&id);
        let uses = if queued || away { (self.uses[&id] + 1).min(2) } else { 0 };
        self.uses.insert(id, uses);
        if queued {
            return;
        }
        let fits_alone = self.fits_the_proven(&[id]);
        let was_here = !away && self.ghosts.contains(&id);
        self.ghosts.retain(|ghost| !was_here || *ghost != id);
        let with_it: Vec<char> = self.proven.iter().copied().chain([id]).collect();
        if fits_alone && (away || was_here || self.fits_the_proven(&with_it)) {
            self.proven.push(id);
        } else {
            self.probation.push(id);
        }
    }

    fn give_way(&mut self) {
        while self.weight(&self.all()).exceeds(self.most) {
            let proven = self.probation.is_empty() || !self.fits_the_proven(&self.proven);
            let id = if proven { self.proven.remove(0) } else { self.probation.remove(0) };
            if self.at_work.contains(&id) {
                self.away.insert(id);
            } else if self.uses[&id] > 0 && self.fits_the_proven(&[id]) {
                *self.uses.entry(id).or_default() -= 1;
                self.proven.push(id);
            } else if !proven {
                self.ghosts.insert(0, id);
                self.ghosts.truncate(GHOSTS);
            }
        }
    }

    fn time_comes(&mut self) {
        let at_work = self.all().into_iter().filter(|id| self.at_work.contains(id));
        self.away.extend(at_work);
        self.probation.clear();
        self.proven.clear();
    }
}

/// Numbers that look random, and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % n
    }

    fn id(&mut self, ids: u64) -> char {
        (b'a' + u8::try_from(self.below(ids)).expect("a letter")).into()
    }
}

#[test]
fn it_does_what_the_naive_one_does() {
    for seed in 0..500 {
        let mut dice = Dice(seed);
        let count = usize::try_from(1 + dice.below(9)).expect("few");
        let most = Load { count, bytes: 20 + dice.below(300) };
        let ids = 2 + dice.below(22);
        let (mut room, mut naive) = (Room::new(most), Naive { most, ..Naive::default() });
        for step in 0..400 {
            let id = dice.id(ids);
            match dice.below(60) {
                0 => {
                    room.look(super::LATER);
                    naive.time_comes();
                }
                1..10 => {
                    room.begins(id);
                    naive.at_work.insert(id);
                }
                other => {
                    let heap = if other < 20 { HEAVY } else { 0 };
                    room.works(id, heap);
                    naive.rests(id, heap);
                }
            }
            room.look(0);
            naive.give_way();
            let queues = [naive.probation.clone(), naive.proven.clone()];
            assert_eq!(room.queues(), queues, "seed {seed}, step {step}, {most:?}");
            assert_eq!(room.resting.load(), naive.weight(&naive.all()), "seed {seed}, step {step}");
        }
    }
}
