//! Deadlines that fell due: what `on_deadline` emitted, decided again.

use std::collections::VecDeque;

use bailiwick_core::journal::{Origin, RecordedEvent};
use bailiwick_core::{Position, Timestamp};

use super::emitted::{Emitted, event_shown, listed};
use super::error::RehearsalError;
use super::report::{Difference, Findings, LeftOut};
use super::states::States;
use super::subjects::Timed;
use crate::error::guarded;

/// The aggregates whose deadlines are rehearsed, and the run of events that is being read.
pub(super) struct Expired {
    /// Each with its part of the report.
    pub(super) kinds: Vec<(Timed, usize)>,
    /// Behind here the reading begins: what begins there may have begun before.
    pub(super) after: Position,
    pub(super) run: Option<Run>,
}

/// What one aggregate let expire at one time: events that follow each other.
pub(super) struct Run {
    kind: usize,
    origin: Origin,
    now: Timestamp,
    first: Position,
    next: Position,
    /// What a round emits today, as far as it was not read yet.
    expected: VecDeque<Box<dyn Emitted>>,
    was: Vec<String>,
    computed: Vec<String>,
    /// Why it is not the same.
    differs: bool,
    failed: Option<String>,
}

impl Run {
    fn goes_on_with(&self, recorded: &RecordedEvent) -> bool {
        let event = &recorded.event;
        recorded.position == self.next
            && event.recorded_at == self.now
            && event.metadata.command.is_none()
            && event.metadata.origin.as_ref().is_some_and(|origin| {
                origin.tag == self.origin.tag && origin.aggregate == self.origin.aggregate
            })
    }
}

impl Expired {
    /// Looks at the next event before it is folded: everything before it was.
    pub(super) async fn look(
        &mut self,
        recorded: &RecordedEvent,
        states: &mut States<'_>,
        findings: &mut Findings,
    ) -> Result<(), RehearsalError> {
        let goes_on = self.run.as_ref().is_some_and(|run| run.goes_on_with(recorded));
        if !goes_on {
            self.finish(findings);
            self.begin(recorded);
        }
        let Expired { kinds, run: Some(run), .. } = self else { return Ok(()) };
        run.next = recorded.position.plus(1);
        run.was.push(event_shown(&recorded.event));
        if run.differs {
            return Ok(());
        }
        if run.expected.is_empty() {
            let (kind, part) = &kinds[run.kind];
            let boundary = match guarded(|| (kind.boundary)(&run.origin.tag)).flatten() {
                Ok(boundary) => boundary,
                Err(why) => {
                    findings.leave_out(*part, LeftOut::Unreadable(why));
                    self.run = None;
                    return Ok(());
                }
            };
            states.hold(&boundary).await?;
            let round = |views: &_| guarded(|| (kind.round)(views, &boundary, run.now)).flatten();
            match states.show(&boundary, round).unwrap_or_else(|why| Err(format!("fails: {why}"))) {
                Ok(events) => run.expected = events.into(),
                Err(why) => (run.differs, run.failed) = (true, Some(why)),
            }
        }
        if let Some(expected) = run.expected.pop_front() {
            run.computed.push(expected.shown());
            run.differs |= !expected.is(&recorded.event);
        }
        Ok(())
    }

    fn begin(&mut self, recorded: &RecordedEvent) {
        let event = &recorded.event;
        if event.metadata.command.is_some() || event.is_reserved() {
            return;
        }
        let Some(origin) = &event.metadata.origin else { return };
        let kind =
            self.kinds.iter().position(|(kind, _)| (kind.is_named)(origin.aggregate.as_str()));
        self.run = kind.map(|kind| Run {
            kind,
            origin: origin.clone(),
            now: event.recorded_at,
            first: recorded.position,
            next: recorded.position,
            expected: VecDeque::new(),
            was: Vec::new(),
            computed: Vec::new(),
            differs: false,
            failed: None,
        });
    }

    /// No more is read, though there is more.
    pub(super) fn cut_off(&mut self, findings: &mut Findings) {
        if let Some(run) = self.run.take_if(|run| !run.differs && !run.expected.is_empty()) {
            findings.leave_out(self.kinds[run.kind].1, LeftOut::CutOff);
        }
    }

    /// What was read ends, or goes on with something else.
    pub(super) fn finish(&mut self, findings: &mut Findings) {
        let Some(mut run) = self.run.take() else { return };
        let (Timed { name, .. }, part) = &self.kinds[run.kind];
        if !run.differs && run.expected.is_empty() {
            return findings.same(*part);
        }
        if self.after > Position::START && run.first == self.after.plus(1) {
            return findings.leave_out(*part, LeftOut::CutOff);
        }
        run.computed.extend(run.expected.iter().map(|expected| expected.shown()));
        findings.differs(*part, || Difference {
            of: format!("deadline of {name} {}", run.origin.tag.value()),
            position: run.first,
            about: String::new(),
            was: listed("emits", run.was),
            now: run.failed.unwrap_or_else(|| listed("emits", run.computed)),
        });
    }
}
