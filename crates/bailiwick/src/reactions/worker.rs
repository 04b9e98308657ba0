//! The workers of a policy or an effect: kameo actors that take one lane after the other, as many at a time as may be.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::{Read, RecordedEvent};
use bailiwick_core::policy::{PolicyFact, short_reason};
use bailiwick_core::{BoxFuture, Position, Text};
use tracing::Instrument;

use super::deliver::Stop;
use super::facts;
use super::lanes::{Failing, Job};
use super::reader::until_closing;
use super::running::Running;
use crate::cell::actor::Prepared;
use crate::error::report;
use crate::journal::port::{self, or_closed};
use crate::telemetry::spans;
use crate::util::on_drop::OnDrop;
use crate::util::race::{Either, race};

/// Begins a worker. It is counted already.
pub(super) fn begin(running: Arc<Running>) {
    let (shared, counted) = (running.shared.clone(), running.clone());
    let gone = OnDrop::new(move || counted.is_gone());
    let work: BoxFuture<()> = Box::pin(async move {
        if work(&running).await {
            gone.disarm();
        }
    });
    Prepared::new(&shared).run(|| work);
}

/// Takes one lane after the other. Whether it has [left](Running::is_busy), and is not counted any more.
async fn work(running: &Arc<Running>) -> bool {
    while running.goes_on() {
        let job = running.lanes.lock().take();
        let Some(job) = job else {
            if !has_work(running).await {
                return true;
            }
            continue;
        };
        let lane = job.lane().clone();
        // A panic of our own leaves the lane to be tried again.
        let held =
            OnDrop::new(|| running.fails(&lane, "the worker ended before it was done".into()));
        let done = or_closed(&running.shared, do_job(running, job)).await;
        held.disarm();
        if done.is_none() {
            break;
        }
    }
    false
}

/// Waits for work. False: there was none for a while, and the worker has left.
async fn has_work(running: &Running) -> bool {
    running.is_idle();
    // What came before it was idle has called nobody.
    if running.lanes.lock().ready() == 0 {
        let idle = running.shared.environment.clock.sleep(running.shared.config.worker_idle);
        let called = race(running.work.acquire(), idle);
        if let Some(Either::Left(Ok(permit))) = until_closing(running, called).await {
            permit.forget();
            return true;
        }
        if running.is_busy(true) {
            return false;
        }
    } else if running.is_busy(false) {
        return true;
    }
    // It is called just now.
    if let Ok(permit) = running.work.acquire().await {
        permit.forget();
    }
    true
}

async fn do_job(running: &Arc<Running>, job: Job) {
    match job {
        Job::News { lane, news, unsure } => {
            let span = spans::news(running.declares.kind, running.name(), &lane, &news);
            deal_with(running, &lane, &news, unsure).instrument(span).await;
        }
        Job::ReadOn { lane, after, upto } => {
            let read = running.reads_on(&lane, after, upto).await;
            read.unwrap_or_else(|reason| running.fails(&lane, reason));
        }
        Job::Free { lane } => {
            let freed = running.frees(&lane).await;
            freed.unwrap_or_else(|reason| running.fails(&lane, reason));
        }
    }
}

/// The worker that changes the lanes looks for work by itself then.
pub(super) const LOOKS_ON: usize = 1;

impl Running {
    fn is_done(self: &Arc<Self>, lane: &Text) {
        self.change(LOOKS_ON, |lanes| lanes.done(lane));
        self.may_record();
    }

    /// It failed, and was dropped meanwhile.
    pub(super) fn passes_over(self: &Arc<Self>, lane: &Text, news: &RecordedEvent) {
        self.forgets_call(news.position);
        self.is_done(lane);
    }

    fn failing(&self, lane: &Text, reason: String) -> Failing {
        let lanes = self.lanes.lock();
        let before = lanes.failing(lane);
        let reason = short_reason(reason).into();
        let since = before.map_or_else(|| self.elapsed(), |before| before.since);
        let times = before.map_or(0, |before| before.times + 1);
        Failing { since, times, reason, not_before: Duration::ZERO }
    }

