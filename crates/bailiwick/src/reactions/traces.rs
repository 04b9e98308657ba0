//! The trace of a delivery or a call: what stands for it in the journal once it is done. A trace is appended on the
//! condition that there is none yet, so there is one at most, whoever leaves it.

use bailiwick_core::Text;
use bailiwick_core::effect::conversation_of;
use bailiwick_core::journal::{
    AppendCondition, AppendError, Delivery, DeliveryTarget, Journal, Metadata, Query, QueryItem,
    RecordedEvent,
};
use bailiwick_core::policy::{DeliveryEnded, Ending, Outgoing, short_reason};

use super::facts;
use super::running::Running;
use crate::error::report;
use crate::journal::port;

impl Running {
    /// The identity of a delivery, or of a news as a whole.
    pub(super) fn delivery(&self, news: &RecordedEvent, of: Option<&Outgoing>) -> Delivery {
        Delivery {
            policy: Text::literal(self.name()),
            run: self.runs.of(news.position),
            source: news.position,
            target: of.map(|outgoing| outgoing.target.clone()),
            ordinal: of.map_or(0, |outgoing| outgoing.ordinal),
        }
    }

    /// Whether what stands for a delivery is in the journal, by any of the names that its target `was` known by: that is
    /// counted.
    pub(super) async fn is_repeated(
        &self,
        delivery: &Delivery,
        was: &[DeliveryTarget],
        journal: &dyn Journal,
    ) -> Result<bool, String> {
        #[cfg(feature = "fault-injection")]
        if self.shared.sabotaged(crate::sabotage::Sabotage::DuplicateDelivered) {
            return Ok(false);
        }
        let former =
            |target: &DeliveryTarget| Delivery { target: Some(target.clone()), ..delivery.clone() };
        let former = was.iter().map(|target| QueryItem::tagged(former(target).tag()));
        let trace = Query::any_of(std::iter::once(QueryItem::tagged(delivery.tag())).chain(former));
        let found = port::last(journal, trace.expect("there is one")).await;
        let is_there = found.map_err(report)?.event.is_some();
        if is_there {
            self.counts.lock().repeated += 1;
        }
        Ok(is_there)
    }

    /// Leaves the trace of a delivery that caused nothing, or of a call, unless there is one, and counts it.
    ///
    /// # Errors
    /// Why it may not be there.
    pub(super) async fn leave_trace(
        &self,
        news: &RecordedEvent,
        delivery: Delivery,
        ended: DeliveryEnded,
        journal: &dyn Journal,
    ) -> Result<(), String> {
        let (how, tag) = (ended.how, delivery.tag());
        let unless = AppendCondition::new(Query::from(QueryItem::tagged(tag.clone())));
        #[cfg(feature = "fault-injection")]
        let unless =
            Some(unless).filter(|_| !self.shared.sabotaged(crate::sabotage::Sabotage::TracedTwice));
        #[cfg(not(feature = "fault-injection"))]
        let unless = Some(unless);
        let ended = DeliveryEnded { reason: ended.reason.map(short_reason), ..ended };
        let mut metadata = Metadata::default();
        let extra = metadata.extra_mut();
        extra.correlation = Some(conversation_of(news));
        (extra.causation, extra.delivery) = (Some(delivery.source), Some(delivery));
        let tags = [self.tag.clone(), tag].into_iter().collect();
        let event = facts::encoded(&ended, tags, self.shared.now(), metadata);
        match port::append(journal, vec![event], unless).await {
            Ok(_) => self.counts.lock().traced(how),
            // An operator skips what is not done, and nothing else.
            Err(AppendError::Conflict { .. }) if how == Ending::Skipped => {}
            Err(AppendError::Conflict { .. }) => self.counts.lock().repeated += 1,
            Err(error) => {
                self.shared.append_failed();
                return Err(report(error));
            }
        }
        Ok(())
    }
}
