//! What policies did in vain: what was refused, and where they gave up.

use std::any::TypeId;

use super::set::Set;
use crate::given::report::Report;
use crate::given::sent::{Sent, Shown};
use crate::policy::Outgoing;
use crate::{Policy, Position};

/// A command of a policy that was refused, or news about which it gave up: from
/// [`Quiesce::refusals`](super::Quiesce::refusals).
///
/// For an example see [`quiesce`](fn@crate::quiesce).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The `NAME` of the policy.
    pub policy: &'static str,
    /// The news.
    pub position: Position,
    /// The command and to whom it went, as `Debug` shows it; none where the policy gave up.
    pub sent: Option<String>,
    /// The reason of whoever refused, or that of the policy.
    pub reason: String,
}

/// The same, as long as the story has not mentioned it.
pub(super) struct Undone {
    pub(super) policy: &'static str,
    pub(super) policy_type: TypeId,
    pub(super) called: &'static str,
    pub(super) position: Position,
    pub(super) sent: Option<Outgoing>,
    pub(super) reason: String,
}

impl Undone {
    fn shown(&self) -> Option<String> {
        self.sent.as_ref().map(|sent| format!("{:?}", Shown(sent)))
    }

    fn refusal(&self) -> Refusal {
        let (policy, position) = (self.policy, self.position);
        Refusal { policy, position, sent: self.shown(), reason: self.reason.clone() }
    }
}

impl Set {
    /// Everything that was refused or given up is mentioned.
    pub(super) fn all_is_told(&self) -> Result<(), Report> {
        if self.undone.is_empty() {
            return Ok(());
        }
        let what =
            format_args!("policies did this in vain, and the story goes on without a word of it");
        Err(self.show_undone(self.past.report(what)))
    }

    fn show_undone(&self, report: Report) -> Report {
        self.undone.iter().fold(report, |report, undone| {
            let report = match undone.shown() {
                Some(sent) => {
                    report.line("refused", format_args!("{sent}, from {}", undone.called))
                }
                None => {
                    let news = self.past.shown(undone.position);
                    report.line("gave up", format_args!("{}, seeing {news}", undone.called))
                }
            };
            report.line("because", &undone.reason)
        })
    }

    /// The story mentions that this was refused.
    pub(super) fn refused(&mut self, expected: &Sent, because: &str) -> Result<(), Report> {
        self.told(
            |undone| undone.sent.as_ref().is_some_and(|sent| expected.is(sent)),
            because,
            |report| report.line("expected", format_args!("{expected:?}")),
        )
    }

    /// The story mentions that a policy gave up.
    pub(super) fn gave_up_of<P: Policy>(&mut self, because: &str) -> Result<(), Report> {
        self.told(
            |undone| undone.sent.is_none() && undone.policy_type == TypeId::of::<P>(),
            because,
            |report| report.line("expected", format_args!("{} gives up", P::NAME)),
        )
    }

    fn told(
        &mut self,
        is_it: impl Fn(&Undone) -> bool,
        because: &str,
        expected: impl FnOnce(Report) -> Report,
    ) -> Result<(), Report> {
        let it = |undone: &Undone| is_it(undone) && undone.reason.contains(because);
        if let Some(at) = self.undone.iter().position(it) {
            self.undone.remove(at);
            return Ok(());
        }
        let report = self.past.report(format_args!("this should have been done in vain"));
        let report = expected(report).line("because", because);
        Err(match self.undone.is_empty() {
            true => report.line("happened", "nothing"),
            false => self.show_undone(report),
        })
    }

    /// The story mentions all of them, whatever they are.
    pub(super) fn take_refusals(&mut self) -> Vec<Refusal> {
        self.undone.drain(..).map(|undone| undone.refusal()).collect()
    }
}
