//! How a failed story reads: what it is about, then one line per event, marked.

use std::error::Error;
use std::fmt::{Arguments, Debug, Display, Write as _};

use super::same;
use crate::Event;

/// The message of a failure. Its first line says where in the story and what is wrong.
#[must_use]
pub(super) struct Report {
    text: String,
}

impl Report {
    pub(super) fn new(story: Arguments<'_>, what: Arguments<'_>) -> Report {
        Report { text: format!("{story}: {what}") }
    }

    pub(super) fn line(mut self, mark: &str, what: impl Display) -> Report {
        let _ = write!(self.text, "\n  {mark:<11} {what}");
        self
    }

    pub(super) fn happened(self, event: &impl Debug) -> Report {
        self.line("happened", format_args!("{event:?}"))
    }

    pub(super) fn all_happened<E: Debug>(self, events: &[E]) -> Report {
        events.iter().fold(self, Report::happened)
    }

    pub(super) fn all_expected<E: Debug>(self, events: &[E]) -> Report {
        let events = events.iter();
        events.fold(self, |report, event| report.line("expected", format_args!("{event:?}")))
    }

    /// Shows an error with its sources.
    pub(super) fn because(self, error: &(dyn Error + 'static)) -> Report {
        let mut report = self.line("because", error);
        let mut source = error.source();
        while let Some(error) = source {
            report = report.line("because", error);
            source = error.source();
        }
        report
    }

    /// Fails unless the events are equal, in order.
    #[track_caller]
    pub(super) fn compare<E: Event + PartialEq + Debug>(
        self,
        expected: impl IntoIterator<Item = E>,
        happened: &[E],
    ) {
        let expected: Vec<E> = expected.into_iter().collect();
        let equal = expected.len() == happened.len()
            && expected.iter().zip(happened).all(|(a, b)| same::event(a, b));
        if !equal {
            self.side_by_side(&expected, happened).fail();
        }
    }

    /// Both sides, aligned at the events that both have at their beginning and their end.
    fn side_by_side<E: Event + PartialEq + Debug>(self, expected: &[E], happened: &[E]) -> Report {
        if expected.is_empty() {
            return self.line("expected", "nothing").all_happened(happened);
        }
        if happened.is_empty() {
            return self.all_expected(expected).line("happened", "nothing");
        }
        let pairs = expected.iter().zip(happened);
        let start = pairs.take_while(|(a, b)| same::event(*a, *b)).count();
        let (left, right) = (&expected[start..], &happened[start..]);
        let pairs = left.iter().rev().zip(right.iter().rev());
        let end = pairs.take_while(|(a, b)| same::event(*a, *b)).count();
        self.all_equal(&expected[..start])
            .all_expected(&left[..left.len() - end])
            .all_happened(&right[..right.len() - end])
            .all_equal(&left[left.len() - end..])
    }

    fn all_equal<E: Debug>(self, events: &[E]) -> Report {
        let events = events.iter();
        events.fold(self, |report, event| report.line("as expected", format_args!("{event:?}")))
    }

    #[track_caller]
    pub(super) fn fail(self) -> ! {
        panic!("{}", self.text)
    }
}
