//! What is said in the log of an aggregate; once for all types, for it is a lot of code for a line.

use std::fmt::Display;

use bailiwick_core::{ErrorReport, Position};
use tracing::Span;

use crate::error::{Cause, LoadError};

/// Of whom it is said.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    /// The `NAME` of its type.
    pub(crate) aggregate: &'static str,
    pub(crate) id: &'a dyn Display,
}

impl Of<'_> {
    pub(crate) fn turn(self, commands: usize) -> Span {
        tracing::trace_span!("turn", aggregate = self.aggregate, id = %self.id, commands)
    }

    pub(crate) fn conflict(self, at: Position) {
        tracing::debug!(aggregate = self.aggregate, id = %self.id, %at, "another writer was faster");
    }

    pub(crate) fn failed_append(self, cause: &Cause, may_be_written: bool, left_out: u64) {
        let cause = ErrorReport::of(cause);
        tracing::error!(aggregate = self.aggregate, id = %self.id, %cause, may_be_written, left_out, "an append failed");
    }

    pub(crate) fn failed_load(self, error: &LoadError, left_out: u64) {
        let error = ErrorReport::of(error);
        tracing::error!(aggregate = self.aggregate, id = %self.id, %error, left_out, "cannot be loaded");
    }

    pub(crate) fn stuck(self, problem: &str) {
        tracing::error!(aggregate = self.aggregate, id = %self.id, problem, "a deadline is stuck");
    }

    /// `what`: code of the domain or, in a turn, ours.
    pub(crate) fn panicked(self, what: &str, message: &str) {
        tracing::error!(aggregate = self.aggregate, id = %self.id, %message, "{what} panicked");
    }
}

/// A command's code panicked.
pub(crate) fn decide_panicked(aggregate: &'static str, command: &'static str, message: &str) {
    tracing::error!(aggregate, command, %message, "decide panicked");
}
