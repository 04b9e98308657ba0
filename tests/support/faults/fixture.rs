//! Fixture: scales, on which what is taken from the left is put on the right, and a decision that carries
//! what lies on the right of one pair of scales to the right of another. Both emit two events, so that
//! half of one can be seen.

use std::convert::Infallible;

use bailiwick::{Aggregate, Context, Decide, Decision, Event, Timestamp, View, id, require};
use serde::{Deserialize, Serialize};

id!(
    /// Which scales.
    pub ScalesId: "scales"
);

/// What lies on the right.
#[derive(Debug, Default)]
pub struct Scales {
    taken: u64,
    put: u64,
}

/// What happened to scales.
#[derive(Event, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum ScalesEvent {
    TakenFromLeft { mark: String },
    PutOnRight { mark: String },
    Carried(CarryEvent),
}

/// Moves a weight from the left to the right. Replies how many lie there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Move {
    /// Which weight.
    pub mark: String,
}

impl View for Scales {
    type Key = ScalesId;
    type Event = ScalesEvent;

    fn new(_: &ScalesId) -> Self {
        Scales::default()
    }

    fn apply(&mut self, event: &ScalesEvent, _: Timestamp) {
        match event {
            ScalesEvent::TakenFromLeft { .. } => self.taken += 1,
            ScalesEvent::PutOnRight { .. } => self.put += 1,
            ScalesEvent::Carried(CarryEvent::CarriedOff { left, .. }) => self.put = *left,
            ScalesEvent::Carried(CarryEvent::PutDown { put, .. }) => self.put = *put,
        }
    }
}

impl Aggregate for Scales {
    const NAME: &'static str = "scales";
}

impl Decide<Move> for Scales {
    type Reply = u64;
    type Rejection = Infallible;

    fn decide(&self, order: &Move, ctx: &mut Context<ScalesEvent>) -> Result<u64, Infallible> {
        ctx.emit(ScalesEvent::TakenFromLeft { mark: order.mark.clone() });
        ctx.emit(ScalesEvent::PutOnRight { mark: order.mark.clone() });
        Ok(self.put + 1)
    }
}

/// What was carried from one to another.
#[derive(Event, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum CarryEvent {
    /// `left`: how many lie on the right after it.
    CarriedOff {
        #[tag]
        scales: ScalesId,
        mark: String,
        left: u64,
    },
    /// `put`: how many lie on the right after it.
    PutDown {
        #[tag]
        scales: ScalesId,
        mark: String,
        put: u64,
    },
}

/// Carries a weight. Replies how many lie on the right of the two.
#[derive(Debug, Clone, Serialize)]
pub struct Carry {
    /// From where.
    pub from: ScalesId,
    /// To where: others.
    pub to: ScalesId,
    /// By whom.
    pub mark: String,
}

/// There is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing lies there")]
pub struct NothingThere;

impl Decision for Carry {
    type Views = (Scales, Scales);
    type Event = CarryEvent;
    type Reply = (u64, u64);
    type Rejection = NothingThere;

    fn keys(&self) -> (ScalesId, ScalesId) {
        (self.from.clone(), self.to.clone())
    }

    fn decide(
        &self,
        (from, to): (&Scales, &Scales),
        ctx: &mut Context<CarryEvent>,
    ) -> Result<(u64, u64), NothingThere> {
        require(from.put > 0, NothingThere)?;
        let (left, put) = (from.put - 1, to.put + 1);
        let Carry { from, to, mark } = self.clone();
        ctx.emit(CarryEvent::CarriedOff { scales: from, mark: mark.clone(), left });
        ctx.emit(CarryEvent::PutDown { scales: to, mark, put });
        Ok((left, put))
    }
}
