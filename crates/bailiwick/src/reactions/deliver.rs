//! One news: what is done because of it, and what became of that. Of a policy here; of an
//! [effect](super::perform) there.
//!
//! Each delivery leaves one [trace](super::traces) in the journal: on what it caused, or, where that is nothing,
//! as an event of its own. Both are appended on the condition that there is none yet. What may have been done
//! before is looked up first.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::Text;
use bailiwick_core::effect::conversation_of;
use bailiwick_core::journal::{Journal, RecordedEvent};
use bailiwick_core::policy::{AnyPolicy, DeliveryEnded, Ending, Outgoing};

use super::chain;
use super::reaction::Does;
use super::running::{ALONE, Running};
use super::targets::Outcome;
use crate::delivery::Delivering;
use crate::error::{guarded, report, tried};
use crate::util::race::yield_now;

/// Why a news is not done.
pub(super) enum Stop {
    Failed {
        reason: String,
        /// Which of the deliveries of the news failed.
        nth: Option<usize>,
        /// Trying again is no use.
        for_good: bool,
        /// Not to be tried again before so much time has passed, if that was said.
        after: Option<Duration>,
    },
    /// Others were faster: at once again, after a look at what they did.
    Overtaken,
    /// The runtime ends.
    Ended,
}

impl Stop {
    /// While this of the deliveries was under way.
    fn at(self, nth: usize) -> Stop {
        match self {
            Stop::Failed { reason, for_good, after, .. } => {
                Stop::Failed { reason, nth: Some(nth), for_good, after }
            }
            stop => stop,
        }
    }

    fn for_good(reason: String, nth: Option<usize>) -> Stop {
        Stop::Failed { reason, nth, for_good: true, after: None }
    }
}

impl From<String> for Stop {
    fn from(reason: String) -> Stop {
        Stop::Failed { reason, nth: None, for_good: false, after: None }
    }
}

/// What a policy does about a news.
pub(super) enum Reaction {
    Sends(Vec<Outgoing>),
    GivesUp(String),
}

impl Running {
    /// Deals with a news of this lane: performs it, or sends what is to be sent.
    pub(super) async fn deal_with(
        &self,
        lane: &Text,
        news: &RecordedEvent,
        unsure: bool,
    ) -> Result<(), Stop> {
        if self.is_dropped(lane, news) {
            return Ok(());
        }
        // Who has no lane is in one that begins so.
        if lane.as_str().starts_with(ALONE)
            && let Err(no_lane) = self.declares.lane.name(news)
        {
            return Err(Stop::for_good(no_lane.to_string(), None));
        }
        match &self.does {
            Does::Policy(policy) => self.delivers_all(&**policy, news, unsure).await?,
            Does::Effect(effect) => {
                let failures = self.lanes.lock().failing(lane).map_or(0, |before| before.times + 1);
                self.performs(effect, news, failures + 1).await?;
            }
        }
        self.counts.lock().news += 1;
        Ok(())
    }

    /// Sends what the policy asks for, one after the other, and waits for each. If other writers are faster,
    /// at once again, as often as callers are.
    async fn delivers_all(
        &self,
        policy: &dyn AnyPolicy,
        news: &RecordedEvent,
        unsure: bool,
    ) -> Result<(), Stop> {
        let attempts = self.shared.config.attempts;
        for attempt in 0..attempts {
            match self.attempt(policy, news, unsure || attempt > 0).await {
                Err(Stop::Overtaken) => yield_now().await,
                dealt => return dealt,
            }
        }
        Err(format!("other writers of the journal were faster {attempts} times").into())
    }

    async fn attempt(
        &self,
        policy: &dyn AnyPolicy,
        news: &RecordedEvent,
        unsure: bool,
    ) -> Result<(), Stop> {
        let journal = self.shared.journal().ok_or(Stop::Ended)?;
        let unsure = unsure || news.position <= self.unsure_upto;
        // An operator has skipped it when nobody could say what it would send.
        if unsure && self.is_repeated(&self.delivery(news, None), &[], &*journal).await? {
            return Ok(());
        }
        match self.reaction(policy, news, &*journal).await? {
            Reaction::GivesUp(reason) => {
                let at = news.position;
                tracing::warn!(policy = self.name(), %at, %reason, "a policy gave up");
                let ended = DeliveryEnded { how: Ending::GaveUp, reason: Some(reason) };
                let as_a_whole = self.delivery(news, None);
                self.leave_trace(news, as_a_whole, ended, &*journal).await?;
            }
            Reaction::Sends(outgoing) => {
                let hops = news.event.metadata.extra().hops;
                if !outgoing.is_empty() && hops >= self.shared.config.policy_hops {
                    return Err(Stop::for_good(chain::too_long(news, &*journal).await, Some(0)));
                }
                for (nth, outgoing) in outgoing.into_iter().enumerate() {
                    let delivered = self.delivers(outgoing, news, unsure, &*journal).await;
                    delivered.map_err(|stop| stop.at(nth))?;
                }
            }
        }
        Ok(())
    }

    /// What the policy does about it.
    ///
    /// # Errors
    /// Why nobody can say.
    pub(super) async fn reaction(
        &self,
        policy: &dyn AnyPolicy,
        news: &RecordedEvent,
        journal: &dyn Journal,
    ) -> Result<Reaction, String> {
        let Some(reacting) = tried(|| policy.read(news.clone()))? else {
            // Its type is retired.
            return Ok(Reaction::Sends(Vec::new()));
        };
        let views = self.views_as_of(news.position, reacting.boundary(), journal).await?;
        let reaction = guarded(|| reacting.react(&views));
        self.kept.keep(views);
        match reaction? {
            Ok(commands) => commands.into_outgoing().map(Reaction::Sends).map_err(report),
            Err(give_up) => Ok(Reaction::GivesUp(give_up.reason().to_owned())),
        }
    }

    async fn delivers(
        &self,
        outgoing: Outgoing,
        news: &RecordedEvent,
        unsure: bool,
        journal: &dyn Journal,
    ) -> Result<(), Stop> {
        let delivery = self.delivery(news, Some(&outgoing));
        if unsure && self.is_repeated(&delivery, &outgoing.was, journal).await? {
            return Ok(());
        }
        let hops = news.event.metadata.extra().hops + 1;
        let delivering = Delivering::new(delivery.clone(), outgoing.command, (hops, unsure));
        let call = (Arc::new(delivering), conversation_of(news));
        let (how, reason) =
            match self.targets.send(outgoing, call, self.shared.config.timeout).await {
                #[cfg(feature = "fault-injection")]
                Outcome::Caused
                    if self.shared.sabotaged(crate::sabotage::Sabotage::TracedTwice) =>
                {
                    (Ending::Nothing, None)
                }
                Outcome::Caused => {
                    self.counts.lock().caused += 1;
                    return Ok(());
                }
                Outcome::Nothing => (Ending::Nothing, None),
                Outcome::Rejected(reason) => (Ending::Rejected, Some(reason)),
                Outcome::Overtaken => return Err(Stop::Overtaken),
                Outcome::Failed(reason) => return Err(reason.into()),
                Outcome::Ended => return Err(Stop::Ended),
            };
        let ended = DeliveryEnded { how, reason };
        Ok(self.leave_trace(news, delivery, ended, journal).await?)
    }
}
