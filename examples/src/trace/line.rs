//! A step as a line of JSON.
//!
//! The line is read as one flat object first and judged afterwards, because that way an error can
//! say which field is missing from which attempt, or is one too many.

use std::fmt;
use std::str::FromStr;

use bailiwick_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Attempt, Step};
use crate::streaming::{AccountId, Acquire, KeepAlive, Release, SessionId, SetLimit};

/// A line as it stands there, with its fields in the order in which they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: Timestamp,
    account: AccountId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    what: What,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Acquire,
    KeepAlive,
    Release,
    SetLimit,
}

impl What {
    fn example(self) -> &'static str {
        match self {
            What::Acquire => {
                r#"{"at":61500,"account":"a1","session":"tv","what":"acquire","lease_ms":180000}"#
            }
            What::KeepAlive => {
                r#"{"at":61500,"account":"a1","session":"tv","what":"keep_alive","lease_ms":180000}"#
            }
            What::Release => r#"{"at":61500,"account":"a1","session":"tv","what":"release"}"#,
            What::SetLimit => r#"{"at":61500,"account":"a1","what":"set_limit","limit":2}"#,
        }
    }
}

/// Why a line is not a step.
#[derive(Debug, thiserror::Error)]
#[error("{problem}; expected for example {expected}")]
pub struct BadLine {
    problem: String,
    expected: &'static str,
}

impl BadLine {
    fn new(problem: String, what: What) -> BadLine {
        let expected = what.example();
        BadLine { problem, expected }
    }

    fn json(error: &serde_json::Error) -> BadLine {
        // Its own "at line 1" would be taken for the line of the file.
        let text = error.to_string();
        let problem = match text.rsplit_once(" at line ") {
            Some((problem, _)) => format!("{problem} (column {})", error.column()),
            None => text,
        };
        BadLine::new(problem, What::Acquire)
    }
}

/// Takes out the fields of a line; what is missing or left over is an error.
struct Fields(Line);

impl Fields {
    fn session(&mut self) -> Result<SessionId, BadLine> {
        self.0.session.take().ok_or_else(|| self.missing("session"))
    }

    fn lease_ms(&mut self) -> Result<u64, BadLine> {
        self.0.lease_ms.take().ok_or_else(|| self.missing("lease_ms"))
    }

    fn limit(&mut self) -> Result<usize, BadLine> {
        self.0.limit.take().ok_or_else(|| self.missing("limit"))
    }

    fn missing(&self, field: &str) -> BadLine {
        self.bad("needs the field", field)
    }

    fn bad(&self, is: &str, field: &str) -> BadLine {
        let what = serde_json::to_string(&self.0.what).unwrap_or_default();
        BadLine::new(format!("{what} {is} {field:?}"), self.0.what)
    }

    fn end(self) -> Result<(Timestamp, AccountId), BadLine> {
        let left = [
            ("session", self.0.session.is_some()),
            ("lease_ms", self.0.lease_ms.is_some()),
            ("limit", self.0.limit.is_some()),
        ];
        match left.iter().find(|(_, there)| *there) {
            Some((field, _)) => Err(self.bad("has no field", field)),
            None => Ok((self.0.at, self.0.account)),
        }
    }
}

impl FromStr for Step {
    type Err = BadLine;

    fn from_str(text: &str) -> Result<Step, BadLine> {
        let line = serde_json::from_str(text).map_err(|error| BadLine::json(&error))?;
        let mut fields = Fields(line);
        let attempt = match fields.0.what {
            What::Acquire => Attempt::Acquire(Acquire {
                session: fields.session()?,
                lease_ms: fields.lease_ms()?,
            }),
            What::KeepAlive => Attempt::KeepAlive(KeepAlive {
                session: fields.session()?,
                lease_ms: fields.lease_ms()?,
            }),
            What::Release => Attempt::Release(Release { session: fields.session()? }),
            What::SetLimit => Attempt::SetLimit(SetLimit { limit: fields.limit()? }),
        };
        let (at, account) = fields.end()?;
        Ok(Step { at, account, attempt })
    }
}

impl From<&Step> for Line {
    fn from(step: &Step) -> Line {
        let (what, session, lease_ms, limit) = match step.attempt.clone() {
            Attempt::Acquire(Acquire { session, lease_ms }) => {
                (What::Acquire, Some(session), Some(lease_ms), None)
            }
            Attempt::KeepAlive(KeepAlive { session, lease_ms }) => {
                (What::KeepAlive, Some(session), Some(lease_ms), None)
            }
            Attempt::Release(Release { session }) => (What::Release, Some(session), None, None),
            Attempt::SetLimit(SetLimit { limit }) => (What::SetLimit, None, None, Some(limit)),
        };
        Line { at: step.at, account: step.account.clone(), session, what, lease_ms, limit }
    }
}

/// The line, without its end.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = serde_json::to_string(&Line::from(self)).map_err(|_| fmt::Error)?;
        f.write_str(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for what in [What::Acquire, What::KeepAlive, What::Release, What::SetLimit] {
            let step: Step = what.example().parse().unwrap();
            assert_eq!(step.to_string(), what.example());
        }
    }

    #[test]
    fn attempts_that_no_rule_would_accept_are_steps() {
        let text = r#"{"at":0,"account":"a","session":"s","what":"acquire","lease_ms":0}"#;
        assert_eq!(text.parse::<Step>().unwrap().to_string(), text);
    }

    #[track_caller]
    fn refused(line: &str, problem: &str) {
        let error = line.parse::<Step>().unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
        assert!(error.contains("expected"), "{error}");
        assert!(!error.contains('\n') && !error.contains("line 1"), "{error}");
    }

    #[test]
    fn a_bad_line_says_what_is_wrong_and_what_was_expected() {
        refused("", "EOF while parsing a value (column 0)");
        refused("nonsense", "expected ident (column 2)");
        refused(r#"{"at":0"#, "EOF while parsing an object (column 7)");
        refused(r#"{"at":"noon","account":"a"}"#, r#"invalid type: string "noon""#);
        refused(r#"{"at":-1,"account":"a"}"#, "invalid value: integer `-1`");
        refused(r#"{"account":"a","what":"release"}"#, "missing field `at`");
        refused(
            r#"{"at":0,"account":"a","what":"aquire"}"#,
            "unknown variant `aquire`, expected one of `acquire`, `keep_alive`",
        );
        refused(r#"{"at":0,"acount":"a"}"#, "unknown field `acount`");
        refused(r#"{"at":0,"account":"","what":"release"}"#, "it is empty");
    }

    #[test]
    fn an_attempt_has_its_fields_and_no_others() {
        refused(
            r#"{"at":0,"account":"a","session":"s","what":"acquire"}"#,
            r#""acquire" needs the field "lease_ms"; expected for example {"at""#,
        );
        refused(
            r#"{"at":0,"account":"a","what":"release"}"#,
            r#""release" needs the field "session""#,
        );
        refused(
            r#"{"at":0,"account":"a","what":"set_limit","limit":2,"lease_ms":3}"#,
            r#""set_limit" has no field "lease_ms""#,
        );
    }
}
