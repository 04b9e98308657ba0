//! The problem that all systems solve: a credit that commands draw on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bailiwick::{
    Aggregate, Clock, Context, Decide, EncodedEvent, Event, EventType, Journal, MemoryJournal,
    Metadata, Tags, Timestamp, View, id, require,
};
use serde::{Deserialize, Serialize};

use crate::latency::Latencies;

id!(
    /// Whose credit.
    pub CreditId: "credit"
);

/// A credit: what is left of it, and, where a workload wants one, when it lapses.
#[derive(Debug, Clone)]
pub struct Credit {
    left: u64,
    lapses_at: Option<Timestamp>,
}

/// What happened to a credit.
#[derive(Event, Debug, Clone, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum CreditEvent {
    Drawn { amount: u64, left: u64 },
    Leased { until: Timestamp },
    Lapsed { at: Timestamp },
}

/// Draw on the credit.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// How much.
    pub amount: u64,
}

/// Draw nothing: judged, replied, no event.
#[derive(Debug, Clone, Copy)]
pub struct Peek;

/// Take a lease until then, or move it.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// Until when.
    pub until: Timestamp,
}

/// The credit is used up.
#[derive(Debug)]
pub struct UsedUp;

impl std::fmt::Display for UsedUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the credit is used up")
    }
}

impl std::error::Error for UsedUp {}

impl Credit {
    /// A full credit.
    pub fn full() -> Credit {
        Credit { left: u64::MAX, lapses_at: None }
    }

    /// The one rule, for all systems.
    pub fn judge(&self, draw: &Draw) -> Result<CreditEvent, UsedUp> {
        require(self.left >= draw.amount, UsedUp)?;
        Ok(CreditEvent::Drawn { amount: draw.amount, left: self.left - draw.amount })
    }

    /// The one fold, for all systems.
    pub fn fold(&mut self, event: &CreditEvent) {
        match event {
            CreditEvent::Drawn { left, .. } => self.left = *left,
            CreditEvent::Leased { until } => self.lapses_at = Some(*until),
            CreditEvent::Lapsed { at } => {
                LATENESS.with_recorded(*at, self.lapses_at);
                self.lapses_at = None;
            }
        }
    }

    /// What is left.
    pub fn left(&self) -> u64 {
        self.left
    }
}

/// How late deadlines were judged, in milliseconds: a count per millisecond, the last one is "more".
pub static LATENESS: Lateness = Lateness([const { AtomicU64::new(0) }; 1_001]);

/// See [`LATENESS`].
pub struct Lateness([AtomicU64; 1_001]);

impl Lateness {
    fn with_recorded(&self, at: Timestamp, due: Option<Timestamp>) {
        let Some(due) = due else { return };
        assert!(at >= due, "a deadline was early");
        let late = usize::try_from(at.since(due).as_millis()).unwrap_or(usize::MAX).min(1_000);
        self.0[late].fetch_add(1, Ordering::Relaxed);
    }

    /// How many deadlines were judged since the last reset.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|n| n.load(Ordering::Relaxed)).sum()
    }

    /// All of them, as a round wants them.
    pub fn latencies(&self) -> Latencies {
        let mut latencies = Latencies::with_capacity(self.total() as usize);
        for (late, n) in (0..).zip(&self.0) {
            for _ in 0..n.load(Ordering::Relaxed) {
                latencies.push(Duration::from_millis(late));
            }
        }
        latencies
    }

    /// Forgets all.
    pub fn reset(&self) {
        self.0.iter().for_each(|n| n.store(0, Ordering::Relaxed));
    }
}

impl View for Credit {
    type Key = CreditId;
    type Event = CreditEvent;

    fn new(_: &CreditId) -> Self {
        Credit::full()
    }

    fn apply(&mut self, event: &CreditEvent, _: Timestamp) {
        self.fold(event);
    }
}

impl Aggregate for Credit {
    const NAME: &'static str = "Credit";

    fn deadline(&self) -> Option<Timestamp> {
        self.lapses_at
    }

    fn on_deadline(&self, ctx: &mut Context<CreditEvent>) {
        ctx.emit(CreditEvent::Lapsed { at: ctx.now() });
    }
}

impl Decide<Draw> for Credit {
    type Reply = u64;
    type Rejection = UsedUp;

    fn decide(&self, draw: &Draw, ctx: &mut Context<CreditEvent>) -> Result<u64, UsedUp> {
        ctx.emit(self.judge(draw)?);
        Ok(self.left - draw.amount)
    }
}

impl Decide<Peek> for Credit {
    type Reply = u64;
    type Rejection = UsedUp;

    fn decide(&self, _: &Peek, _: &mut Context<CreditEvent>) -> Result<u64, UsedUp> {
        Ok(self.left)
    }
}

impl Decide<Lease> for Credit {
    type Reply = ();
    type Rejection = UsedUp;

    fn decide(&self, lease: &Lease, ctx: &mut Context<CreditEvent>) -> Result<(), UsedUp> {
        ctx.emit(CreditEvent::Leased { until: lease.until });
        Ok(())
    }
}

/// A credit in a rival's hands: judged, folded, encoded and appended as Bailiwick does it.
#[derive(Clone)]
pub struct Ledger {
    /// The one log that all share.
    pub log: MemoryJournal,
    /// Without it, a rival skips the event: the price of its messages alone.
    pub with_events: bool,
    /// Where the time of recording comes from.
    pub clock: bailiwick::SystemClock,
}

impl Ledger {
    /// One on `log` that writes every event.
    pub fn new(log: MemoryJournal) -> Self {
        Ledger { log, with_events: true, clock: bailiwick::SystemClock::new() }
    }

    /// Runs the command on `credit` and answers what is left.
    pub fn draw(&self, credit: &mut Credit, tags: &Tags, draw: Draw) -> Result<u64, UsedUp> {
        let event = credit.judge(&draw)?;
        credit.fold(&event);
        if self.with_events {
            self.append(&event, tags, self.clock.now());
        }
        Ok(credit.left)
    }

    /// Lets the lease of `credit` end.
    pub fn lapse(&self, credit: &mut Credit, tags: &Tags) {
        let now = self.clock.now();
        let event = CreditEvent::Lapsed { at: now };
        credit.fold(&event);
        self.append(&event, tags, now);
    }

    fn append(&self, event: &CreditEvent, tags: &Tags, now: Timestamp) {
        let mut payload = Vec::with_capacity(64);
        event.encode(&mut payload).expect("it can be encoded");
        let encoded = EncodedEvent {
            event_type: EventType::literal(event.event_type()),
            tags: tags.clone(),
            payload: payload.into(),
            recorded_at: now,
            metadata: Metadata::default(),
        };
        // The memory journal appends in the call; the future only says so.
        drop(self.log.append(vec![encoded], None));
    }
}

/// The `n`th ID.
pub fn credit_id(n: usize) -> CreditId {
    format!("c{n}").parse().expect("a valid ID")
}
