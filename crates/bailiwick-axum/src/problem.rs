//! What a client is told when it does not get what it asked for.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bailiwick::{AskError, Cause, ErrorClass, ErrorReport, ReachError, ReadError, SubscribeError};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A problem of [RFC 9457]: a status, a `code` for programs, a `detail` for people, and whatever else the client
/// is to know.
///
/// It is an answer of axum's, and all errors of Bailiwick become one by `?`, except rejections: with which status a
/// rule of the domain is told is the domain's to say ([`Call::ask`](crate::Call::ask)).
///
/// | what happened | status | `code` | `Retry-After` |
/// |---|---|---|---|
/// | a rule said no | the application's | the application's | |
/// | it can never be asked so ([`Invalid`](ErrorClass::Invalid)) | 400 | `invalid_request` | |
/// | the idempotency key was used for another request | 422 | `idempotency_key_reused` | |
/// | it has changed since it was looked at | 409 | `changed_meanwhile` | |
/// | others changed it again and again ([`Conflict`](ErrorClass::Conflict)) | 409 | `contended` | yes |
/// | there is too much to do ([`Overloaded`](ErrorClass::Overloaded)) | 503 | `overloaded` | yes |
/// | a projection is not as of the position that is wanted | 503 | `not_reached` | yes |
/// | the journal is closed, the runtime ends ([`Unavailable`](ErrorClass::Unavailable)) | 503 | `unavailable` | mostly |
/// | it may have been done ([`Unknown`](ErrorClass::Unknown)) | 504 | `outcome_unknown` | with an idempotency key |
/// | something is wrong on this side ([`Internal`](ErrorClass::Internal)) | 500 | `internal` | |
///
/// A detail has no names of files, types or events, and no message of a panic. The log has them: an
/// [`Internal`](ErrorClass::Internal) error as an error, an unknown outcome as a warning, the others at the level
/// `debug`, since clients cause as many as they like.
///
/// ```
/// use bailiwick_axum::Problem;
///
/// let problem = Problem::new(409, "limit_reached").detail("all slots are in use").with("limit", 5);
/// assert_eq!((problem.status().as_u16(), problem.code()), (409, "limit_reached"));
/// assert_eq!(
///     serde_json::to_string(&problem).unwrap(),
///     r#"{"type":"about:blank","title":"Conflict","status":409,"code":"limit_reached","detail":"all slots are in use","limit":5}"#,
/// );
/// ```
///
/// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Body>);

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Body {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    #[serde(serialize_with = "number")]
    status: StatusCode,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'static, str>>,
    #[serde(flatten)]
    more: Map<String, Value>,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

fn number<S: Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem with this status and code.
    ///
    /// # Panics
    /// If the status is none of an error, 400 to 599.
    #[track_caller]
    pub fn new(status: u16, code: &'static str) -> Problem {
        let status = StatusCode::from_u16(status).ok();
        let status = status.filter(|status| status.is_client_error() || status.is_server_error());
        let status = status.expect("a problem has a status of 400 to 599");
        Problem(Box::new(Body {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status,
            code,
            detail: None,
            more: Map::new(),
            retry_after: None,
        }))
    }

    /// What people are told. A rejection's is its text (`Display`), unless the problem of it has another one.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Problem {
        self.0.detail = Some(detail.into());
        self
    }

    /// It has this member, too: what a program needs to know of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.0.more.insert(name.to_owned(), value.into());
        self
    }

    /// The same request may help then, and not before. As a header it is in whole seconds, and at least one.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Problem {
        self.0.retry_after = Some(wait);
        self
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What a program recognises it by.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What became of a call that did not succeed. `refused` says of a rejection which problem it is; `key` is the
    /// idempotency key, if there was one.
    pub(crate) fn of_ask<C: 'static, R: Error + 'static>(
        error: AskError<C, R>,
        key: Option<&str>,
        refused: impl FnOnce(R) -> Problem,
    ) -> Problem {
        let class = error.class();
        log(class, &error);
        let error = match error {
            AskError::Rejected(rejection) => return Problem::of_rejection(rejection, refused),
            AskError::Unknown { .. } => return Problem::unknown(key),
            error => error,
        };
        let (wait, detail) = (error.retry_after(), error.client_text());
        let problem = match error {
            AskError::NotRun(not_run) => match not_run.cause {
                Cause::KeyReused { .. } => return Problem::key_reused(),
                Cause::Moved { .. } => Problem::new(409, "changed_meanwhile").detail(detail),
                Cause::InvalidKey { .. } | Cause::KeyNotATag { .. }
                    if class == ErrorClass::Invalid =>
                {
                    Problem::new(400, "invalid_idempotency_key").detail(detail)
                }
                Cause::InvalidId(_) if class == ErrorClass::Invalid => {
                    Problem::new(400, "invalid_id").detail(detail)
                }
                _ => Problem::of_class(class, detail),
            },
            _ => Problem::of_class(class, detail),
        };
        problem.again_in(wait)
    }

    fn of_rejection<R: Error>(rejection: R, refused: impl FnOnce(R) -> Problem) -> Problem {
        let text = rejection.to_string();
        let mut problem = refused(rejection);
        problem.0.detail.get_or_insert(text.into());
        problem
    }

    /// It may have been done: says what to do about that.
    pub(crate) fn unknown(key: Option<&str>) -> Problem {
        const LOOK: &str = "it may have been done, or not; look before you ask again";
        const AGAIN: &str = "it may have been done, or not; ask again with the same idempotency key, and it is done once";
        match key {
            Some(key) => Problem::new(504, "outcome_unknown")
                .detail(AGAIN)
                .with("idempotency_key", key)
                .retry_after(Duration::from_secs(1)),
            None => Problem::new(504, "outcome_unknown").detail(LOOK),
        }
    }

    pub(crate) fn key_reused() -> Problem {
        let detail = "the idempotency key was used for another request; use a new one for this";
        Problem::new(422, "idempotency_key_reused").detail(detail)
    }

    /// The log says what.
    pub(crate) fn internal() -> Problem {
        Problem::new(500, "internal").detail("something is wrong on this side")
    }

    /// There is more to do than may be: this was not begun.
    pub(crate) fn overloaded() -> Problem {
        let detail = "there is too much to do just now, and this was not begun; try again later";
        Problem::new(503, "overloaded").detail(detail).retry_after(Duration::from_secs(1))
    }

    fn of_class(class: ErrorClass, detail: Cow<'static, str>) -> Problem {
        let (status, code) = match class {
            ErrorClass::Rejected => (409, "rejected"),
            ErrorClass::Invalid => (400, "invalid_request"),
            ErrorClass::Conflict => (409, "contended"),
            ErrorClass::Overloaded => (503, "overloaded"),
            ErrorClass::Unavailable => (503, "unavailable"),
            ErrorClass::Unknown => (504, "outcome_unknown"),
            ErrorClass::Internal => (500, "internal"),
        };
        Problem::new(status, code).detail(detail)
    }

    fn again_in(mut self, wait: Option<Duration>) -> Problem {
        self.0.retry_after = wait;
        self
    }
}

