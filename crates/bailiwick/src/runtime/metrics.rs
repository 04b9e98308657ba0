//! What is counted or just is, read where it is kept and told to the recorder.

use bailiwick_core::Position;
use metrics::{Recorder, with_recorder};

use super::Runtime;
use crate::context::counts::Counts;
use crate::environment::health::ClockHealth;
use crate::error;
use crate::metrics::table::{self, METADATA, Row};
use crate::metrics::{Census, Labels};
use crate::projections::{ProjectionState, ProjectionStatus};
use crate::reactions::{ReactionCounts, ReactionState, ReactionStatus};

impl Runtime {
    /// Tells the [recorder](mod@crate::metrics) that is installed how everything is that is counted or measured just now:
    /// for the handler of a server from which metrics are fetched, or every few seconds where they are pushed.
    /// How long things took is told as it happens, if the builder was told [so](crate::Builder::metrics).
    ///
    /// It asks nobody and waits for nothing, and takes microseconds for each type of aggregates, policies and
    /// effects. What it tells is read one after the other while the runtime goes on: it adds up at a quiet
    /// moment.
    ///
    /// For an example see the module [`metrics`](mod@crate::metrics).
    pub fn record_metrics(&self) {
        let shared = self.shared();
        let nameless = Labels::default();
        let labels = shared.metrics.as_ref().unwrap_or(&nameless);
        let head = shared.journal().and_then(|journal| {
            let head = error::guarded(|| journal.head().now());
            Some(head.ok()?.ok()?.ok()?.position)
        });
        with_recorder(|recorder| Told { recorder, labels, head }.all(self));
    }
}

struct Told<'a> {
    recorder: &'a dyn Recorder,
    labels: &'a Labels,
    /// The end of the journal, if it is known at once.
    head: Option<Position>,
}

/// The values of labels, with their keys.
type Own<'a> = &'a [(&'static str, &'static str)];

