//! How a call to the outside world fails.

use std::time::Duration;

use crate::box_error::BoxError;
use crate::policy::{GiveUp, short_reason};
use crate::report::ErrorReport;
use crate::text::Text;

/// Why an [effect](crate::Effect) was not performed, and what is to become of it.
///
/// There is no third way: whoever cannot tell whether a call has taken effect (a time-out, a broken
/// connection) asks to be retried, with the same [key](crate::Attempt::key).
///
/// ```
/// use std::time::Duration;
///
/// use bailiwick_core::Failed;
///
/// /// What an HTTP service answered.
/// fn outcome(status: u16, retry_after: Option<Duration>) -> Result<(), Failed> {
///     match (status, retry_after) {
///         (200..300, _) => Ok(()),
///         (429 | 503, Some(after)) => Err(Failed::retry_after(after, "it is overloaded")),
///         (408 | 425 | 429 | 500.., _) => Err(Failed::retry(format!("it answered {status}"))),
///         _ => Err(Failed::give_up(format!("it answered {status}"))),
///     }
/// }
///
/// assert_eq!(outcome(503, Some(Duration::from_secs(7))).unwrap_err().after(), Some(Duration::from_secs(7)));
/// assert_eq!(outcome(404, None), Err(Failed::give_up("it answered 404")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failed {
    /// It may help to try again: that is done later and later.
    #[error("{reason}")]
    #[non_exhaustive]
    Retry {
        /// Why. Operators see it.
        reason: Text,
        /// Not before so much time has passed: a `Retry-After`. A floor under the back-off, which is
        /// bounded by [`effect_retry_after_max`]. It is not recorded: after a restart, in another runtime, and when
        /// an operator retries the lane, it is tried at once.
        ///
        /// [`effect_retry_after_max`]: https://docs.rs/bailiwick/latest/bailiwick/struct.Config.html#method.effect_retry_after_max
        after: Option<Duration>,
    },
    /// Nothing can be done about this news, for good. That is recorded with the reason, and the effect goes
    /// on with the next news.
    #[error("{reason}")]
    #[non_exhaustive]
    GiveUp {
        /// Why. It is recorded.
        reason: Text,
    },
}

impl Failed {
    /// It may help to try again. The reason is an error, with all its sources, or a text.
    pub fn retry(reason: impl Into<BoxError>) -> Failed {
        Failed::Retry { reason: text(reason), after: None }
    }

    /// It may help to try again, but not before so much time has passed.
    pub fn retry_after(after: Duration, reason: impl Into<BoxError>) -> Failed {
        Failed::Retry { reason: text(reason), after: Some(after) }
    }

    /// Nothing can be done about it for good. The reason is an error, with all its sources, or a text; of a
    /// long one the first 4 KiB are recorded.
    pub fn give_up(reason: impl Into<BoxError>) -> Failed {
        Failed::GiveUp { reason: text(reason) }
    }

    /// Why.
    pub fn reason(&self) -> &str {
        match self {
            Failed::Retry { reason, .. } | Failed::GiveUp { reason } => reason.as_str(),
        }
    }

    /// For how long it is not to be tried again, if that was said.
    pub fn after(&self) -> Option<Duration> {
        match self {
            Failed::Retry { after, .. } => *after,
            Failed::GiveUp { .. } => None,
        }
    }

    /// Whether it is not to be tried again.
    pub fn is_final(&self) -> bool {
        matches!(self, Failed::GiveUp { .. })
    }
}

fn text(reason: impl Into<BoxError>) -> Text {
    short_reason(ErrorReport::of(&*reason.into()).to_string()).into()
}

impl From<GiveUp> for Failed {
    fn from(give_up: GiveUp) -> Failed {
        Failed::GiveUp { reason: give_up.reason().to_owned().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_reason_the_beginning_is_kept() {
        assert_eq!(Failed::give_up(" ".repeat(4_097)).reason().len(), 4_096 + 15);
    }
}
