//! Faults: whether a call to the journal is slow or fails, and what the runtime is excused for then.

use std::sync::atomic::Ordering::Relaxed;

use bailiwick::Clock;

use super::journal::SimJournal;
use super::plan::SKEW;
use crate::sim::faults::Fate;
use crate::sim::trace::Step;

impl SimJournal {
    /// How long the journal takes for something.
    pub(super) fn delay(&self) -> u64 {
        let mut random = self.world.random.lock();
        let slow = self.world.in_trouble() && !random.one_in(3);
        if slow { random.between(0, self.world.plan.slow) } else { 0 }
    }

    pub(super) fn fate(&self) -> Fate {
        let world = &self.world;
        if !world.in_trouble() {
            return Fate::Done;
        }
        if world.now() < world.down.load(Relaxed) {
            return Fate::NotWritten;
        }
        let mut random = world.random.lock();
        if !random.one_in(world.plan.append_faults) {
            return Fate::Done;
        }
        random.pick(&[
            Fate::NotWritten,
            Fate::Lost,
            Fate::Hidden,
            Fate::Late,
            Fate::PanicsInCall,
            Fate::PanicsUnwritten,
            Fate::PanicsWritten,
        ])
    }

    /// The deadlines of these counters may be late by what the runtime waits after a failure.
    pub(super) fn failed(&self, counters: &[usize], fate: Fate) {
        let how = match fate {
            Fate::Done => return,
            Fate::NotWritten => "not written",
            Fate::Lost => "unknown, not written",
            Fate::Hidden => "unknown, written",
            Fate::Late => "unknown, written later",
            _ => "panics",
        };
        let mut account = self.seat.account.lock();
        for counter in counters {
            let (failed, unknown) = &mut account.failed[*counter];
            *failed += 1;
            *unknown += u64::from(fate != Fate::NotWritten);
        }
        drop(account);
        counters.iter().for_each(|counter| self.excuse(*counter, how));
    }

    fn excuse(&self, counter: usize, how: &'static str) {
        let config = &self.world.plan.config;
        let wait = config.get_reload_backoff() + 2 * config.get_deadline_backoff();
        let until = (self.world.time.now() + wait).plus_millis(2 * SKEW).as_millis();
        let excused = &mut self.seat.account.lock().excused[counter];
        *excused = until.max(*excused);
        let seat = self.seat.number;
        self.world.note(&Step::Fault { seat, counter, how });
    }

    /// Whether a read fails, and whether by a panic.
    pub(super) fn read_fails(&self, counters: &[usize]) -> Option<bool> {
        let world = &self.world;
        if !world.in_trouble() {
            return None;
        }
        let blind = world.now() < world.blind.load(Relaxed);
        let mut random = world.random.lock();
        let fails = blind || random.one_in(world.plan.read_faults);
        let panics = random.one_in(4);
        drop(random);
        if !fails {
            return None;
        }
        for counter in counters {
            self.seat.account.lock().unread[*counter] += 1;
            self.excuse(*counter, "unread");
        }
        Some(panics)
    }
}
