//! Commands, decisions and refusals that were recorded, decided again.

use bailiwick_core::journal::{RecordedCommand, RecordedEvent};
use bailiwick_core::recording::{RefusalRecorded, recorded_reason};
use bailiwick_core::views::Folded;
use bailiwick_core::{Position, Tag, Text, Timestamp, codec};
use bytes::Bytes;

use super::emitted::{Outcome, shown};
use super::error::RehearsalError;
use super::report::{Difference, Findings, LeftOut};
use super::states::States;
use super::subjects::{Posed, Subject};
use crate::error::guarded;

/// The commands and decisions that were added, and the command whose events are being read.
pub(super) struct Decided {
    /// Each with its part of the report.
    pub(super) subjects: Vec<(Subject, usize)>,
    pub(super) group: Option<Group>,
}

/// A command whose events are being read.
pub(super) struct Group {
    form: Option<Bytes>,
    /// The position of its last event.
    last: Position,
    /// What is compared, if something is.
    compared: Option<Compared>,
}

struct Compared {
    part: usize,
    of: String,
    outcome: Outcome,
    events: Vec<RecordedEvent>,
}

/// Who decided: an aggregate, by its name and its tag, or a decision.
#[derive(Clone, Copy)]
struct By<'a> {
    aggregate: Option<&'a str>,
    own: Option<&'a Tag>,
    command: &'a str,
}

impl By<'_> {
    fn shown(self) -> String {
        let By { aggregate, own, command } = self;
        let value = own.map_or_else(String::new, |own| format!(" {}", own.value()));
        match aggregate {
            Some(name) => format!("command {command} of {name}{value}"),
            None => format!("decision {command}"),
        }
    }
}

impl Decided {
    /// The form of the command that this event came of, if it is known.
    pub(super) fn form_at(&self, position: Position) -> Option<&Bytes> {
        self.group_at(position)?.form.as_ref()
    }

    /// The command that this event came of, if it is known.
    fn group_at(&self, position: Position) -> Option<&Group> {
        self.group.as_ref().filter(|group| position <= group.last)
    }

    /// Looks at the next event before it is folded: everything before it was.
    pub(super) async fn look(
        &mut self,
        recorded: &RecordedEvent,
        states: &mut States<'_>,
        findings: &mut Findings,
    ) -> Result<(), RehearsalError> {
        let command = recorded.event.metadata.extra().recorded.as_ref();
        if let Some(command) = command.filter(|command| command.as_of.is_none()) {
            self.finish(findings);
            self.group = Some(self.begin(recorded, command, states, findings).await?);
        } else if self.group_at(recorded.position).is_none() {
            self.finish(findings);
            not_recorded(recorded, findings);
        }
        if let Some(Group { form, last, compared }) = &mut self.group {
            if let Some(compared) = compared.as_mut().filter(|_| !recorded.event.is_reserved()) {
                compared.events.push(recorded.clone());
            }
            if let Some(compared) = compared.take_if(|_| recorded.position >= *last) {
                conclude(compared, form.as_ref(), recorded.position, findings);
            }
        }
        Ok(())
    }

    /// What was read ends, or goes on with something else.
    pub(super) fn finish(&mut self, findings: &mut Findings) {
        if let Some(Group { compared: Some(compared), .. }) = self.group.take() {
            findings.leave_out(compared.part, LeftOut::CutOff);
        }
    }

    async fn begin(
        &self,
        recorded: &RecordedEvent,
        command: &RecordedCommand,
        states: &mut States<'_>,
        findings: &mut Findings,
    ) -> Result<Group, RehearsalError> {
        let event = &recorded.event;
        let origin = event.metadata.origin.as_ref();
        let by = By {
            aggregate: origin.map(|origin| origin.aggregate.as_str()),
            own: origin.map(|origin| &origin.tag),
            command: event.metadata.command.as_ref().map_or("", Text::as_str),
        };
        let judged = self.judge(by, event.recorded_at, command, states, findings).await?;
        let compared = judged.map(|(part, outcome)| {
            let events = Vec::new();
            Compared { part, of: by.shown(), outcome, events }
        });
        let last = recorded.position.plus(u64::from(command.events).saturating_sub(1));
        Ok(Group { form: command.form.clone(), last, compared })
    }

