//! Carrying what lies on the right of one pair of scales to the right of another: a decision about
//! both, with an event for each, so that half of it can be seen.

use bailiwick::{Context, Decision, Event, require};
use serde::{Deserialize, Serialize};

use super::scales::{Scales, ScalesId};

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
