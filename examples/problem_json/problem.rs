//! What a server says of an error: a problem of RFC 9457, and when to come again.

use std::fmt::Display;
use std::time::Duration;

use bailiwick::{AskError, ErrorClass, ReadError};
use serde::Serialize;

/// The body of an answer with the type `application/problem+json`, and its `Retry-After`.
#[derive(Debug, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    pub status: u16,
    pub detail: String,
    /// In seconds.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

impl<C, R: Display> From<&AskError<C, R>> for Problem {
    fn from(error: &AskError<C, R>) -> Problem {
        Problem::new(error.class(), error.retry_after(), error.client_text().into())
    }
}

impl From<&ReadError> for Problem {
    fn from(error: &ReadError) -> Problem {
        Problem::new(error.class(), error.retry_after(), error.client_text().into())
    }
}

impl Problem {
    fn new(class: ErrorClass, wait: Option<Duration>, detail: String) -> Problem {
        let (status, title) = match class {
            ErrorClass::Rejected => (409, "A rule says no"),
            ErrorClass::Invalid => (400, "That cannot be asked for"),
            ErrorClass::Conflict => (409, "Others were faster"),
            ErrorClass::Overloaded => (503, "Too much to do"),
            ErrorClass::Unavailable => (503, "Not available"),
            ErrorClass::Unknown => (504, "Done, or not"),
            ErrorClass::Internal => (500, "An error of the server"),
        };
        let retry_after = wait.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        Problem { kind: format!("/problems/{class}"), title, status, detail, retry_after }
    }
}
