//! One news: what is done because of it, and what became of that. Of a policy here; of an
//! [effect](super::perform) there.
//!
//! Each delivery leaves one trace in the journal: on what it caused, or, where that is nothing, as an event
//! of its own. Both are appended on the condition that there is none yet. What may have been done before is
//! looked up first.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::effect::conversation_of;
use bailiwick_core::journal::{
    AppendError, Delivery, Journal, LastMatch, Query, QueryItem, RecordedEvent,
};
use bailiwick_core::policy::{AnyPolicy, DeliveryEnded, Ending, Outgoing, short_reason};
use bailiwick_core::{ErrorReport, Tag, Text, codec};

use super::chain;
use super::delivering::Delivering;
use super::facts;
use super::fold::as_of;
use super::reaction::Does;
use super::running::{ALONE, Running};
use super::targets::Outcome;
use crate::error::guarded;
use crate::journal::port;
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

    pub(super) fn failed(reason: String) -> Stop {
        Stop::Failed { reason, nth: None, for_good: false, after: None }
    }

    fn for_good(reason: String, nth: Option<usize>) -> Stop {
        Stop::Failed { reason, nth, for_good: true, after: None }
    }
}

/// What a policy does about a news.
pub(super) enum Reaction {
    Sends(Vec<Outgoing>),
    GivesUp(String),
}

