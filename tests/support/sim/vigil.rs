//! The vigil: what must hold whenever nothing is ready and time is about to pass.
//!
//! - Nobody waits for nothing: who has no answer yet waits for the journal, and the journal is at
//!   work for it, or for as many others as may wait for it. Else a wake-up was lost.
//! - Nobody waits longer than it said.
//! - Whoever watches has been shown what there is to be shown.
//! - No deadline is overdue, unless the journal is at work for it, or failed a short while ago.

use super::history::Writer;
use super::plan::SKEW;
use super::seat::Seat;
use super::world::World;
use crate::counter::Bell;
use crate::invariant::Invariant::{NeverLost, TimeOut, WakeUp};

/// How far time may tick on while somebody works.
const TICKS: u64 = 12;

impl World {
    /// Checks all of it.
    pub(super) fn watch(&self) {
        self.watch_calls();
        self.watch_watchers();
        for seat in self.open_seats() {
            for counter in 0..self.plan.counters {
                self.watch_deadline(&seat, counter);
            }
        }
    }

    fn watch_calls(&self) {
        let open = self.open.lock();
        let seats = self.seats.lock();
        for (number, call) in open.iter() {
            let seat = &seats[call.seat];
            let at_work = match call.decides {
                // For room it waits for any other.
                true => (0..self.plan.counters).any(|counter| seat.is_under_way(counter)),
                false => seat.is_at_work_for(call.counter),
            };
            if !at_work && !self.is_full(seat) {
                self.violated(
                    WakeUp.broken(format!("call {number} waits, and nothing is under way for it")),
                );
            }
            if self.now() > call.over + TICKS {
                let over = call.over;
                self.violated(
                    TimeOut.broken(format!("call {number} should have ended at {over} ms")),
                );
            }
        }
    }

    fn watch_deadline(&self, seat: &Seat, counter: usize) {
        let Some(due) = self.owed_by(seat, counter) else {
            return;
        };
        let at_work = seat.is_at_work_for(counter);
        let mut account = seat.account.lock();
        let excused = account.excused[counter].max(seat.clock.unsettled() + 2 * SKEW);
        let (shows, now) = (seat.clock.shows().as_millis(), self.now());
        if shows < due || now <= excused || at_work {
            account.waits[counter] = None;
            return;
        }
        let waits = account.waits[counter].filter(|(waiting, _)| *waiting == due);
        let (_, since) = *account.waits[counter].insert(waits.unwrap_or((due, now)));
        drop(account);
        // As many deadlines as may have a place keep the others waiting, but not for ever. So do as
        // many counters as may wait for the journal.
        let room = self.at_work(seat) < self.plan.config.get_due_at_once() && !self.is_full(seat);
        let late = now - since;
        if room || late > self.longest_wait() {
            self.violated(NeverLost.broken(format!(
                "the alarm of counter {counter} is due since {due} ms and seat {} lets it be",
                seat.number
            )));
        }
    }

    /// For how many counters the journal is at work.
    fn at_work(&self, seat: &Seat) -> usize {
        (0..self.plan.counters).filter(|counter| seat.is_under_way(*counter)).count()
    }

    /// Whether as many wait for the journal as may.
    fn is_full(&self, seat: &Seat) -> bool {
        self.at_work(seat) >= self.plan.config.get_waiting_aggregates()
    }

    /// How long the places of deadlines can be taken by others: each of them keeps one for a while. In
    /// a queue for the journal each of them is read, and then writes.
    fn longest_wait(&self) -> u64 {
        let (counters, config) = (self.plan.counters, &self.plan.config);
        let patience = u64::try_from(config.get_due_timeout().as_millis()).expect("a short time");
        let queues = config.get_waiting_aggregates() < counters;
        let turn = if queues { 2 * self.plan.slow + TICKS } else { 0 };
        (patience + turn) * counters as u64 + TICKS
    }

    /// When the runtime in this seat has to ring the alarm of `counter`, if that is up to it.
    pub(super) fn owed_by(&self, seat: &Seat, counter: usize) -> Option<u64> {
        let ledger = self.ledger.lock();
        let history = &ledger.counters[counter];
        let up_to_it = history.set_by == Writer::Seat(seat.number)
            && history.bell == Bell::Rings
            && !self.plan.broken_bells[counter];
        let due = history.last().1.alarm?.as_millis();
        up_to_it.then_some(due)
    }
}
