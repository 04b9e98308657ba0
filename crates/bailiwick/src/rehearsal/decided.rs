//! Commands, decisions and refusals that were recorded, decided again.

use bailiwick_core::journal::{RecordedCommand, RecordedEvent};
use bailiwick_core::recording::{RefusalRecorded, recorded_reason};
use bailiwick_core::views::Folded;
use bailiwick_core::{Position, Tag, Text, Timestamp, codec};
use bytes::Bytes;

use super::emitted::{Outcome, shown};
use super::error::RehearsalError;
use super::report::{Difference, Findings, LeftOut};
use super::states::{States, Unfolded};
use super::subjects::{Posed, Subject};
use crate::error::guarded;

/// The commands and decisions that were added, and the command whose events are being read.
pub(super) struct Decided {
    /// Each with its part of the report.
    subjects: Vec<(Box<dyn Subject>, usize)>,
    /// The part of what belongs to none of them.
    rest: usize,
    group: Option<Group>,
}

/// A command whose events are being read.
struct Group {
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
struct By<'a> {
    aggregate: Option<&'a str>,
    own: Option<&'a Tag>,
    command: &'a str,
}

impl By<'_> {
    fn shown(&self) -> String {
        match (self.aggregate, self.own) {
            (Some(name), Some(own)) => {
                format!("command {} of {name} {}", self.command, own.value())
            }
            _ => format!("decision {}", self.command),
        }
    }

    fn to_add(&self) -> String {
        match self.aggregate {
            Some(name) => format!("command {} of {name}", self.command),
            None => format!("decision {}", self.command),
        }
    }
}

impl Decided {
    pub(super) fn new(subjects: Vec<(Box<dyn Subject>, usize)>, rest: usize) -> Self {
        Decided { subjects, rest, group: None }
    }

    /// The form of the command that this event came of, if it is known.
    pub(super) fn form_at(&self, position: Position) -> Option<&Bytes> {
        let group = self.group.as_ref().filter(|group| position <= group.last)?;
        group.form.as_ref()
    }

    /// Whether this event came of a command that is known.
    pub(super) fn is_in_group(&self, position: Position) -> bool {
        self.group.as_ref().is_some_and(|group| position <= group.last)
    }

