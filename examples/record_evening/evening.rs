//! The evening: who watches what when, played through to the last stream.

use bailiwick_examples::streaming::SetLimit;
use bailiwick_examples::trace::Step;

use crate::dice::Dice;
use crate::household::Household;
use crate::outage::{HOUR, KILLED_AT, MINUTE, SECOND, Site};
use crate::queue::{Act, Queue, Seat};

/// An evening in the making.
pub struct Evening {
    pub dice: Dice,
    pub queue: Queue,
    pub households: Vec<Household>,
    pub recording: Vec<Step>,
}

/// Records the evening of this seed.
pub fn record(seed: u64, accounts: u32) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    let households = (1..=accounts).map(|number| Household::new(number, &mut dice)).collect();
    let mut evening = Evening { dice, queue: Queue::default(), households, recording: Vec::new() };
    for household in 0..evening.households.len() {
        evening.plan_limits(household);
        evening.plan_viewing(household);
    }
    evening.queue.push(KILLED_AT, Act::Kill);
    while let Some((at, act)) = evening.queue.pop() {
        evening.happens(at, act);
    }
    evening.recording
}

impl Evening {
    fn plan_limits(&mut self, household: usize) {
        let Some(limit) = self.households[household].plan else { return };
        // The plans are told one after the other when the recording begins.
        self.queue.push(10 * household as u64, Act::Plan { household, limit });
        if !self.dice.chance(6) {
            return;
        }
        // A payment failed. Some notice, and make up for it.
        let lowered = self.dice.between(40 * MINUTE, 3 * HOUR);
        self.queue.push(lowered, Act::Plan { household, limit: 1 });
        if self.dice.chance(50) {
            let mended = lowered + self.dice.between(15 * MINUTE, 40 * MINUTE);
            self.queue.push(mended, Act::Plan { household, limit });
        }
    }

    fn plan_viewing(&mut self, household: usize) {
        let likely = if self.households[household].lends { 90 } else { 52 };
        for screen in 0..self.households[household].screens.len() {
            if !self.dice.chance(likely) {
                continue;
            }
            // The sum of two: most begin in the middle of the evening.
            let mut half = || self.dice.between(20 * SECOND, 110 * MINUTE);
            let begin = half() + half();
            self.queue.push(begin, Act::Play { seat: Seat { household, screen } });
        }
    }

    fn happens(&mut self, at: u64, act: Act) {
        match act {
            Act::Plan { household, limit } => {
                let household = &mut self.households[household];
                let _ = household.ask(at, SetLimit { limit }, &mut self.recording);
            }
            Act::Play { seat } => self.play(at, seat),
            Act::Beat { seat, run } => self.beat(at, seat, run),
            Act::Stop { seat, run } => self.stop(at, seat, run),
            Act::Release { seat } => self.release(at, seat),
            Act::Kill => self.kill(at),
        }
    }

    /// The picture freezes on every screen of the sites that are killed, and people press play.
    fn kill(&mut self, at: u64) {
        for household in 0..self.households.len() {
            if self.households[household].site != Site::West {
                continue;
            }
            for screen in 0..self.households[household].screens.len() {
                let killed = self.households[household].screens[screen].playing.take();
                if killed.is_some() {
                    let noticed = at + self.dice.between(4 * SECOND, 40 * SECOND);
                    self.queue.push(noticed, Act::Play { seat: Seat { household, screen } });
                }
            }
        }
    }
}
