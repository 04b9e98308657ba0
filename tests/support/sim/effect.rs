//! The instant at which an append takes effect, and is written into the ledger.

use bailiwick::journal::{AppendCondition, AppendError, Appended, EncodedEvent, Journal};

use super::history::Writer;
use super::sights::Sight;
use super::trace::Step;
use super::world::World;
use crate::invariant::Invariant::Readable;

/// What comes of an append.
pub(super) type Outcome = Result<Appended, AppendError>;

impl World {
    /// An append takes effect, unless its condition does not hold.
    pub(super) fn take_effect(
        &self,
        by: Writer,
        counter: usize,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Outcome {
        let outcome = self.store.append(events.clone(), condition).now();
        let outcome = outcome.expect("a journal in memory answers at once");
        let seat = match by {
            Writer::Seat(seat) | Writer::Late(seat) => Some(seat),
            Writer::Foreign => None,
        };
        match &outcome {
            Ok(appended) => {
                let latest = self.latest();
                let first = appended.first.get();
                self.note(&Step::Appended { by: seat, counter, first, events: events.len() });
                let checked = self.ledger.lock().record(by, appended.first, &events, latest);
                self.expect(checked);
            }
            Err(AppendError::Conflict { at }) => {
                self.saw(Sight::Conflict);
                let at = at.get();
                self.note(&Step::Conflict { seat, counter, at });
            }
            Err(error) => {
                self.violated(Readable.broken(format!("the journal in memory failed: {error}")));
            }
        }
        outcome
    }
}