    fn fails(self: &Arc<Self>, lane: &Text, reason: String) {
        let failing = self.failing(lane, reason);
        self.fails_so(lane, failing, None);
    }

    /// The lane is left alone for a while; no less than `after`.
    pub(super) fn fails_so(
        self: &Arc<Self>,
        lane: &Text,
        mut failing: Failing,
        after: Option<Duration>,
    ) {
        self.counts.lock().failures += 1;
        if failing.times == 0 {
            let reason = &failing.reason;
            tracing::warn!(reaction = self.name(), %lane, %reason, "it failed, and is tried again");
        }
        let now = self.elapsed();
        let after = after.map(|after| after.min(self.shared.config.effect_retry_after_max));
        failing.not_before = now.saturating_add(after.unwrap_or_default());
        let until = now.saturating_add(self.back_off(failing.times, after));
        self.change(LOOKS_ON, |lanes| lanes.failed(lane, failing, until));
        self.timing.notify_one();
    }

    /// Records a fact. Where it stands.
    pub(super) async fn records(&self, fact: &PolicyFact) -> Result<Position, String> {
        let journal = self.shared.journal().ok_or(SHUT_DOWN)?;
        let event = facts::fact(fact, &self.tag, self.shared.now());
        let appended = port::append(&*journal, vec![event], None).await;
        appended.map(|appended| appended.last).map_err(report)
    }

    /// Reads what the lane has there.
    async fn reads_on(
        self: &Arc<Self>,
        lane: &Text,
        after: Position,
        upto: Position,
    ) -> Result<(), String> {
        let journal = self.shared.journal().ok_or("the runtime is shut down")?;
        let query =
            self.declares.lane.query(lane.as_str(), self.wants.types(), &self.shared.emitters);
        let limit = self.shared.config.lane_news.try_into().unwrap_or(NonZeroUsize::MIN);
        let read = self.shared.config.paged(Read::new(query).after(after).upto(upto)).limit(limit);
        let page = port::read(&*journal, read).await.map_err(report)?;
        let is_its =
            |news: &RecordedEvent| self.lane_of(news) == *lane && !self.is_dropped(lane, news);
        let news = page.events.into_iter().filter(is_its).collect();
        let upto = if page.more { page.upto } else { upto };
        self.change(LOOKS_ON, |lanes| lanes.read_on(lane, news, upto));
        Ok(())
    }

    /// The lane is parked no more, once that is recorded.
    async fn frees(self: &Arc<Self>, lane: &Text) -> Result<(), String> {
        let Some(upto) = self.change(LOOKS_ON, |lanes| lanes.free(lane)) else { return Ok(()) };
        let fact = PolicyFact::LaneFreed { lane: lane.to_string(), upto, dropped_after: None };
        self.records(&fact).await?;
        tracing::info!(reaction = self.name(), %lane, "a parked lane goes on");
        self.change(LOOKS_ON, |lanes| lanes.freed(lane));
        self.may_record();
        Ok(())
    }
}

pub(super) const SHUT_DOWN: &str = "the runtime is shut down";

impl Job {
    fn lane(&self) -> &Text {
        match self {
            Job::News { lane, .. } | Job::ReadOn { lane, .. } | Job::Free { lane } => lane,
        }
    }
}

async fn deal_with(running: &Arc<Running>, lane: &Text, news: &RecordedEvent, unsure: bool) {
    match running.deal_with(lane, news, unsure).await {
        Ok(()) => running.is_done(lane),
        Err(Stop::Failed { .. }) if running.is_dropped(lane, news) => {
            running.passes_over(lane, news);
        }
        Err(Stop::Failed { reason, nth, for_good, after }) => {
            let failing = running.failing(lane, reason);
            let waited = running.elapsed().saturating_sub(failing.since);
            if for_good || waited >= running.bounds.patience {
                running.parks(lane, news, nth, failing).await;
            } else {
                running.fails_so(lane, failing, after);
            }
        }
        // The runtime ends, and with it the lane.
        Err(Stop::Overtaken | Stop::Ended) => {}
    }
}
