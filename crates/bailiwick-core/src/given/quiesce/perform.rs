//! An effect of a set is performed, and leaves its trace.

use super::pending::{Does, Place, Running};
use super::set::Set;
use crate::box_error::BoxError;
use crate::effect::Failed;
use crate::given::performing::{self, Performed};
use crate::given::report::Report;
use crate::journal::RecordedEvent;
use crate::policy::{DeliveryEnded, Ending};

impl Set {
    /// The first time, or once more because it was asked for.
    pub(super) fn performs(&mut self, place: Place, news: &RecordedEvent) -> Result<(), Report> {
        let at = place.1;
        let retries = self.pending.work[&place].retries;
        // It may have asked for it before: now it is another story.
        let is_its = |declares| declares == self.running[at].declares.id;
        self.undone.retain(|undone| {
            !(is_its(undone.declares.id) && undone.retries && undone.position == place.0)
        });
        let ended = match self.attempt(at, news, retries + 1)? {
            None => None,
            Some(Performed::Done) => Some(DeliveryEnded { how: Ending::Performed, reason: None }),
            Some(Performed::Hangs) => {
                let called = self.running[at].called;
                let what = format_args!("{called} waits for something from outside of the story");
                let report = self.past.report(what);
                return Err(report.line("seeing", self.past.shown(news.position)));
            }
            Some(Performed::Failed(failed)) => {
                let reason = failed.reason().to_owned();
                let mut undone = self.not_done(at, news.position, None, reason.clone());
                if let Failed::Retry { after, .. } = failed {
                    undone.retries = true;
                    self.undone.push(undone);
                    let work = self.pending.work.get_mut(&place).expect("it is pending");
                    work.retry(self.past.now, after);
                    return Ok(());
                }
                self.undone.push(undone);
                Some(DeliveryEnded { how: Ending::GaveUp, reason: Some(reason) })
            }
        };
        self.pending.work.remove(&place);
        if let Some(ended) = ended {
            self.leave_trace(at, &self.cause(at, news, None), &ended)?;
            self.dealt_with.push((place, Vec::new()));
        }
        Ok(())
    }

    /// As if nobody knew whether it was done.
    pub(super) fn performs_again(&mut self, at: usize, news: &RecordedEvent) -> Result<(), Report> {
        self.attempt(at, news, 1).map(drop)
    }

    fn attempt(
        &mut self,
        at: usize,
        news: &RecordedEvent,
        number: u32,
    ) -> Result<Option<Performed>, Report> {
        let Running { does, declares, called, run, kept, .. } = &mut self.running[at];
        let Does::Effect(effect) = does else { return Ok(None) };
        let delivery = performing::delivery(declares, *run, news);
        let (log, attempt) = (&self.past.log, (self.past.now, number));
        let performed = performing::perform(&**effect, (news, &delivery), attempt, (log, kept));
        performed.map(|performed| performed.map(|(performed, _)| performed)).map_err(
            |error: BoxError| {
                let report = self.past.report(format_args!("{called} cannot perform this"));
                report.line("seeing", self.past.shown(news.position)).because(error.as_ref())
            },
        )
    }
}