    /// What comes of it today, on what it was judged on; none if it is left out.
    async fn judge(
        &self,
        by: By<'_>,
        now: Timestamp,
        command: &RecordedCommand,
        states: &mut States<'_>,
        findings: &mut Findings,
    ) -> Result<Option<(usize, Outcome)>, RehearsalError> {
        let Some((part, posed)) = self.pose(by, command, findings) else { return Ok(None) };
        let boundary = &posed.boundary;
        states.hold(boundary).await?;
        let as_of = command.as_of.unwrap_or(states.at);
        // Beyond there a view that is not guarded may not have been read.
        if states.last(boundary, true) > command.read_upto.unwrap_or(as_of) {
            findings.leave_out(part, LeftOut::Unguarded);
            return Ok(None);
        }
        let decide = |views: &Folded| (posed.decide)(views, now);
        let decided = if states.last(boundary, false) > as_of {
            // What came in between is not what it was judged on.
            let views = states.as_of(boundary, as_of).await?;
            views.and_then(|views| guarded(|| decide(&views)))
        } else {
            states.show(boundary, decide)
        };
        Ok(Some((part, decided.unwrap_or_else(Outcome::Fails))))
    }

    /// What was recorded, to be decided again, and its part of the report; none if it is left out.
    fn pose(
        &self,
        by: By<'_>,
        command: &RecordedCommand,
        findings: &mut Findings,
    ) -> Option<(usize, Posed)> {
        let subject = self.subjects.iter().find(|(subject, _)| {
            let is_by = by.aggregate.map_or(subject.aggregate.is_none(), subject.is_of);
            subject.command == by.command && is_by
        });
        let Some((subject, part)) = subject else {
            let to_add = By { own: None, ..by }.shown();
            findings.leave_out(findings.rest(), LeftOut::NotAdded(to_add));
            return None;
        };
        let posed = match &command.form {
            Some(form) => guarded(|| (subject.pose)(form, by.own)).flatten(),
            None => {
                findings.leave_out(*part, LeftOut::TooLarge);
                return None;
            }
        };
        let left_out = |why| findings.leave_out(*part, LeftOut::Unreadable(why));
        posed.map_err(left_out).ok().map(|posed| (*part, posed))
    }

    /// A refusal, once everything up to where it was judged was folded: up to `upto`.
    pub(super) async fn refused(
        &self,
        refusal: &RecordedEvent,
        states: &mut States<'_>,
        findings: &mut Findings,
    ) -> Result<(), RehearsalError> {
        let event = &refusal.event;
        let Some(command) = &event.metadata.extra().recorded else { return Ok(()) };
        let Ok(Some(said)) = event.decode::<RefusalRecorded>() else { return Ok(()) };
        let by = By {
            aggregate: said.by.as_deref(),
            own: said.by.as_ref().and_then(|_| event.tags.iter().next()),
            command: event.metadata.command.as_ref().map_or("", Text::as_str),
        };
        let judged = self.judge(by, event.recorded_at, command, states, findings).await?;
        let Some((part, outcome)) = judged else { return Ok(()) };
        let is_same = matches!(&outcome, Outcome::Refuses(reason)
            if recorded_reason(reason.clone()) == said.reason);
        if is_same {
            findings.same(part);
        } else {
            findings.differs(part, || Difference {
                of: by.shown(),
                position: refusal.position,
                about: about(command.form.as_ref()),
                was: Outcome::Refuses(said.reason).to_string(),
                now: outcome.to_string(),
            });
        }
        Ok(())
    }
}

/// Where a refusal was judged.
pub(super) fn judged_at(refusal: &RecordedEvent) -> Option<Position> {
    refusal.event.metadata.extra().recorded.as_ref()?.as_of
}

fn not_recorded(recorded: &RecordedEvent, findings: &mut Findings) {
    let RecordedEvent { event, .. } = recorded;
    let Some(command) = event.metadata.command.as_ref().filter(|_| !event.is_reserved()) else {
        return;
    };
    let what = match &event.metadata.origin {
        Some(origin) => format!("{command} of {}", origin.aggregate),
        None => command.to_string(),
    };
    findings.leave_out(findings.rest(), LeftOut::NotRecorded(what));
}

fn conclude(compared: Compared, form: Option<&Bytes>, last: Position, findings: &mut Findings) {
    let Compared { part, of, outcome, events } = compared;
    if outcome.is(&events) {
        return findings.same(part);
    }
    findings.differs(part, || Difference {
        of,
        position: events.first().map_or(last, |first| first.position),
        about: about(form),
        was: shown(&events),
        now: outcome.to_string(),
    });
}

fn about(form: Option<&Bytes>) -> String {
    form.map_or_else(String::new, |form| codec::show(form))
}
