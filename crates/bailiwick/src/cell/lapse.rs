//! Lapsing: callers whose time is up are told so. A command that has not had its turn yet never
//! will; one that has is run to its end, and only its caller stops waiting.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::Aggregate;

use super::life::Life;
use super::{Cell, Core};
use crate::entry::Entry;
use crate::envelope::Envelope;
use crate::patience;

/// When a cell is looked at again whose turn is running just now.
const AGAIN: Duration = Duration::from_millis(5);

impl<A: Aggregate> Cell<A> {
    /// Sees to it that a caller who waits until `until` is told in time.
    pub(super) fn be_patient(self: &Arc<Self>, core: &mut Core<A>, until: Duration) {
        if core.patience.is_none_or(|(at, _)| until < at) {
            let earlier = self.kind.patience.push(until, self.clone());
            if let Some(later) = core.patience.replace(earlier) {
                self.kind.patience.remove(later);
            }
        }
    }

    /// Ends the wait of callers whose time is up at `now`. Called for its entry.
    pub(crate) fn lapse(self: &Arc<Self>, entry: patience::Entry, now: Duration) {
        let mut core = self.core.lock();
        if core.patience != Some(entry) || core.gone.is_some() {
            return;
        }
        core.patience = None;
        let lapsed = core.take_lapsed(now);
        let told: Vec<_> = core
            .decided()
            .filter(|entry| entry.envelope().until() <= now)
            .map(Entry::share)
            .collect();
        if let Some(next) = core.next_lapse(now) {
            self.be_patient(&mut core, next);
        }
        // The lock first: callers that are told may do anything.
        drop(core);
        self.places.add_permits(lapsed.len());
        lapsed.into_iter().for_each(Entry::time_out);
        told.iter().for_each(|envelope| envelope.stop_waiting());
    }
}

impl<A: Aggregate> Core<A> {
    fn take_lapsed(&mut self, now: Duration) -> Vec<Entry<A>> {
        if self.mailbox.iter().all(|entry| entry.envelope().until() > now) {
            return Vec::new();
        }
        let (lapsed, waiting): (VecDeque<_>, _) =
            self.mailbox.drain(..).partition(|entry| entry.envelope().until() <= now);
        self.mailbox = waiting;
        lapsed.into()
    }

    /// What has had its turn and is not answered yet, as far as it can be seen.
    fn decided(&self) -> Box<dyn Iterator<Item = &Entry<A>> + '_> {
        match &self.life {
            Life::Live(live) => {
                let running = live.running.iter().flat_map(|running| &running.entries);
                Box::new(running.chain(&live.forming.entries).chain(&live.again.entries))
            }
            Life::Loading(loading) => Box::new(loading.again.entries.iter()),
            Life::Unloaded | Life::Out | Life::Faulted { .. } => Box::new(std::iter::empty()),
        }
    }

    fn next_lapse(&self, now: Duration) -> Option<Duration> {
        let untils =
            self.mailbox.iter().chain(self.decided()).map(|entry| entry.envelope().until());
        let next = untils.filter(|until| *until > now).min();
        let out = matches!(self.life, Life::Out).then(|| now + AGAIN);
        next.into_iter().chain(out).min()
    }
}

impl<A: Aggregate> Entry<A> {
    fn share(&self) -> Arc<dyn Envelope<A>> {
        self.envelope_arc().clone()
    }
}
