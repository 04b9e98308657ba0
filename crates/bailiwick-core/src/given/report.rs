//! How a failed story reads: what it is about, then one line per event, marked.

use std::error::Error;
use std::fmt::{Arguments, Debug, Display, Write as _};

use super::same;
use crate::event::Event;

/// How two sides are called, and what both have.
pub(super) struct Marks {
    pub(super) left: &'static str,
    pub(super) right: &'static str,
    pub(super) both: &'static str,
}

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
        self.all("happened", events)
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
        let marks = Marks { left: "expected", right: "happened", both: "as expected" };
        self.side_by_side(&marks, &expected, happened, same::event);
    }

    /// Fails unless both are the same, as [`compared`](Report::compared) says.
    #[track_caller]
    pub(super) fn side_by_side<L: Debug, R: Debug>(
        self,
        marks: &Marks,
        left: &[L],
        right: &[R],
        same: impl Fn(&L, &R) -> bool,
    ) {
        if let Err(report) = self.compared(marks, left, right, same) {
            report.fail();
        }
    }

    /// Both sides, aligned at what both have at their beginning and their end, unless they are the same, in
    /// order.
    pub(super) fn compared<L: Debug, R: Debug>(
        self,
        marks: &Marks,
        left: &[L],
        right: &[R],
        same: impl Fn(&L, &R) -> bool,
    ) -> Result<(), Report> {
        let pairs = left.iter().zip(right);
        let start = pairs.take_while(|(a, b)| same(a, b)).count();
        if start == left.len() && start == right.len() {
            return Ok(());
        }
        let (equal, left, right) = (&left[..start], &left[start..], &right[start..]);
        let pairs = left.iter().rev().zip(right.iter().rev());
        let end = pairs.take_while(|(a, b)| same(a, b)).count();
        let (left, equal_too) = left.split_at(left.len() - end);
        let report = self.all(marks.both, equal);
        let is_all = equal.is_empty() && equal_too.is_empty();
        let report = match left {
            [] if is_all => report.line(marks.left, "nothing"),
            _ => report.all(marks.left, left),
        };
        let report = match &right[..right.len() - end] {
            [] if is_all => report.line(marks.right, "nothing"),
            right => report.all(marks.right, right),
        };
        Err(report.all(marks.both, equal_too))
    }

    pub(super) fn all<T: Debug>(self, mark: &str, each: &[T]) -> Report {
        each.iter().fold(self, |report, one| report.line(mark, format_args!("{one:?}")))
    }

    #[track_caller]
    pub(super) fn fail(self) -> ! {
        panic!("{}", self.text)
    }
}
