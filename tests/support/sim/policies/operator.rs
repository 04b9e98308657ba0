//! An operator, who sees to lanes that are parked.

use std::sync::Arc;

use super::world::{PolicySight, Seat, World};

impl World {
    /// Retries, skips or drops some of the lanes that are parked.
    pub(super) async fn operates(&self, seat: &Arc<Seat>) {
        let Some(policy) = seat.policy() else { return };
        let verb = self.random.lock().between(0, 2);
        let selected = policy.select(|_| !self.random.lock().one_in(3));
        let at: Vec<_> = selected.lanes().iter().map(|lane| lane.at.get()).collect();
        if at.is_empty() {
            return;
        }
        match verb {
            0 => {
                self.deed(seat.group - 1, "retried");
                self.retries(seat, &policy.select(|_| true));
            }
            1 => {
                self.deed(seat.group - 1, "skipped");
                self.book.lock().may_skip.extend(at);
                drop(selected.skip().await);
            }
            _ => {
                self.deed(seat.group - 1, "dropped by an operator");
                drop(selected.drop_all().await);
            }
        }
    }

    /// Retries all that are parked.
    pub(super) fn retries_all(&self, seat: &Arc<Seat>) {
        if let Some(policy) = seat.policy() {
            self.retries(seat, &policy.select(|_| true));
        }
    }

    fn retries(&self, seat: &Seat, selected: &bailiwick::SelectedLanes) {
        let is_old = {
            let facts = self.book.lock();
            selected.lanes().iter().any(|lane| {
                let fact = facts.parked_where.get(lane.lane.as_str());
                fact.is_some_and(|fact| *fact <= seat.head)
            })
        };
        if selected.retry() > 0 && is_old {
            self.saw(PolicySight::RetriedAfterRestart);
        }
    }
}