    /// Looks at the next event before it is folded: everything before it was.
    pub(super) async fn look(
        &mut self,
        recorded: &RecordedEvent,
        states: &mut States<'_>,
        upto: Position,
        findings: &mut Findings,
    ) -> Result<(), RehearsalError> {
        if self.group.as_ref().is_some_and(|group| recorded.position > group.last) {
            self.finish(findings);
        }
        if let Some(command) = &recorded.event.metadata.extra().recorded
            && command.as_of.is_none()
        {
            self.finish(findings);
            self.begin(recorded, command, states, upto, findings).await?;
        } else if !self.is_in_group(recorded.position) {
            self.not_recorded(recorded, findings);
        }
        if let Some(group) = &mut self.group
            && let Some(compared) = &mut group.compared
        {
            if !recorded.event.is_reserved() {
                compared.events.push(recorded.clone());
            }
            if recorded.position >= group.last {
                let compared = group.compared.take().expect("it is there");
                conclude(compared, group.form.as_ref(), recorded.position, findings);
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
        &mut self,
        recorded: &RecordedEvent,
        command: &RecordedCommand,
        states: &mut States<'_>,
        upto: Position,
        findings: &mut Findings,
    ) -> Result<(), RehearsalError> {
        let event = &recorded.event;
        let last = recorded.position.plus(u64::from(command.events).saturating_sub(1));
        let origin = event.metadata.origin.as_ref();
        let by = By {
            aggregate: origin.map(|origin| origin.aggregate.as_str()),
            own: origin.map(|origin| &origin.tag),
            command: event.metadata.command.as_ref().map_or("", Text::as_str),
        };
        let posed = self.pose(&by, command, findings);
        let mut compared = None;
        if let Some((posed, part)) = posed {
            let lent = states.lend(posed.boundary(), upto).await?;
            // Beyond there a view that is not guarded may not have been read.
            let read_upto = command.read_upto.unwrap_or(upto);
            if states.last(posed.boundary(), true) > read_upto {
                findings.leave_out(part, LeftOut::Unguarded);
                if let Ok(lent) = lent {
                    states.give_back(lent);
                }
            } else {
                let outcome = decide(&*posed, lent, event.recorded_at, states);
                let events = Vec::new();
                compared = Some(Compared { part, of: by.shown(), outcome, events });
            }
        }
        self.group = Some(Group { form: command.form.clone(), last, compared });
        Ok(())
    }

    /// What was recorded, to be decided again; none if it is left out.
    fn pose(
        &self,
        by: &By<'_>,
        command: &RecordedCommand,
        findings: &mut Findings,
    ) -> Option<(Box<dyn Posed>, usize)> {
        let subject = self.subjects.iter().find(|(subject, _)| {
            subject.command() == by.command
                && match by.aggregate {
                    Some(aggregate) => subject.is_of(aggregate),
                    None => subject.aggregate().is_none(),
                }
        });
        let Some((subject, part)) = subject else {
            findings.leave_out(self.rest, LeftOut::NotAdded(by.to_add()));
            return None;
        };
        let Some(form) = &command.form else {
            findings.leave_out(*part, LeftOut::TooLarge);
            return None;
        };
        let posed = guarded(|| subject.pose(form, by.own)).and_then(|posed| posed);
        match posed {
            Ok(posed) => Some((posed, *part)),
            Err(why) => {
                findings.leave_out(*part, LeftOut::Unreadable(why));
                None
            }
        }
    }

    fn not_recorded(&self, recorded: &RecordedEvent, findings: &mut Findings) {
        let metadata = &recorded.event.metadata;
        let Some(command) = metadata.command.as_ref().filter(|_| !recorded.event.is_reserved())
        else {
            return;
        };
        let what = match &metadata.origin {
            Some(origin) => format!("{command} of {}", origin.aggregate),
            None => command.to_string(),
        };
        findings.leave_out(self.rest, LeftOut::NotRecorded(what));
    }

    /// A refusal, once everything up to where it was judged was folded: up to `upto`.
    pub(super) async fn refused(
        &self,
        refusal: &RecordedEvent,
        states: &mut States<'_>,
        upto: Position,
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
        let Some((posed, part)) = self.pose(&by, command, findings) else { return Ok(()) };
        let as_of = command.as_of.unwrap_or(upto);
        let mut lent = states.lend(posed.boundary(), upto).await?;
        let read_upto = command.read_upto.unwrap_or(as_of);
        if states.last(posed.boundary(), true) > read_upto {
            if let Ok(lent) = lent {
                states.give_back(lent);
            }
            findings.leave_out(part, LeftOut::Unguarded);
            return Ok(());
        }
        if states.last(posed.boundary(), false) > as_of {
            // What came in between is not what it was judged on.
            if let Ok(lent) = lent {
                states.give_back(lent);
            }
            lent = states.as_of(posed.boundary(), as_of).await?;
        }
        let outcome = decide(&*posed, lent, event.recorded_at, states);
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
                now: told(&outcome),
            });
        }
        Ok(())
    }
}

/// Where a refusal was judged.
pub(super) fn judged_at(refusal: &RecordedEvent) -> Option<Position> {
    refusal.event.metadata.extra().recorded.as_ref()?.as_of
}

fn decide(
    posed: &dyn Posed,
    lent: Result<Folded, Unfolded>,
    now: Timestamp,
    states: &mut States<'_>,
) -> Outcome {
    match lent {
        Ok(lent) => {
            let outcome = guarded(|| posed.decide(&lent, now)).unwrap_or_else(Outcome::Fails);
            states.give_back(lent);
            outcome
        }
        Err(why) => Outcome::Fails(why),
    }
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
        now: told(&outcome),
    });
}

fn about(form: Option<&Bytes>) -> String {
    form.map_or_else(String::new, |form| codec::show(form))
}

fn told(outcome: &Outcome) -> String {
    guarded(|| outcome.to_string()).unwrap_or_else(|why| why)
}
