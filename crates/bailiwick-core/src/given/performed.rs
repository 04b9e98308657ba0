//! What came of an effect, and what may be said about it.

use std::time::Duration;

use super::events::GivenEvents;
use super::performing::Performed;
use super::report::Report;
use crate::effect::Failed;

/// What came of an [effect](crate::Effect): say what it should be, and go on with the story.
///
/// For an example see [`Effect`](crate::Effect).
#[must_use = "say what should come of it: `done`, `gives_up`, ..."]
pub struct EffectOutcome {
    story: GivenEvents,
    effect: &'static str,
    news: String,
    performed: Performed,
}

impl EffectOutcome {
    pub(super) fn new(
        story: GivenEvents,
        effect: &'static str,
        news: String,
        performed: Performed,
    ) -> Self {
        EffectOutcome { story, effect, news, performed }
    }

    /// It is done.
    ///
    /// # Panics
    /// If it is not.
    #[track_caller]
    pub fn done(self) -> GivenEvents {
        match self.performed {
            Performed::Done => self.story,
            _ => self.fails("should have been done", None),
        }
    }

    /// It gave up, for a reason with these words in it.
    ///
    /// # Panics
    /// If it did not, or for another reason.
    #[track_caller]
    pub fn gives_up(self, because: &str) -> GivenEvents {
        match &self.performed {
            Performed::Failed(failed @ Failed::GiveUp { .. })
                if failed.reason().contains(because) =>
            {
                self.story
            }
            _ => self.fails("should have given up", Some(format!("gives up: {because}"))),
        }
    }

    /// It asks to be retried, for a reason with these words in it, and does not say when.
    ///
    /// # Panics
    /// If it does not, or for another reason.
    #[track_caller]
    pub fn retries(self, because: &str) -> GivenEvents {
        self.asks_to_be_retried(None, because)
    }

    /// It asks to be retried after so much time, not earlier, for a reason with these words in it.
    ///
    /// # Panics
    /// If it does not, after another time or for another reason.
    #[track_caller]
    pub fn retries_after(self, after: Duration, because: &str) -> GivenEvents {
        self.asks_to_be_retried(Some(after), because)
    }

    #[track_caller]
    fn asks_to_be_retried(self, expected: Option<Duration>, because: &str) -> GivenEvents {
        match &self.performed {
            Performed::Failed(failed @ Failed::Retry { after, .. })
                if *after == expected && failed.reason().contains(because) =>
            {
                self.story
            }
            _ => {
                let when = expected.map_or_else(String::new, |after| format!(" after {after:?}"));
                let expected = format!("retries{when}: {because}");
                self.fails("should have asked to be retried", Some(expected))
            }
        }
    }

    /// It waits for what never comes, or comes from outside of the story: in a runtime it ends by its
    /// time-out, and is retried.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn times_out(self) -> GivenEvents {
        match self.performed {
            Performed::Hangs => self.story,
            _ => self.fails("should have waited until its time is out", None),
        }
    }

    #[track_caller]
    fn fails(&self, what: &str, expected: Option<String>) -> ! {
        let heading = self.story.heading();
        let report = Report::new(format_args!("{heading}"), format_args!("{} {what}", self.effect))
            .line("seeing", &self.news);
        let report = match expected {
            Some(expected) => report.line("expected", expected),
            None => report,
        };
        report.line("happened", self.performed.shown()).fail()
    }
}

impl Performed {
    /// As people read it.
    pub(super) fn shown(&self) -> String {
        match self {
            Performed::Done => "done".to_owned(),
            Performed::Failed(Failed::GiveUp { reason }) => format!("gives up: {reason}"),
            Performed::Failed(Failed::Retry { reason, after: None }) => {
                format!("retries: {reason}")
            }
            Performed::Failed(Failed::Retry { reason, after: Some(after) }) => {
                format!("retries after {after:?}: {reason}")
            }
            Performed::Hangs => "waits, and nothing wakes it".to_owned(),
        }
    }
}
