//! What came of a command or a decision, and what may be said about that: the same for both.

use std::error::Error;
use std::fmt::Debug;

use super::report::Report;

/// The reply, and the events.
pub(super) type Accepted<E, Reply> = (Reply, Vec<E>);

/// What came of it. A rejection is to be mentioned before anything else is.
pub(super) struct Verdict<E, Reply, Rejection> {
    story: String,
    command: &'static str,
    result: Result<Accepted<E, Reply>, Rejection>,
    told: bool,
}

impl<E, Reply, Rejection> Verdict<E, Reply, Rejection>
where
    E: PartialEq + Debug,
    Rejection: Error + 'static,
{
    pub(super) fn new(
        story: String,
        command: &'static str,
        result: Result<Accepted<E, Reply>, Rejection>,
    ) -> Self {
        Verdict { story, command, told: result.is_ok(), result }
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
        match &self.result {
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
        if reply != expected {
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
        match &self.result {
            Err(rejection) if rejection == expected => return,
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
