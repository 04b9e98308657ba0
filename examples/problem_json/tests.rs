use bailiwick::{AskError, Cause, ReadError};

use super::problem::Problem;
use super::{SomebodySitsThere, Take};

type TakeError = AskError<Take, SomebodySitsThere>;

fn samples() -> Vec<TakeError> {
    TakeError::samples(|| Take("Ann".into()))
}

/// What the errors know, and no client is to: paths, types, messages of panics, numbers of the inside.
const HIDDEN: &[&str] =
    &["/srv", ".log", "::", "index out of", "os error", "1024", "4096", "65536"];

fn check(problem: &Problem) {
    let json = serde_json::to_value(problem).unwrap();
    for field in ["type", "title", "status", "detail"] {
        assert!(!json[field].is_null(), "{field} of {json}");
    }
    let text = json.to_string();
    for hidden in HIDDEN {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    // Whoever may ask again is told when, and nobody else is; never in no time.
    assert!(problem.retry_after.is_none_or(|seconds| seconds > 0), "{text}");
    assert!(problem.retry_after.is_none() || [409, 503, 504].contains(&problem.status), "{text}");
}

#[test]
fn every_error_is_a_problem_that_shows_nothing_of_the_inside() {
    let problems: Vec<Problem> = samples().iter().map(Problem::from).collect();
    assert!(problems.len() > 40, "one of each: {}", problems.len());
    problems.iter().for_each(check);
    ReadError::samples().iter().map(Problem::from).for_each(|problem| check(&problem));
    let rejected = Problem::from(&TakeError::Rejected(SomebodySitsThere));
    check(&rejected);
    assert_eq!((rejected.status, &*rejected.detail), (409, "somebody sits there"));
}

#[test]
fn what_a_client_can_mend_is_no_error_of_the_server() {
    for error in samples() {
        let Problem { status, retry_after, .. } = Problem::from(&error);
        let expected = match error.not_run() {
            Some(Cause::InvalidKey { .. } | Cause::TextTooLong { .. }) => (400, false),
            Some(Cause::KeyReused { .. } | Cause::Moved { .. }) => (409, false),
            Some(Cause::Contended { .. } | Cause::Overtaken { .. }) => (409, true),
            Some(Cause::MailboxFull { .. } | Cause::TimedOut | Cause::KeysFull { .. }) => {
                (503, true)
            }
            Some(Cause::ShutDown | Cause::Unread { .. }) => (503, true),
            Some(Cause::Panicked { .. } | Cause::Unloadable(_)) => (500, false),
            _ => continue,
        };
        assert_eq!((status, retry_after.is_some()), expected, "{error:?}");
    }
}

#[test]
fn what_may_have_been_done_is_asked_again_with_its_key_only() {
    for error in samples() {
        let AskError::Unknown { keyed, .. } = error else { continue };
        let problem = Problem::from(&error);
        let expected = (504, keyed.then_some(1));
        assert_eq!((problem.status, problem.retry_after), expected, "{error:?}");
    }
}
