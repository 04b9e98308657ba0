//! The text of an error for the log.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

/// An error with all its reasons, down to the deepest: `why: because: because`, in one line.
///
/// An error of Bailiwick says what happened, and returns why by [`source`](Error::source); it never does
/// both. So its own text is short, and this is the text for a log or a terminal. It has names of files,
/// of types and of events: a client of a server is told something else (`client_text` of the errors of
/// the crate `bailiwick`).
///
/// It works for errors of any crate. A reason that the error before it has said already, at the end
/// of its text, is not repeated.
///
/// # Examples
/// ```
/// use bailiwick_core::journal::{FaultKind, JournalFault, ReopenError};
/// use bailiwick_core::ErrorReport;
///
/// let fault = JournalFault::new(FaultKind::Full, "data/1.log", "make room", "No space left");
/// let error = ReopenError::StillClosed(fault);
/// assert_eq!(error.to_string(), "the journal is still closed for writing");
/// assert_eq!(
///     ErrorReport::of(&error).to_string(),
///     "the journal is still closed for writing: \
///      data/1.log: there is no room left; make room: No space left"
/// );
/// ```
pub struct ErrorReport<'a>(&'a (dyn Error + 'static));

impl<'a> ErrorReport<'a> {
    /// The report of this error. For a `Box<dyn Error>` or an `Arc<dyn Error>`: of `&*error`.
    pub fn of(error: &'a (dyn Error + 'static)) -> ErrorReport<'a> {
        ErrorReport(error)
    }
}

impl Display for ErrorReport<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        let mut reason = self.0.source();
        while let Some(error) = reason {
            let text = error.to_string();
            if !said.ends_with(&text) {
                said.push_str(": ");
                said.push_str(&text);
            }
            reason = error.source();
        }
        f.write_str(&said)
    }
}

/// As it is displayed: an error that is shown with `{:?}` is read by people, too.
impl fmt::Debug for ErrorReport<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