impl Told<'_> {
    fn all(&self, runtime: &Runtime) {
        let parts = runtime.parts();
        for (_, kind) in &parts.kinds {
            let Census { name, in_memory, stored, armed } = kind.census();
            let own = [("kind", "aggregate"), ("name", name)];
            self.counts(&own, kind.counts());
            self.gauge(&table::IN_MEMORY, &own, count(in_memory));
            self.counter(&table::STORED, &own, stored);
            self.gauge(&table::ARMED, &own, count(armed));
        }
        self.counts(&[("kind", "decision"), ("name", "all")], parts.scheduler.counts());
        for handle in runtime.policies().iter().chain(runtime.effects().iter()) {
            self.reaction(&handle.status());
        }
        for handle in runtime.projections().iter() {
            self.projection(&handle.status());
        }
        self.whole(runtime);
    }

    fn counts(&self, own: Own<'_>, counts: Counts) {
        for (name, number) in counts.iter() {
            match name {
                "accepted" => self.counter(&table::ACCEPTED, own, number),
                "not_admitted" => self.counter(&table::TURNED_AWAY, own, number),
                "conflicts" => self.counter(&table::CONFLICTS, own, number),
                "unrecorded" => self.counter(&table::UNRECORDED, own, number),
                "timed_out" | "abandoned" => self.outcome(&table::UNANSWERED, own, name, number),
                "deadlines" => self.outcome(&table::DEADLINES, own, "decided", number),
                "stuck_deadlines" => self.outcome(&table::DEADLINES, own, "stuck", number),
                // What became of a command; so a count that is added is told as well.
                _ => self.outcome(&table::ENDED, own, name, number),
            }
        }
        self.gauge(&table::OPEN, own, number(counts.open()));
    }

    fn reaction(&self, status: &ReactionStatus) {
        let own = &[("kind", status.kind.name()), ("name", status.name)];
        let ReactionCounts {
            news,
            performed,
            caused,
            nothing,
            rejected,
            repeated,
            gave_up,
            skipped,
            parked,
            failures,
        } = status.counts;
        self.counter(&table::NEWS, own, news);
        for (outcome, number) in [
            ("performed", performed),
            ("caused", caused),
            ("nothing", nothing),
            ("rejected", rejected),
            ("repeated", repeated),
            ("gave_up", gave_up),
            ("skipped", skipped),
        ] {
            self.outcome(&table::DELIVERIES, own, outcome, number);
        }
        self.counter(&table::FAILURES, own, failures);
        self.counter(&table::PARKINGS, own, parked);
        self.gauge(&table::PENDING, own, count(status.pending));
        let lag = status.oldest_pending.unwrap_or_default();
        self.gauge(&table::LAG, own, lag.as_secs_f64());
        self.reached(own, status.reached);
        self.gauge(&table::READ, own, number(status.read.get()));
        self.gauge(&table::STALLED, own, count(status.stalled_lanes));
        self.gauge(&table::PARKED, own, count(status.parked_lanes));
        self.gauge(&table::RUNNING, own, yes(status.state == ReactionState::Running));
    }

    fn projection(&self, status: &ProjectionStatus) {
        let own = &[("kind", "projection"), ("name", status.name)];
        self.reached(own, status.position);
        self.gauge(&table::RETRIES, own, f64::from(status.failures));
        let is = match status.state {
            ProjectionState::Ready => "ready",
            ProjectionState::Rebuilding { .. } => "rebuilding",
            ProjectionState::Stale { .. } => "stale",
            ProjectionState::Failed { .. } => "failed",
        };
        for state in ["ready", "rebuilding", "stale", "failed"] {
            let own = [own[0], own[1], ("outcome", state)];
            self.gauge(&table::STATE, &own, yes(state == is));
        }
    }

    fn reached(&self, own: Own<'_>, reached: Position) {
        self.gauge(&table::REACHED, own, number(reached.get()));
        if let Some(head) = self.head {
            let behind = head.get().saturating_sub(reached.get());
            self.gauge(&table::BEHIND_EVENTS, own, number(behind));
        }
    }

    /// What there is once.
    fn whole(&self, runtime: &Runtime) {
        let shared = runtime.shared();
        let (waiting, queued) = shared.permits.count();
        self.gauge(&table::AT_WORK, &[], count(waiting));
        self.gauge(&table::QUEUED, &[], count(queued));
        self.gauge(&table::CALLS, &[], count(shared.calls.under_way()));
        if let Some(head) = self.head {
            self.gauge(&table::HEAD, &[], number(head.get()));
        }
        let health = runtime.health();
        self.gauge(&table::JOURNAL, &[], yes(health.is_open()));
        self.gauge(&table::WELL, &[], yes(health.is_well()));
        let ClockHealth { behind, leap, .. } = health.clock;
        self.gauge(&table::BEHIND, &[], behind.unwrap_or_default().as_secs_f64());
        self.gauge(&table::LEAP, &[], leap.unwrap_or_default().as_secs_f64());

        self.counter(&table::PANICS, &[], health.tasks.iter().map(|task| task.panics).sum());
    }

    fn outcome(&self, row: &Row, own: Own<'_>, outcome: &'static str, number: u64) {
        let own: Vec<_> = own.iter().copied().chain([("outcome", outcome)]).collect();
        self.counter(row, &own, number);
    }

    fn counter(&self, row: &Row, own: Own<'_>, number: u64) {
        let key = row.key(self.labels, own);
        self.recorder.register_counter(&key, &METADATA).absolute(number);
    }

    fn gauge(&self, row: &Row, own: Own<'_>, value: f64) {
        let key = row.key(self.labels, own);
        self.recorder.register_gauge(&key, &METADATA).set(value);
    }
}

fn yes(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

fn count(count: usize) -> f64 {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Exact up to 2^53.
#[allow(clippy::cast_precision_loss)]
fn number(number: u64) -> f64 {
    number as f64
}
