//! A whole trace: its lines in order, and time that does not go back.

use bailiwick_core::Timestamp;

use super::{BadLine, Step};

/// The latest time of a step: a hundred years after the beginning. Beyond that something else than
/// a time was recorded.
const LATEST: u64 = 100 * 365 * 24 * 60 * 60 * 1_000;

/// Why a text is not a trace. Lines are numbered from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// A line is not a step.
    #[error("line {line}: {problem}")]
    Line {
        /// Its number.
        line: usize,
        /// What is wrong with it.
        problem: BadLine,
    },
    /// A line is not text.
    #[error("line {line}: byte {byte} is not UTF-8; expected a line of JSON")]
    NotText {
        /// Its number.
        line: usize,
        /// Where, counted from 1.
        byte: usize,
    },
    /// Time goes back.
    #[error("line {line}: \"at\" goes back to {at} from {before}; expected {before} or later")]
    GoesBack {
        /// The number of the earlier step's line.
        line: usize,
        /// When it is.
        at: u64,
        /// When the step before it is.
        before: u64,
    },
    /// It is later than any recording lasts.
    #[error(
        "line {line}: \"at\" is {at}; expected milliseconds since the beginning, up to {LATEST}"
    )]
    TooLate {
        /// The number of the line.
        line: usize,
        /// When it is.
        at: u64,
    },
    /// There is no step.
    #[error("there is no step; expected a line of JSON for each")]
    Empty,
}

/// Reads a trace, of which empty lines are no part.
///
/// # Errors
/// See [`TraceError`]. Whatever is wrong is found before anybody has taken the first step.
pub fn read_trace(bytes: &[u8]) -> Result<Vec<Step>, TraceError> {
    let mut steps: Vec<Step> = Vec::new();
    let mut before = Timestamp::EPOCH;
    for (number, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let Some(step) = read_line(number, text)? else {
            continue;
        };
        in_order(number, before, step.at)?;
        before = step.at;
        steps.push(step);
    }
    match steps.is_empty() {
        true => Err(TraceError::Empty),
        false => Ok(steps),
    }
}

fn in_order(line: usize, before: Timestamp, at: Timestamp) -> Result<(), TraceError> {
    let (before, at) = (before.as_millis(), at.as_millis());
    if at < before {
        return Err(TraceError::GoesBack { line, at, before });
    }
    if at > LATEST {
        return Err(TraceError::TooLate { line, at });
    }
    Ok(())
}

fn read_line(line: usize, text: &[u8]) -> Result<Option<Step>, TraceError> {
    let text = str::from_utf8(text)
        .map_err(|error| TraceError::NotText { line, byte: error.valid_up_to() + 1 })?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(step) => Ok(Some(step)),
        Err(problem) => Err(TraceError::Line { line, problem }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(at: u64) -> String {
        format!(r#"{{"at":{at},"account":"a","session":"tv","what":"release"}}"#)
    }

    fn error(text: &str) -> String {
        read_trace(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn steps_come_in_order_and_several_at_once() {
        let text = format!("{}\n{}\r\n\n{}", step(5), step(5), step(6));
        let steps = read_trace(text.as_bytes()).unwrap();
        let times: Vec<u64> = steps.iter().map(|step| step.at.as_millis()).collect();
        assert_eq!(times, [5, 5, 6]);
    }

    #[test]
    fn a_malformed_line_is_named_by_its_number() {
        let text = format!("{}\n\n{{\"at\":7}}\n", step(5));
        assert!(error(&text).starts_with("line 3: missing field `account`"));
    }

    #[test]
    fn time_does_not_go_back() {
        let text = format!("{}\n{}\n{}\n", step(5), step(2_000), step(1_999));
        assert_eq!(
            error(&text),
            r#"line 3: "at" goes back to 1999 from 2000; expected 2000 or later"#
        );
    }

    #[test]
    fn no_recording_lasts_for_ever() {
        let expected = "expected milliseconds since the beginning, up to 3153600000000";
        assert_eq!(error(&step(u64::MAX)), format!("line 1: \"at\" is {}; {expected}", u64::MAX));
        assert!(read_trace(step(LATEST).as_bytes()).is_ok());
    }

    #[test]
    fn what_is_not_text_is_named_and_nothing_is_no_trace() {
        let bytes = [step(5).as_bytes(), b"\n{\"at\xff"].concat();
        assert_eq!(
            read_trace(&bytes).unwrap_err().to_string(),
            "line 2: byte 5 is not UTF-8; expected a line of JSON"
        );
        assert_eq!(error("\n\n"), TraceError::Empty.to_string());
    }
}
