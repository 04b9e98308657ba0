//! Reading what a policy or an effect wants, in the order of the journal, as soon as it is there.

use std::sync::Arc;

use bailiwick_core::journal::{LANE_FREED, Query, QueryItem, Read, RecordedEvent};
use bailiwick_core::policy::PolicyFact;
use bailiwick_core::{Position, Text};

use super::lanes::Lanes;
use super::running::Running;
use crate::error::report;
use crate::journal::port::{self, or_closed};
use crate::util::race::{Either, race, yield_now};

/// Reads until the runtime ends, or the policy is stopped.
pub(super) async fn run(running: Arc<Running>) {
    or_closed(&running.shared, read_on(&running)).await;
}

async fn read_on(running: &Arc<Running>) {
    let query = query(running);
    while running.goes_on() {
        if !has_room(running).await {
            continue;
        }
        let Some(journal) = running.shared.journal() else { return };
        let after = running.lanes.lock().upto();
        let read = running.shared.config.paged(Read::new(query.clone()).after(after));
        let page = match port::read(&*journal, read).await {
            Ok(page) => page,
            Err(error) => {
                drop(journal);
                let error = report(error);
                tracing::warn!(reaction = running.name(), %error, "the news cannot be read");
                let wait =
                    running.shared.environment.clock.sleep(running.shared.config.reload_backoff);
                until_closing(running, wait).await;
                continue;
            }
        };
        running.offer(page.events, page.upto);
        running.has_read(page.upto);
        // Workers have their turn, too, also if the journal calls again and again for nothing.
        let more = page.more;
        drop(journal);
        if more || page.upto == after {
            yield_now().await;
        }
        if more {
            continue;
        }
        let Some(journal) = running.shared.journal() else { return };
        let changed = port::changed(&*journal, query.clone(), page.upto);
        drop(journal);
        until_closing(running, changed).await;
    }
}

/// The news, and what other runtimes record of their lanes.
fn query(running: &Running) -> Query {
    let facts = QueryItem::new([LANE_FREED], [running.tag.clone()]).expect("there is a tag");
    Query::any_of([running.wants.clone(), facts]).expect("there are two")
}

impl Running {
    /// Puts news into their lanes: all there are up to here.
    fn offer(self: &Arc<Self>, news: Vec<RecordedEvent>, upto: Position) {
        #[cfg(feature = "fault-injection")]
        let news = crate::sabotage::in_order(&self.shared, news);
        self.change(0, |lanes| {
            for news in news {
                if !news.event.is_reserved() {
                    let lane = self.lane_of(&news);
                    if !self.is_dropped(&lane, &news) {
                        lanes.offer(lane, news);
                    }
                } else if news.position > self.unsure_upto {
                    self.learn(lanes, &news);
                }
            }
            lanes.read_upto(upto);
        });
    }

    /// What was recorded of its lanes since it began; what was before is known, and may have been rewound.
    fn learn(&self, lanes: &mut Lanes, fact: &RecordedEvent) {
        let Ok(Some(PolicyFact::LaneFreed { lane, upto, dropped_after })) = fact.event.decode()
        else {
            return;
        };
        let lane = self.lane_today(lane.into());
        lanes.is_freed(&lane, upto, fact.position);
        if let Some(after) = dropped_after {
            self.dropped.lock().forget_upto(lanes.mark());
            self.drops(lane, after, upto);
        }
    }

    /// What another runtime has dropped holds here, too: what is held of it is passed over when it is its turn.
    pub(super) fn learn_dropped(&self, fact: &RecordedEvent) {
        if let Ok(Some(PolicyFact::LaneFreed { lane, upto, dropped_after: Some(after) })) =
            fact.event.decode()
        {
            self.drops(self.lane_today(lane.into()), after, upto);
        }
    }

    /// An operator has dropped this.
    pub(super) fn drops(&self, lane: Text, after: Position, upto: Position) {
        self.forgets_calls(&lane, after, upto);
        self.dropped.lock().add(lane, after, upto);
    }
}

/// Waits until there is room for news. False: look again whether to go on.
async fn has_room(running: &Running) -> bool {
    // Before it is looked at, so that it is not missed.
    let room = running.room.notified();
    if running.lanes.lock().has_room() {
        return true;
    }
    until_closing(running, room).await;
    false
}

/// Waits for this, or until the stage of the runtime changes.
pub(super) async fn until_closing<T>(
    running: &Running,
    wait: impl Future<Output = T>,
) -> Option<T> {
    let closing = running.shared.closing.notified();
    if !running.goes_on() {
        return None;
    }
    match race(wait, closing).await {
        Either::Left(done) => Some(done),
        Either::Right(()) => None,
    }
}
