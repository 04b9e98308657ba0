//! How a decision is judged: on its views, with what was remembered of its key, and what becomes of it in
//! the journal's form.

use bailiwick_core::journal::{EncodedEvent, Metadata, RecordedCommand};
use bailiwick_core::views::Folded;
use bailiwick_core::{Bounded, Context, Decision, Event, Position, Tags, Text, Timestamp};

use super::keyed::Repeat;
use super::request::{Asked, Decided, DecisionRequest as _};
use crate::error::{Cause, caught};
use crate::journal::encoded::encoded;
use crate::request::command_name;
use crate::request::recorded::{self, JudgedAt, Refusal, without_form};
use crate::request::verdict::Verdict;

impl<D: Decision> Asked<D> {
    /// Encodes what was emitted.
    fn encode(
        &self,
        bounded: &Bounded<D>,
        emitted: &[D::Event],
        now: Timestamp,
        to: &mut Vec<EncodedEvent>,
    ) -> Result<(), Cause> {
        for event in emitted {
            let readers = self.scheduler.keys(event.event_type());
            let tags = bounded.tags_for(event, readers).map_err(Cause::Emit)?;
            to.push(encoded(event, tags, now, self.metadata())?);
        }
        Ok(())
    }

    /// Adds what is found when it is asked again with its key. The reply as it will be found.
    fn remember(
        &self,
        reply: D::Reply,
        now: Timestamp,
        to: &mut Vec<EncodedEvent>,
    ) -> Result<D::Reply, Cause> {
        let Some(keyed) = &self.keyed else { return Ok(reply) };
        let given = (&reply, command_name::<D>());
        let config = &self.scheduler.shared().config;
        let (event, read) = keyed.answered(given, config, now, self.metadata())?;
        to.push(event);
        Ok(read)
    }

    /// Whether the journal takes these at once.
    fn fits(&self, events: &mut [EncodedEvent]) -> Result<(), Cause> {
        let limits = &self.scheduler.shared().limits;
        let checked = match limits.check(events) {
            // It goes without: what is not recorded is no reason to refuse it.
            Err(_) if without_form(events) => limits.check(events),
            checked => checked,
        };
        checked.map(|_| ()).map_err(Cause::OverLimit)
    }

    /// Puts the decision beside its first event, if it is recorded.
    fn record(
        &self,
        bounded: &Bounded<D>,
        emitted: usize,
        views: &Folded,
        events: &mut [EncodedEvent],
    ) {
        let (Some(recording), Some(first)) = (&D::RECORDED, events.first_mut()) else { return };
        let form = recorded::form(recording, bounded.decision(), self.scheduler.shared());
        first.metadata.extra_mut().recorded = form.map(|form| {
            let emitted = u32::try_from(emitted).unwrap_or(u32::MAX);
            let mut recorded = RecordedCommand::new(form, emitted);
            recorded.read_upto = views.level();
            recorded
        });
    }

    /// What is recorded of a refusal; none if the decision is not recorded.
    pub(super) fn refused(
        &self,
        bounded: &Bounded<D>,
        rejection: &D::Rejection,
        (judged, as_of): (JudgedAt, Position),
    ) -> Option<EncodedEvent> {
        let recording = D::RECORDED.as_ref()?;
        let form = recorded::form(recording, bounded.decision(), self.scheduler.shared())?;
        let refusal = Refusal {
            by: None,
            tags: Tags::none(),
            command: Self::command(),
            form,
            call: self.request.call.as_deref(),
            judged,
        };
        refusal.event(rejection, as_of)
    }

    pub(super) fn command() -> &'static str {
        D::COMMAND.unwrap_or_else(command_name::<D>)
    }

    fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::default();
        metadata.command = Some(Text::literal(Self::command()));
        if let Some(call) = &self.request.call {
            call.stands_beside(metadata.extra_mut());
        }
        metadata
    }

    pub(super) fn judge(
        &self,
        bounded: &Bounded<D>,
        views: &Folded,
        now: Timestamp,
        events: &mut Vec<EncodedEvent>,
    ) -> (Verdict<D::Reply, D::Rejection>, Decided) {
        match self.repeat(views, now) {
            Some(Ok(Repeat { reply, position })) => {
                let verdict = reply.map_or_else(Verdict::AlreadyRun, Verdict::Repeated);
                (verdict, Decided::Repeated(position))
            }
            Some(Err(cause)) => (Verdict::Failed(cause), Decided::Anew),
            None => {
                let verdict = self.judge_anew(bounded, views, now, events);
                let replies = matches!(verdict, Verdict::Reply(_)) && self.keyed.is_some();
                (verdict, if replies { Decided::Remembered } else { Decided::Anew })
            }
        }
    }

    fn repeat(&self, views: &Folded, now: Timestamp) -> Option<Result<Repeat<D::Reply>, Cause>> {
        let keyed = self.keyed.as_ref()?;
        #[cfg(feature = "fault-injection")]
        if self.scheduler.shared().sabotaged(crate::sabotage::Sabotage::DecisionKeysForgotten) {
            return None;
        }
        let last = views.answer(self.boundary())?;
        keyed.repeat(last, now, self.scheduler.shared().config.answers_for)
    }

    fn judge_anew(
        &self,
        bounded: &Bounded<D>,
        views: &Folded,
        now: Timestamp,
        events: &mut Vec<EncodedEvent>,
    ) -> Verdict<D::Reply, D::Rejection> {
        let before = events.len();
        let judged = caught(|| {
            let mut ctx = Context::new(now);
            match bounded.decide(views, &mut ctx) {
                Ok(reply) => {
                    let emitted = ctx.into_events();
                    let encoded = self.encode(bounded, &emitted, now, events);
                    if let Some(delivering) = self.request.delivering() {
                        delivering.caused(&mut events[before..]);
                    }
                    let kept = encoded.and_then(|()| self.remember(reply, now, events));
                    self.record(bounded, emitted.len(), views, &mut events[before..]);
                    match kept.and_then(|reply| self.fits(&mut events[before..]).map(|()| reply)) {
                        Ok(reply) => Verdict::Reply(reply),
                        Err(cause) => Verdict::Failed(cause),
                    }
                }
                Err(rejection) => {
                    let read_upto = D::RECORDED.and_then(|_| views.level());
                    Verdict::Rejection(rejection, JudgedAt { now, read_upto })
                }
            }
        });
        let verdict = judged.unwrap_or_else(|message| {
            tracing::error!(decision = command_name::<D>(), %message, "a decision panicked");
            Verdict::Failed(Cause::Panicked { message })
        });
        if matches!(verdict, Verdict::Failed(_)) {
            events.truncate(before);
        }
        verdict
    }
}