/// A delivery, with what is known of it.
struct Sending<'a> {
    news: &'a RecordedEvent,
    journal: &'a dyn Journal,
    correlation: Text,
    unsure: bool,
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
        self.counters.dealt_with();
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
        let attempts = self.config().attempts;
        for attempt in 0..attempts {
            match self.attempt(policy, news, unsure || attempt > 0).await {
                Err(Stop::Overtaken) => yield_now().await,
                dealt => return dealt,
            }
        }
        Err(Stop::failed(format!("other writers of the journal were faster {attempts} times")))
    }

    async fn attempt(
        &self,
        policy: &dyn AnyPolicy,
        news: &RecordedEvent,
        unsure: bool,
    ) -> Result<(), Stop> {
        let journal = self.journal().ok_or(Stop::Ended)?;
        let unsure = unsure || news.position <= self.unsure_upto;
        // An operator has skipped it when nobody could say what it would send.
        if unsure {
            let as_a_whole = self.delivery(news, None).tag();
            if self.was_done(&as_a_whole, &*journal).await.map_err(Stop::failed)? {
                self.counters.repeated();
                return Ok(());
            }
        }
        let reaction = self.reaction(policy, news, &*journal).await.map_err(Stop::failed)?;
        let correlation = conversation_of(news);
        let sending = Sending { news, journal: &*journal, correlation, unsure };
        match reaction {
            Reaction::GivesUp(reason) => self.gives_up(reason, &sending).await?,
            Reaction::Sends(outgoing) => {
                let hops = news.event.metadata.extra().hops;
                if !outgoing.is_empty() && hops >= self.config().policy_hops {
                    return Err(Stop::for_good(chain::too_long(news, &*journal).await, Some(0)));
                }
                for (nth, outgoing) in outgoing.into_iter().enumerate() {
                    self.delivers(outgoing, &sending).await.map_err(|stop| stop.at(nth))?;
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
        let read = guarded(|| policy.read(news.clone()))?;
        let reacting = match read.map_err(|error| ErrorReport::of(&error).to_string())? {
            Some(reacting) => reacting,
            // Its type is retired.
            None => return Ok(Reaction::Sends(Vec::new())),
        };
        let views = as_of(news.position, reacting.boundary(), (&self.shared, journal, &self.kept));
        let views = views.await?;
        let reaction = guarded(|| reacting.react(&views));
        if !reacting.boundary().reading().is_empty() {
            self.kept.keep(views);
        }
        match reaction? {
            Ok(commands) => {
                let outgoing = commands.into_outgoing();
                outgoing.map(Reaction::Sends).map_err(|error| ErrorReport::of(&error).to_string())
            }
            Err(give_up) => Ok(Reaction::GivesUp(give_up.reason().to_owned())),
        }
    }

    /// The delivery of a news that could not be made, as operators see it; of an effect, the news.
    pub(super) async fn shows(&self, news: &RecordedEvent, nth: Option<usize>) -> Option<String> {
        let policy = match &self.does {
            Does::Policy(policy) => policy,
            Does::Effect(_) => return Some(shown_news(news)),
        };
        let (nth, journal) = (nth?, self.journal()?);
        match self.reaction(&**policy, news, &*journal).await {
            Ok(Reaction::Sends(outgoing)) => outgoing.get(nth).map(shown),
            _ => None,
        }
    }

    async fn gives_up(&self, reason: String, sending: &Sending<'_>) -> Result<(), Stop> {
        let delivery = self.delivery(sending.news, None);
        let at = sending.news.position;
        tracing::warn!(policy = self.name(), %at, %reason, "a policy gave up");
        let ended = DeliveryEnded { how: Ending::GaveUp, reason: Some(reason) };
        let traced = self.leave_trace(delivery, ended, sending.journal, &sending.correlation).await;
        match traced.map_err(Stop::failed)? {
            true => self.counters.gave_up(),
            false => self.counters.repeated(),
        }
        Ok(())
    }

    /// The identity of a delivery, or of a news as a whole.
    pub(super) fn delivery(&self, news: &RecordedEvent, of: Option<&Outgoing>) -> Delivery {
        Delivery {
            policy: Text::literal(self.name()),
            run: self.run,
            source: news.position,
            target: of.map(|outgoing| outgoing.target.clone()),
            ordinal: of.map_or(0, |outgoing| outgoing.ordinal),
        }
    }

    async fn delivers(&self, outgoing: Outgoing, sending: &Sending<'_>) -> Result<(), Stop> {
        let Sending { news, journal, correlation, unsure } = sending;
        let delivery = self.delivery(news, Some(&outgoing));
        let hops = news.event.metadata.extra().hops + 1;
        let delivering = Delivering::new(delivery.clone(), outgoing.command, (hops, *unsure));
        if *unsure && self.was_done(&delivering.tag, *journal).await.map_err(Stop::failed)? {
            self.counters.repeated();
            return Ok(());
        }
        let timeout = self.config().timeout;
        let call = (Arc::new(delivering), correlation.clone());
        let (how, reason) = match self.targets.send(outgoing, call, timeout).await {
            #[cfg(feature = "fault-injection")]
            Outcome::Caused if self.shared.sabotaged(crate::sabotage::Sabotage::TracedTwice) => {
                (Ending::Nothing, None)
            }
            Outcome::Caused => {
                self.counters.caused();
                return Ok(());
            }
            Outcome::Nothing => (Ending::Nothing, None),
            Outcome::Rejected(reason) => (Ending::Rejected, Some(reason)),
            Outcome::Overtaken => return Err(Stop::Overtaken),
            Outcome::Failed(reason) => return Err(Stop::failed(reason)),
            Outcome::Ended => return Err(Stop::Ended),
        };
        let ended = DeliveryEnded { how, reason };
        match self.leave_trace(delivery, ended, *journal, correlation).await {
            Ok(true) if how == Ending::Rejected => self.counters.rejected(),
            Ok(true) => self.counters.nothing(),
            Ok(false) => self.counters.repeated(),
            Err(reason) => return Err(Stop::failed(reason)),
        }
        Ok(())
    }

    /// Whether what stands for a delivery is in the journal.
    pub(super) async fn was_done(&self, tag: &Tag, journal: &dyn Journal) -> Result<bool, String> {
        #[cfg(feature = "fault-injection")]
        if self.shared.sabotaged(crate::sabotage::Sabotage::DuplicateDelivered) {
            return Ok(false);
        }
        let found = port::last(journal, QueryItem::tagged(tag.clone()).into()).await;
        let LastMatch { event, .. } = found.map_err(|error| ErrorReport::of(&error).to_string())?;
        Ok(event.is_some())
    }

    /// Leaves the trace of a delivery that caused nothing. False: there was one.
    ///
    /// # Errors
    /// Why it may not be there.
    pub(super) async fn leave_trace(
        &self,
        delivery: Delivery,
        mut ended: DeliveryEnded,
        journal: &dyn Journal,
        correlation: &Text,
    ) -> Result<bool, String> {
        ended.reason = ended.reason.map(short_reason);
        let unless = Query::from(QueryItem::tagged(delivery.tag()));
        #[cfg(feature = "fault-injection")]
        let unless =
            Some(unless).filter(|_| !self.shared.sabotaged(crate::sabotage::Sabotage::TracedTwice));
        #[cfg(not(feature = "fault-injection"))]
        let unless = Some(unless);
        let of = (&self.tag, delivery);
        let event = facts::trace(&ended, of, Some(correlation.clone()), self.now());
        match facts::append(journal, event, unless).await {
            Ok(_) => Ok(true),
            Err(AppendError::Conflict { .. }) => Ok(false),
            Err(error) => {
                self.shared.append_failed();
                Err(ErrorReport::of(&error).to_string())
            }
        }
    }
}

/// A news, as operators see it.
pub(super) fn shown_news(news: &RecordedEvent) -> String {
    let RecordedEvent { position, event } = news;
    short_reason(format!("{} at {position}: {}", event.event_type, codec::show(&event.payload)))
}

/// A command, as operators see it.
pub(super) fn shown(outgoing: &Outgoing) -> String {
    let shown = guarded(|| format!("{:?}", outgoing.payload));
    short_reason(shown.unwrap_or_else(|_| outgoing.command.to_owned()))
}
