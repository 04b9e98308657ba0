//! What operators do about lanes that are parked: each verb is recorded before it holds, and what it makes undone is
//! never done. Whoever stops waiting for one stops nothing.

use std::sync::Arc;

use bailiwick_core::journal::RecordedEvent;
use bailiwick_core::policy::{DeliveryEnded, Ending, PolicyFact};

use super::deliver::Reaction;
use super::handle::ReactionHandle;
use super::lanes::before;
use super::reaction::Does;
use super::running::Running;
use super::status::ParkedLane;
use crate::error::ReactionError;
use crate::util::on_drop::OnDrop;

/// Parked lanes that were selected: nothing is done before one of the verbs. What would be done to which
/// is in [`lanes`](Self::lanes): so selecting is the dry run.
///
/// For an example see [`Reactions`](crate::Reactions).
#[derive(Debug, Clone)]
pub struct SelectedLanes {
    pub(super) of: ReactionHandle,
    pub(super) lanes: Vec<ParkedLane>,
}

impl SelectedLanes {
    /// Which they are.
    pub fn lanes(&self) -> &[ParkedLane] {
        &self.lanes
    }

    /// Tries them again, from the news at which they are parked. Those that cannot go on are parked again.
    /// How many were still parked.
    pub fn retry(&self) -> usize {
        let each = self.lanes.iter();
        self.of.0.change(0, |lanes| each.filter(|parked| lanes.retry(&parked.lane)).count())
    }

    /// Skips the deliveries of the news at which they are parked, or the calls for them, and goes on behind it.
    /// That is recorded; what was skipped is never done. How many were still parked.
    ///
    /// # Errors
    /// If it cannot be recorded; those before it are skipped.
    ///
    /// # Cancel safety
    /// Once it was polled, it goes on without its caller.
    pub async fn skip(&self) -> Result<usize, ReactionError> {
        let SelectedLanes { of, lanes } = self.clone();
        let skip_each = async move {
            let mut skipped = 0;
            for parked in &lanes {
                skipped += usize::from(skip_one(&of, parked).await?);
            }
            Ok(skipped)
        };
        self.of.by_a_task(skip_each).await
    }

    /// Drops everything that they hold up to now: they go on with what comes next. That is recorded; what
    /// was dropped is never done. How many were still parked.
    ///
    /// # Errors
    /// If it cannot be recorded; those before it are dropped.
    ///
    /// # Cancel safety
    /// Once it was polled, it goes on without its caller.
    pub async fn drop_all(&self) -> Result<usize, ReactionError> {
        let SelectedLanes { of, lanes } = self.clone();
        let drop_each = async move {
            let mut dropped = 0;
            for lane in &lanes {
                dropped += usize::from(drop_one(&of.0, lane).await?);
            }
            Ok(dropped)
        };
        self.of.by_a_task(drop_each).await
    }
}

/// Has a lane go on behind the news at which it is parked, once it is recorded that this was skipped. False: it was
/// not parked there any more.
async fn skip_one(of: &ReactionHandle, parked: &ParkedLane) -> Result<bool, ReactionError> {
    let (running, ParkedLane { lane, at, .. }) = (&of.0, parked);
    if !running.lanes.lock().begin_skip(lane, *at) {
        return Ok(false);
    }
    let not_recorded_yet = OnDrop::new(|| running.change(0, |lanes| lanes.give_up_skip(lane)));
    skip(running, &of.news_at(*at).await?).await?;
    not_recorded_yet.disarm();
    running.forgets_call(*at);
    running.change(0, |lanes| lanes.skipped(lane));
    Ok(true)
}

/// Traces each delivery of a news, or the call for it, as skipped, if it was not done.
async fn skip(running: &Running, news: &RecordedEvent) -> Result<(), ReactionError> {
    let journal = running.shared.journal().ok_or(ReactionError::ShutDown)?;
    let sends = match &running.does {
        Does::Policy(policy) => running.reaction(&**policy, news, &*journal).await,
        Does::Effect(_) => Ok(Reaction::Sends(Vec::new())),
    };
    let deliveries = match sends {
        Ok(Reaction::Sends(outgoing)) if !outgoing.is_empty() => {
            outgoing.iter().map(|one| running.delivery(news, Some(one))).collect()
        }
        // It is one call, or nobody knows what it would have been.
        _ => vec![running.delivery(news, None)],
    };
    for delivery in deliveries {
        let ended = DeliveryEnded { how: Ending::Skipped, reason: None };
        running.leave_trace(news, delivery, ended, &*journal).await.map_err(not_recorded)?;
    }
    Ok(())
}

/// Has a lane go on behind all that it holds, once that is recorded. False: it was not parked there any more.
async fn drop_one(running: &Arc<Running>, parked: &ParkedLane) -> Result<bool, ReactionError> {
    let ParkedLane { lane, at, .. } = parked;
    let Some(upto) = running.lanes.lock().begin_drop(lane, *at) else { return Ok(false) };
    let not_recorded_yet = OnDrop::new(|| running.change(0, |lanes| lanes.give_up_drop(lane)));
    let after = before(*at);
    let fact = PolicyFact::LaneFreed { lane: lane.to_string(), upto, dropped_after: Some(after) };
    running.records(&fact).await.map_err(not_recorded)?;
    not_recorded_yet.disarm();
    // Before it goes on: it may be read only now, after a start.
    running.drops(lane.clone(), after, upto);
    running.change(0, |lanes| lanes.dropped(lane, upto));
    running.may_record();
    running.counts.lock().skipped += 1;
    Ok(true)
}

fn not_recorded(reason: String) -> ReactionError {
    ReactionError::NotRecorded { reason: reason.into() }
}
