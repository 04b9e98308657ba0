//! Turns: one after the other in a task of the runtime's own, for as long as one follows from
//! another.

use std::sync::Arc;

use bailiwick_core::journal::Journal;
use bailiwick_core::{BoxFuture, Position};
use smallvec::{SmallVec, smallvec};
use tracing::Instrument;

use super::batch::DecisionBatch;
use super::order::{Ticket, Tickets};
use super::request::DecisionRequest;
use super::scheduler::{Gathered, Scheduler};
use crate::context::Stage;
use crate::util::race::yield_now;

/// Runs the turn of `leader`, and those that follow from it.
pub(super) fn run(scheduler: Arc<Scheduler>, leader: Ticket) -> BoxFuture<()> {
    // Before it is polled: a task that never runs must not be waited for.
    let mut held = Held { scheduler, tickets: smallvec![leader] };
    Box::pin(async move {
        // Else the runtime is closed.
        let Some(journal) = held.scheduler.shared().journal() else { return };
        let mut next = Some(leader);
        while let Some(leader) = next {
            let gathered = held.scheduler.gather(leader);
            held.tickets = gathered.iter().map(|(ticket, _)| *ticket).collect();
            let aggregates = held.scheduler.hold_aggregates(&gathered).await;
            let participants = claim(&held.scheduler, gathered);
            take_turn(&held.scheduler, &*journal, participants).await;
            drop(aggregates);
            next = held.scheduler.leave(&mut held.tickets);
            held.tickets.extend(next);
            if next.is_some() {
                yield_now().await;
            }
        }
    })
}

/// The places of those whose turn it is.
struct Held {
    scheduler: Arc<Scheduler>,
    tickets: Tickets,
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.tickets.is_empty() {
            return;
        }
        if std::thread::panicking() {
            // A bug of ours: those behind go on.
            if let Some(next) = self.scheduler.leave(&mut self.tickets) {
                self.scheduler.shared().spawn(run(self.scheduler.clone(), next));
            }
        } else {
            // The executor is gone: nothing will ever run here again.
            self.scheduler.meet(Stage::Closed);
        }
    }
}

/// From here on they are certainly decided.
fn claim(scheduler: &Scheduler, gathered: Gathered) -> Participants {
    let now = scheduler.timings.begin(scheduler.shared());
    let claimed = gathered.into_iter().filter(|(_, case)| case.request().claim());
    let claimed = claimed.inspect(|(_, case)| scheduler.timings.waited(case.request().asked, now));
    claimed.map(|(_, case)| Participant::new(case)).collect()
}

/// Those who are decided together: mostly one.
pub(super) type Participants = SmallVec<[Participant; 1]>;

/// A decision in its turn. Dropped without an outcome (the runtime went away) it gets one.
pub(super) struct Participant {
    pub(super) case: Arc<dyn DecisionRequest>,
    /// How often it was decided.
    pub(super) attempts: u32,
    pub(super) place: AnswerAt,
    /// Its reply is remembered with its key.
    pub(super) remembered: bool,
}

impl Participant {
    fn new(case: Arc<dyn DecisionRequest>) -> Participant {
        Participant { case, attempts: 0, place: AnswerAt::Upto(0), remembered: false }
    }
}

/// Where what was decided stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum AnswerAt {
    /// So many events of the turn come before or with it.
    Upto(usize),
    /// In the journal already.
    At(Position),
}

impl Drop for Participant {
    fn drop(&mut self) {
        self.case.close();
    }
}

async fn take_turn(scheduler: &Arc<Scheduler>, journal: &dyn Journal, participants: Participants) {
    if participants.is_empty() {
        return;
    }
    let span = tracing::trace_span!("turn", decisions = participants.len());
    let turn = async {
        for participant in DecisionBatch::new(scheduler, journal, participants).run().await {
            // Who is alone is never tried apart.
            DecisionBatch::new(scheduler, journal, smallvec![participant]).run().await;
        }
    };
    turn.instrument(span).await;
}
