//! The problem that all systems solve: a credit that commands draw on.

use bailiwick::{Aggregate, Context, Decide, Event, Timestamp, View, id, require};
use serde::{Deserialize, Serialize};

use crate::lateness::LATENESS;

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
                if let Some(due) = self.lapses_at.take() {
                    LATENESS.record(*at, due);
                }
            }
        }
    }

    /// What is left.
    pub fn left(&self) -> u64 {
        self.left
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

/// The `n`th ID.
pub fn credit_id(n: usize) -> CreditId {
    format!("c{n}").parse().expect("a valid ID")
}
