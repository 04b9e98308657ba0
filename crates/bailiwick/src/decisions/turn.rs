//! Turns: one after the other in a task of the runtime's own, for as long as one follows from
//! another.

use std::sync::Arc;

use bailiwick_core::journal::Journal;
use bailiwick_core::{BoxFuture, Position};
use smallvec::{SmallVec, smallvec};
use tracing::Instrument;

use super::case::Case;
use super::floor::{Floor, Gathered};
use super::group::Group;
use super::order::{Ticket, Tickets};
use crate::util::race::yield_now;

/// Runs the turn of `leader`, and those that follow from it.
pub(super) fn run(floor: Arc<Floor>, leader: Ticket) -> BoxFuture<()> {
    // Before it is polled: a task that never runs must not be waited for.
    let mut held = Held { floor, tickets: smallvec![leader] };
    Box::pin(async move {
        // Else the runtime is closed.
        let Some(journal) = held.floor.shared().journal() else { return };
        let mut next = Some(leader);
        while let Some(leader) = next {
            let gathered = held.gather(leader);
            let aggregates = held.floor.hold_aggregates(&gathered).await;
            let seats = claim(&held.floor, gathered);
            take_turn(&held.floor, &*journal, seats).await;
            drop(aggregates);
            next = held.floor.leave(&mut held.tickets);
            held.tickets.extend(next);
            if next.is_some() {
                yield_now().await;
            }
        }
    })
}

/// The places of those whose turn it is.
struct Held {
    floor: Arc<Floor>,
    tickets: Tickets,
}

impl Held {
    fn gather(&mut self, leader: Ticket) -> Gathered {
        let gathered = self.floor.gather(leader);
        self.tickets = gathered.iter().map(|(ticket, _)| *ticket).collect();
        gathered
    }
}

/// From here on they are certainly decided.
fn claim(floor: &Floor, gathered: Gathered) -> Seats {
    let now = floor.timings.begin(floor.shared());
    let claimed = gathered.into_iter().filter(|(_, case)| case.claim());
    let claimed = claimed.inspect(|(_, case)| floor.timings.waited(case.asked(), now));
    claimed.map(|(_, case)| Seat::new(case)).collect()
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.tickets.is_empty() {
            return;
        }
        if std::thread::panicking() {
            // A bug of ours: those behind go on.
            if let Some(next) = self.floor.leave(&mut self.tickets) {
                self.floor.shared().spawn(run(self.floor.clone(), next));
            }
        } else {
            self.floor.forsake();
        }
    }
}

/// Those who are decided together: mostly one.
pub(super) type Seats = SmallVec<[Seat; 1]>;

/// A decision in its turn. Dropped without an outcome (the runtime went away) it gets one.
pub(super) struct Seat {
    pub(super) case: Arc<dyn Case>,
    /// How often it was decided.
    pub(super) attempts: u32,
    pub(super) place: Place,
    /// Its reply is remembered with its key.
    pub(super) remembered: bool,
}

impl Seat {
    fn new(case: Arc<dyn Case>) -> Seat {
        Seat { case, attempts: 0, place: Place::Upto(0), remembered: false }
    }
}

/// Where what was decided stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// So many events of the turn come before or with it.
    Upto(usize),
    /// In the journal already.
    At(Position),
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.case.close();
    }
}

async fn take_turn(floor: &Arc<Floor>, journal: &dyn Journal, seats: Seats) {
    if seats.is_empty() {
        return;
    }
    let span = tracing::trace_span!("turn", decisions = seats.len());
    let turn = async {
        for seat in Group::new(floor, journal, seats).run().await {
            // Who is alone is never tried apart.
            Group::new(floor, journal, smallvec![seat]).run().await;
        }
    };
    turn.instrument(span).await;
}
