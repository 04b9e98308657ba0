//! What is recorded of progress: marks, and lanes that are parked and freed. Nothing is lost by it.

use bailiwick::journal::EncodedEvent;
use bailiwick_core::policy::PolicyFact;

use super::{Book, decoded};
use crate::invariant::Checked;
use crate::invariant::Invariant::Mark;

impl Book {
    pub(super) fn fact(
        &mut self,
        at: u64,
        event: &EncodedEvent,
        (told, alone): (bool, bool),
    ) -> Checked {
        match decoded(event)? {
            PolicyFact::Started { .. } | PolicyFact::Rewound { .. } => {}
            PolicyFact::LaneParked { lane, at: news, .. } => {
                self.endings.insert("parked");
                self.parked_where.insert(lane.clone(), at);
                self.freed.remove(&lane);
                self.parked.insert(lane, news.get());
            }
            PolicyFact::LaneFreed { lane, upto, dropped_after } => {
                self.parked.remove(&lane);
                let upto = upto.get();
                self.freed.insert(lane.clone(), (upto, at));
                let its = self.news.range_mut(..=upto).filter(|(_, news)| news.lane == lane);
                for (position, news) in its {
                    match dropped_after {
                        Some(after) if *position > after.get() && !news.is_done() => {
                            news.dropped = Some(at);
                            // Who was not told, and a runtime beside, holds to it once that is read.
                            news.gone = news.gone.or(Some(at).filter(|_| told && alone));
                            self.endings.insert("dropped");
                        }
                        _ => Mark.require(news.is_done(), || {
                            format!("frees {lane}, and {position} is not done")
                        })?,
                    }
                }
            }
            PolicyFact::Reached { upto } => {
                self.reached = self.reached.max(upto.get());
                self.freed.retain(|_, (_, fact)| *fact > upto.get());
            }
        }
        // After a crash, this is all that is known.
        for (position, news) in self.news.range(..=self.reached) {
            let waits = self.parked.get(&news.lane).is_some_and(|parked| parked <= position)
                || self.freed.get(&news.lane).is_some_and(|(upto, _)| upto < position);
            Mark.require(waits || news.is_done(), || {
                let lane = &news.lane;
                format!("{position} of {lane} is lost: all up to {} is done", self.reached)
            })?;
        }
        Ok(())
    }

    /// If an event stands for a delivery in a lane that is parked: which, and where.
    pub fn parked_of(&self, event: &EncodedEvent) -> Option<(String, u64)> {
        let delivery = event.metadata.extra().delivery.as_ref();
        let source = delivery.filter(|of| of.policy.as_str() == self.name)?.source.get();
        let lane = &self.news.get(&source)?.lane;
        Some((lane.clone(), *self.parked.get(lane)?))
    }
}
