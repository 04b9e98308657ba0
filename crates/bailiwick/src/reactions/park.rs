//! Parking a lane: what cannot be dealt with stands still as a fact of the journal, and other lanes go on.

use std::sync::Arc;

use bailiwick_core::journal::{
    AppendCondition, AppendError, LANE_FREED, Query, QueryItem, Read, RecordedEvent,
};
use bailiwick_core::policy::PolicyFact;
use bailiwick_core::{Position, Text};

use super::facts;
use super::lanes::{Failing, Parked};
use super::running::Running;
use super::worker::{LOOKS_ON, SHUT_DOWN};
use crate::error::report;
use crate::journal::port;

/// Why it is not recorded that a lane is parked.
enum NotParked {
    /// It certainly is not: an operator has dropped it.
    Dropped,
    /// It certainly is not: a lane was freed, and that is to be read first.
    Overtaken,
    /// Perhaps it is.
    Unknown(String),
}

impl Running {
    /// Parks the lane at this news, once that is recorded; until then it is tried again.
    pub(super) async fn parks(
        self: &Arc<Self>,
        lane: &Text,
        news: &RecordedEvent,
        nth: Option<usize>,
        failing: Failing,
    ) {
        let at = news.position;
        if self.is_stopped() {
            return self.fails_so(lane, failing, None);
        }
        let command = self.shows(news, nth).await.map(Arc::from);
        let (was, is_full, is_recorded, known_upto, is_dropped) = {
            let lanes = self.lanes.lock();
            let was = lanes.was(lane).cloned();
            let is_recorded = lanes.is_parked_at(lane, at);
            // As of one position: what is dropped up to there is known.
            let is_dropped = self.is_dropped(lane, news);
            (was, lanes.is_full_of_parked(), is_recorded, lanes.upto(), is_dropped)
        };
        if is_dropped {
            return self.passes_over(lane, news);
        }
        if was.is_none() && is_full {
            self.stop();
            return self.fails_so(lane, failing, None);
        }
        // Parked twice is parked once.
        let was = was.filter(|was| was.at == at).map(|was| (was.fact, was.since));
        let (fact, since) = was.unwrap_or_else(|| (Position::START, self.shared.now()));
        let mut parked = Parked { at, fact, since, reason: failing.reason.clone(), command };
        if !is_recorded {
            let fact = PolicyFact::LaneParked {
                lane: lane.to_string(),
                at,
                reason: parked.reason.to_string(),
                command: parked.command.as_deref().map(str::to_owned),
            };
            match self.records_parked(&fact, (lane, news), known_upto).await {
                Ok(at) => parked.fact = at,
                Err(NotParked::Dropped) => return self.passes_over(lane, news),
                Err(NotParked::Overtaken) => return self.fails_so(lane, failing, None),
                Err(NotParked::Unknown(reason)) => {
                    let reason =
                        format!("{}; and that cannot be recorded: {reason}", failing.reason);
                    self.lanes.lock().may_be_parked(lane, parked);
                    let failing = Failing { reason: reason.into(), ..failing };
                    return self.fails_so(lane, failing, None);
                }
            }
            self.counts.lock().parked += 1;
            let reason = &parked.reason;
            tracing::error!(
                reaction = self.name(), %lane, %at, %reason,
                "a lane is parked; others go on. See to it with `Runtime::policies` or `Runtime::effects`"
            );
        }
        #[cfg(feature = "fault-injection")]
        if self.shared.sabotaged(crate::sabotage::Sabotage::ParkedOvertaken) {
            return self.change(LOOKS_ON, |lanes| lanes.done(lane));
        }
        self.change(LOOKS_ON, |lanes| lanes.park(lane, parked));
        // It holds the mark no more.
        self.may_record();
    }

    /// Records that a lane is parked at this news, unless that was dropped. What other runtimes have freed beyond what
    /// was read here is looked up before: there may be no room to read on before lanes are parked.
    async fn records_parked(
        &self,
        fact: &PolicyFact,
        (lane, news): (&Text, &RecordedEvent),
        known_upto: Position,
    ) -> Result<Position, NotParked> {
        let journal = self.shared.journal().ok_or(NotParked::Unknown(SHUT_DOWN.into()))?;
        let freed = QueryItem::new([LANE_FREED], [self.tag.clone()]).expect("there is a tag");
        let freed = Query::from(freed);
        let mut known_upto = known_upto.max(self.unsure_upto);
        loop {
            let event = facts::fact(fact, &self.tag, self.shared.now());
            let unless_freed = AppendCondition::new(freed.clone()).after(known_upto);
            match port::append(&*journal, vec![event], Some(unless_freed)).await {
                Ok(appended) => return Ok(appended.last),
                Err(AppendError::Conflict { .. }) => {}
                Err(error) => return Err(NotParked::Unknown(report(error))),
            }
            let read = self.shared.config.paged(Read::new(freed.clone()).after(known_upto));
            let page = port::read(&*journal, read).await;
            let page = page.map_err(|error| NotParked::Unknown(report(error)))?;
            page.events.iter().for_each(|freed| self.learn_dropped(freed));
            if self.is_dropped(lane, news) {
                return Err(NotParked::Dropped);
            }
            if page.events.is_empty() {
                // The journal does not show yet what it refused the fact for.
                return Err(NotParked::Overtaken);
            }
            known_upto = page.upto;
        }
    }
}
