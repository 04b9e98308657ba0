//! What came of a command or a decision, and what may be said about that: the same for both.

use std::error::Error;
use std::fmt::Debug;

use super::came::Verdict;
use super::panicked::Panicked;
use super::report::Report;
use super::same;
use crate::event::Event;

/// The reply, and the events.
pub(super) type Accepted<E, Reply> = (Reply, Vec<E>);

/// A reply with events or a rejection, or a panic.
pub(super) type Judged<E, Reply, Rejection> =
    Result<Result<Accepted<E, Reply>, Rejection>, Panicked>;

/// What came of it, until the story tells. A rejection is to be mentioned before anything else is; a
/// panic goes on, unless it is asked for.
pub(super) struct Untold<E, Reply, Rejection> {
    story: String,
    command: &'static str,
    judged: Judged<E, Reply, Rejection>,
    told: bool,
}

impl<E, Reply, Rejection> Untold<E, Reply, Rejection>
where
    E: Event + PartialEq + Debug,
    Rejection: Error + 'static,
{
    pub(super) fn new(
        story: String,
        command: &'static str,
        judged: Judged<E, Reply, Rejection>,
    ) -> Self {
        Untold { story, command, told: matches!(judged, Ok(Ok(_))), judged }
    }

    /// Whatever came, as a value.
    pub(super) fn into_verdict(self) -> Verdict<E, Reply, Rejection> {
        match self.judged {
            Ok(Ok((reply, events))) => Verdict::Accepted { reply, events },
            Ok(Err(rejection)) => Verdict::Rejected(rejection),
            Err(panicked) => Verdict::Panicked(panicked.message()),
        }
    }

    fn result(&self) -> &Result<Accepted<E, Reply>, Rejection> {
        match &self.judged {
            Ok(result) => result,
            Err(panicked) => panicked.go_on(),
        }
    }

    pub(super) fn report(&self, what: &str) -> Report {
        Report::new(format_args!("{}", self.story), format_args!("{} {what}", self.command))
    }

    /// The story may go on: whatever there is to say was said.
    #[track_caller]
    pub(super) fn is_told(&self) {
        if !self.told {
            self.accepted_or("was rejected, and the story goes on without a word of it");
        }
    }

    #[track_caller]
    pub(super) fn accepted(&self) -> &Accepted<E, Reply> {
        self.accepted_or("should have been accepted")
    }

    #[track_caller]
    fn accepted_or(&self, otherwise: &str) -> &Accepted<E, Reply> {
        match self.result() {
            Ok(accepted) => accepted,
            Err(rejection) => self
                .report(otherwise)
                .line("happened", format_args!("{rejection:?}"))
                .because(rejection)
                .fail(),
        }
    }

    #[track_caller]
    pub(super) fn emits(&self, expected: impl IntoIterator<Item = E>) {
        let (_, events) = self.accepted();
        self.report("emitted other events than was expected").compare(expected, events);
    }

    #[track_caller]
    pub(super) fn replies(&self, expected: &Reply)
    where
        Reply: PartialEq + Debug,
    {
        let (reply, _) = self.accepted();
        if !same::value(reply, expected) {
            self.report("replied something else than was expected")
                .line("expected", format_args!("{expected:?}"))
                .line("happened", format_args!("{reply:?}"))
                .fail();
        }
    }

    #[track_caller]
    pub(super) fn rejected(&mut self, expected: &Rejection)
    where
        Rejection: PartialEq,
    {
        self.told = true;
        match self.result() {
            Err(rejection) if same::value(rejection, expected) => return,
            Err(rejection) => self
                .report("was rejected for another reason than was expected")
                .line("expected", format_args!("{expected:?}"))
                .line("happened", format_args!("{rejection:?}")),
            Ok((_, events)) => self
                .report("was accepted but should have been rejected")
                .line("expected", format_args!("{expected:?}"))
                .all_happened(events),
        }
        .fail()
    }
}
