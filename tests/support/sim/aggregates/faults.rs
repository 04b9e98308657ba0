//! Faults: whether a call to the journal is slow or fails, and what the runtime is excused for then.

use std::sync::atomic::Ordering::Relaxed;

use bailiwick::Clock;

use super::journal::SimJournal;
use super::plan::SKEW;
use crate::sim::faults::AppendFault;
use crate::sim::trace::Step;

impl SimJournal {
    /// How long the journal takes for something.
    pub(super) fn delay(&self) -> u64 {
        let mut random = self.world.random.lock();
        let slow = self.world.is_faulty() && !random.one_in(3);
        if slow { random.between(0, self.world.plan.slow) } else { 0 }
    }

    pub(super) fn append_fault(&self) -> AppendFault {
        let world = &self.world;
        if !world.is_faulty() {
            return AppendFault::None;
        }
        if world.now() < world.unwritable_until.load(Relaxed) {
            return AppendFault::NotWritten;
        }
        let mut random = world.random.lock();
        if !random.one_in(world.plan.append_faults) {
            return AppendFault::None;
        }
        random.pick(&[
            AppendFault::NotWritten,
            AppendFault::UnknownLost,
            AppendFault::UnknownWritten,
            AppendFault::UnknownLate,
            AppendFault::PanicsInCall,
            AppendFault::PanicsUnwritten,
            AppendFault::PanicsWritten,
        ])
    }

    /// The deadlines of these counters may be late by what the runtime waits after a failure.
    pub(super) fn failed(&self, counters: &[usize], fault: AppendFault) {
        let how = match fault {
            AppendFault::None => return,
            AppendFault::NotWritten => "not written",
            AppendFault::UnknownLost => "unknown, not written",
            AppendFault::UnknownWritten => "unknown, written",
            AppendFault::UnknownLate => "unknown, written later",
            _ => "panics",
        };
        let mut observed = self.node.observed.lock();
        for counter in counters {
            let (failed, unknown) = &mut observed.failed[*counter];
            *failed += 1;
            *unknown += u64::from(fault != AppendFault::NotWritten);
        }
        drop(observed);
        counters.iter().for_each(|counter| self.excuse(*counter, how));
    }

    fn excuse(&self, counter: usize, how: &'static str) {
        let config = &self.world.plan.config;
        let wait = config.get_reload_backoff() + 2 * config.get_deadline_backoff();
        let until = (self.world.time.now() + wait).plus_millis(2 * SKEW).as_millis();
        let excused = &mut self.node.observed.lock().excused[counter];
        *excused = until.max(*excused);
        let node = self.node.number;
        self.world.note(&Step::Fault { node, counter, how });
    }

    /// Whether a read fails, and whether by a panic.
    pub(super) fn read_fails(&self, counters: &[usize]) -> Option<bool> {
        let world = &self.world;
        if !world.is_faulty() {
            return None;
        }
        let unreadable = world.now() < world.unreadable_until.load(Relaxed);
        let mut random = world.random.lock();
        let fails = unreadable || random.one_in(world.plan.read_faults);
        let panics = random.one_in(4);
        drop(random);
        if !fails {
            return None;
        }
        for counter in counters {
            self.node.observed.lock().unread[*counter] += 1;
            self.excuse(*counter, "unread");
        }
        Some(panics)
    }
}
