//! What the journal says, read back from its beginning by somebody who was not there.
//!
//! Nothing here asks the runtime, the domain's code or a counter: students and courses are folded
//! anew from the events, in their order. Each rule is judged at each event that it is about, or the
//! first event is named that contradicts it.

mod school;
#[path = "../../../shared/violation.rs"]
mod violation;

use std::collections::BTreeMap;

use bailiwick::journal::{Journal, JournalReadError, Query, Read, RecordedEvent};
use bailiwick::{ErrorReport, Id};
use bailiwick_examples::registration::{CourseEvent, CourseId, StudentEvent, StudentId};

pub use school::{Rule, School};
pub use violation::Violation;

/// What was found in a journal that contradicts nothing.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many events there are.
    pub events: usize,
    /// Students and courses in the end, and how often each rule was judged.
    pub school: School,
    /// Who took a seat where, by position.
    pub subscriptions: BTreeMap<u64, (StudentId, CourseId)>,
}

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The journal says that a rule was broken.
    #[error("the journal contradicts the rules: {0}")]
    Violated(#[from] Violation),
    /// The journal cannot be read.
    #[error("the journal cannot be read back: {0}")]
    Unread(#[from] JournalReadError),
}

/// Reads `journal`.
///
/// # Errors
/// See [`AuditError`].
pub async fn audit(journal: &dyn Journal) -> Result<Findings, AuditError> {
    let mut findings = Findings::default();
    let mut read = Read::new(Query::all());
    loop {
        let page = journal.read(read.clone()).await?;
        for recorded in &page.events {
            let violated = |what| Violation { position: recorded.position, what };
            findings.fold(recorded).map_err(violated)?;
        }
        read.after = page.upto;
        if !page.more {
            return Ok(findings);
        }
    }
}

impl Findings {
    fn fold(&mut self, recorded: &RecordedEvent) -> Result<(), String> {
        self.events += 1;
        if let Ok(Some(event)) = recorded.event.decode::<StudentEvent>() {
            return self.fold_student(recorded, &event);
        }
        let event = recorded.event.decode::<CourseEvent>();
        let event = event.map_err(|error| ErrorReport::of(&error).to_string())?;
        match event {
            Some(event) => self.school.course(&id(recorded)?, &event),
            None => Err("it is of no type any more".to_owned()),
        }
    }

    fn fold_student(
        &mut self,
        recorded: &RecordedEvent,
        event: &StudentEvent,
    ) -> Result<(), String> {
        match event {
            StudentEvent::Subscribed(event) => {
                let (student, course) = (event.student.clone(), event.course.clone());
                self.school.subscribe(&student, &course)?;
                self.subscriptions.insert(recorded.position.get(), (student, course));
                Ok(())
            }
            StudentEvent::Unsubscribed(event) => {
                self.school.unsubscribe(&event.student, &event.course)
            }
            event => self.school.student(&id(recorded)?, event),
        }
    }
}

/// Whom the event is about, by its tag.
fn id<I: Id>(recorded: &RecordedEvent) -> Result<I, String> {
    let tag = recorded.event.tags.iter().find(|tag| tag.key() == I::KEY);
    let tag = tag.ok_or_else(|| format!("it has no tag {}", I::KEY))?;
    tag.value().parse().map_err(|_| format!("{tag} is no ID"))
}

#[cfg(test)]
mod tests;