/// What a client causes as often as it likes is no line in the log of its own.
fn log(class: ErrorClass, error: &(dyn Error + 'static)) {
    let report = ErrorReport::of(error);
    match class {
        ErrorClass::Internal => tracing::error!(error = %report, "not done"),
        ErrorClass::Unknown => tracing::warn!(error = %report, "the outcome is unknown"),
        _ => tracing::debug!(error = %report, "not done"),
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Problem {
        log(error.class(), &error);
        let problem = match error {
            ReadError::InvalidId(ref tag) if tag.class() == ErrorClass::Invalid => {
                Problem::new(400, "invalid_id").detail(error.client_text())
            }
            _ => Problem::of_class(error.class(), error.client_text()),
        };
        problem.again_in(error.retry_after())
    }
}

impl From<SubscribeError> for Problem {
    fn from(error: SubscribeError) -> Problem {
        log(error.class(), &error);
        let problem = match error {
            SubscribeError::InvalidId(ref tag) if tag.class() == ErrorClass::Invalid => {
                Problem::new(400, "invalid_id").detail(error.client_text())
            }
            SubscribeError::Cursor(_) => {
                Problem::new(400, "unknown_cursor").detail(error.client_text())
            }
            _ => Problem::of_class(error.class(), error.client_text()),
        };
        problem.again_in(error.retry_after())
    }
}

impl From<ReachError> for Problem {
    fn from(error: ReachError) -> Problem {
        log(error.class(), &error);
        let detail = error.client_text();
        let problem = match error {
            ReachError::BeyondHead { .. } => Problem::new(400, "unknown_position").detail(detail),
            ReachError::TimedOut { .. } => Problem::new(503, "not_reached").detail(detail),
            _ => Problem::of_class(error.class(), detail),
        };
        problem.again_in(error.retry_after())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.0.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.0.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, seconds.max(1).into());
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Refused;

    impl fmt::Display for Refused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a rule says no")
        }
    }

    impl Error for Refused {}

    fn check(problem: &Problem, class: ErrorClass) {
        let status = match class {
            ErrorClass::Rejected => 418,
            ErrorClass::Invalid if problem.code() == "idempotency_key_reused" => 422,
            ErrorClass::Invalid => 400,
            ErrorClass::Conflict if problem.code() == "idempotency_key_reused" => 422,
            ErrorClass::Conflict => 409,
            ErrorClass::Overloaded | ErrorClass::Unavailable => 503,
            ErrorClass::Unknown => 504,
            ErrorClass::Internal => 500,
        };
        assert_eq!(problem.status(), status, "{problem:?}");
        let shown = serde_json::to_string(problem).unwrap();
        for hidden in ["/srv", ".log", "::", "index out of", "os error"] {
            assert!(!shown.contains(hidden), "{hidden} in {shown}");
        }
    }

    #[test]
    fn every_class_has_its_status_and_hint_and_nothing_of_the_inside_is_shown() {
        type Asked = AskError<(), Refused>;
        let refused = |_| Problem::new(418, "refused");
        for keyed in [None, Some("k")] {
            for error in Asked::samples(|| ()) {
                let (class, wait) = (error.class(), error.retry_after());
                let unknown = matches!(error, AskError::Unknown { .. });
                let problem = Problem::of_ask(error, keyed, refused);
                check(&problem, class);
                match unknown {
                    true => assert_eq!(problem.0.retry_after.is_some(), keyed.is_some()),
                    false => assert_eq!(problem.0.retry_after, wait, "{problem:?}"),
                }
            }
        }
        let rejected = Problem::of_ask(Asked::Rejected(Refused), None, refused);
        check(&rejected, ErrorClass::Rejected);
        assert_eq!(rejected.0.detail.as_deref(), Some("a rule says no"));
        for error in ReadError::samples() {
            let class = error.class();
            check(&Problem::from(error), class);
        }
        for error in SubscribeError::samples() {
            let class = error.class();
            check(&Problem::from(error), class);
        }
    }

    #[test]
    fn a_projection_that_has_failed_is_not_asked_again() {
        for error in ReachError::samples() {
            let (class, wait) = (error.class(), error.retry_after());
            let code = match error {
                ReachError::TimedOut { .. } => "not_reached",
                ReachError::BeyondHead { .. } => "unknown_position",
                _ => "unavailable",
            };
            let problem = Problem::from(error);
            check(&problem, class);
            assert_eq!((problem.code(), problem.0.retry_after), (code, wait));
        }
    }
}
