//! Scales: what is taken from the left is put on the right. Two events a command, so that half of
//! one can be seen.

use std::convert::Infallible;

use bailiwick::{Aggregate, Context, Decide, Event, Timestamp, View, id};
use serde::{Deserialize, Serialize};

use super::carry::CarryEvent;

id!(
    /// Which scales.
    pub ScalesId: "scales"
);

/// What lies on the right.
#[derive(Debug, Default)]
pub struct Scales {
    taken: u64,
    pub(super) put: u64,
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
