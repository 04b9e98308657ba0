//! What policies and effects did in vain: what was refused, where they gave up, and what is to be retried.

use std::any::TypeId;

use super::set::Set;
use crate::given::report::Report;
use crate::given::sent::{Sent, Shown};
use crate::policy::{Outgoing, ReactionDescriptor};
use crate::position::Position;
use crate::short_name::short_name;

/// A command of a policy that was refused, news about which it or an effect gave up, or a call of an effect that
/// is to be retried: from
/// [`Quiesce::refusals`](super::Quiesce::refusals).
///
/// For an example see [`quiesce`](fn@crate::quiesce).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The `NAME` of the policy or the effect.
    pub policy: &'static str,
    /// The news.
    pub position: Position,
    /// The command and to whom it went, as `Debug` shows it; none where it gave up, or is to be retried.
    pub sent: Option<String>,
    /// An effect has asked to be retried, and is when the time moves on.
    pub retries: bool,
    /// The reason of whoever refused, or that of the policy or the effect.
    pub reason: String,
}

/// The same, as long as the story has not mentioned it.
pub(super) struct Undone {
    pub(super) declares: ReactionDescriptor,
    pub(super) called: &'static str,
    pub(super) position: Position,
    pub(super) sent: Option<Outgoing>,
    pub(super) retries: bool,
    pub(super) reason: String,
}

impl Undone {
    fn shown(&self) -> Option<String> {
        self.sent.as_ref().map(|sent| format!("{:?}", Shown(sent)))
    }

    fn refusal(&self) -> Refusal {
        let Undone { declares, position, retries, reason, .. } = self;
        let (policy, position, retries) = (declares.name, *position, *retries);
        Refusal { policy, position, sent: self.shown(), retries, reason: reason.clone() }
    }
}

impl Set {
    /// Everything that was refused or given up is mentioned.
    pub(super) fn all_is_told(&self) -> Result<(), Report> {
        if self.undone.is_empty() {
            return Ok(());
        }
        let what =
            format_args!("this was done in vain, and the story goes on without a word of it");
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
                    let what = if undone.retries { "retries" } else { "gave up" };
                    report.line(what, format_args!("{}, seeing {news}", undone.called))
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

    /// The story mentions that a policy or an effect of this type gave up, or asked to be retried.
    pub(super) fn in_vain<P: 'static>(
        &mut self,
        retries: bool,
        because: &str,
    ) -> Result<(), Report> {
        let what = if retries { "asks to be retried" } else { "gives up" };
        self.told(
            |undone| {
                let is_its = undone.declares.id == TypeId::of::<P>();
                is_its && undone.sent.is_none() && undone.retries == retries
            },
            because,
            |report| report.line("expected", format_args!("{} {what}", short_name::<P>())),
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
