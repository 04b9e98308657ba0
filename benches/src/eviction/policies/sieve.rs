//! SIEVE: a hand moves from the oldest to the newest, and who was not used since it last came by
//! goes; nobody else moves.

use super::{Budget, ById, Policy};

pub(super) struct Sieve {
    room: u64,
    taken: u64,
    places: Vec<Place>,
    free: Vec<usize>,
    by_id: ById<usize>,
    newest: Option<usize>,
    oldest: Option<usize>,
    hand: Option<usize>,
}

struct Place {
    id: u32,
    weight: u32,
    used: bool,
    newer: Option<usize>,
    older: Option<usize>,
}

impl Sieve {
    pub(super) fn new(budget: Budget) -> Self {
        Sieve {
            room: budget.weight(),
            taken: 0,
            places: Vec::new(),
            free: Vec::new(),
            by_id: ById::default(),
            newest: None,
            oldest: None,
            hand: None,
        }
    }

    fn insert(&mut self, id: u32, weight: u32) {
        let place = Place { id, weight, used: false, newer: None, older: self.newest };
        let at = match self.free.pop() {
            Some(at) => {
                self.places[at] = place;
                at
            }
            None => {
                self.places.push(place);
                self.places.len() - 1
            }
        };
        match self.newest.replace(at) {
            Some(second) => self.places[second].newer = Some(at),
            None => self.oldest = Some(at),
        }
        self.by_id.insert(id, at);
        self.taken += u64::from(weight);
    }

    fn remove(&mut self, at: usize) {
        let Place { id, weight, newer, older, .. } = self.places[at];
        match newer {
            Some(newer) => self.places[newer].older = older,
            None => self.newest = older,
        }
        match older {
            Some(older) => self.places[older].newer = newer,
            None => self.oldest = newer,
        }
        self.by_id.remove(&id);
        self.free.push(at);
        self.taken -= u64::from(weight);
    }
}

impl Policy for Sieve {
    fn call(&mut self, id: u32, weight: u32) -> bool {
        if let Some(at) = self.by_id.get(&id) {
            self.places[*at].used = true;
            return true;
        }
        while self.taken + u64::from(weight) > self.room {
            let Some(mut hand) = self.hand.or(self.oldest) else { break };
            while std::mem::take(&mut self.places[hand].used) {
                hand = self.places[hand].newer.or(self.oldest).expect("somebody is there");
            }
            self.hand = self.places[hand].newer;
            self.remove(hand);
        }
        self.insert(id, weight);
        false
    }
}
