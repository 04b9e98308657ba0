use std::collections::HashSet;
use std::error::Error;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use bailiwick_core::journal::{FaultKind, JournalReadError};
use bailiwick_core::{ErrorClass, ErrorReport, Position, Tag};

use super::{AskError, Cause, NotRun, ReachError, ReadError};
use crate::error::SubscribeError;
use crate::startup::error::StartError;
use crate::startup::schema::Found;

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("three is enough")]
struct Enough;

type Asked = AskError<u8, Enough>;

/// What no text for a client has: paths, files, types, messages of panics, bounds of the inside, advice
/// for an operator.
const HIDDEN: &[&str] = &[
    "/srv",
    ".log",
    "::",
    "Opened",
    "Accounts",
    "index out of",
    "os error",
    "1024",
    "4096",
    "16 ",
    "65536",
    "look at the disk",
    "serde",
    "`",
    "position",
    "journal",
];

/// No error repeats what the one beneath it says, and the report has each, once.
#[track_caller]
fn check(error: &(dyn Error + 'static)) {
    let report = ErrorReport::of(error).to_string();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        assert_eq!(report.matches(&text).count(), 1, "{text} in {report}");
        next = error.source();
        if let Some(source) = next {
            assert!(!text.contains(&source.to_string()), "{text} repeats its source");
        } else if report.contains("os error 13") {
            assert!(text.contains("os error 13"), "down to the deepest: {report}");
        }
    }
}

/// How many variants there are among these, and a compiler error where one is not known.
macro_rules! variants {
    ($all:expr, $($variant:pat),+ $(,)?) => {{
        let mut found: HashSet<Discriminant<_>> = HashSet::new();
        for one in $all {
            match one { $($variant => {})+ }
            found.insert(discriminant(one));
        }
        let known = [$(stringify!($variant)),+];
        assert_eq!(found.len(), known.len(), "of {known:?} there is no sample");
    }};
}

#[test]
fn there_is_a_sample_of_each_cause() {
    variants!(
        &Cause::samples(),
        Cause::MailboxFull { .. },
        Cause::Overloaded { .. },
        Cause::TextTooLong { .. },
        Cause::TimedOut,
        Cause::ShutDown,
        Cause::InvalidId(_),
        Cause::Unloadable(_),
        Cause::Unread { .. },
        Cause::JournalFailed(_),
        Cause::JournalBusy(_),
        Cause::OverLimit(_),
        Cause::JournalClosed { .. },
        Cause::Contended { .. },
        Cause::Overtaken { .. },
        Cause::Moved { .. },
        Cause::KeyReused { .. },
        Cause::InvalidKey { .. },
        Cause::KeysFull { .. },
        Cause::WindowTooShort { .. },
        Cause::ReplyTooLarge { .. },
        Cause::KeyNotATag { .. },
        Cause::Panicked { .. },
        Cause::Tags(_),
        Cause::Codec(_),
        Cause::Unstorable(_),
        Cause::Boundary(_),
        Cause::Fold(_),
        Cause::Emit(_),
    );
    variants!(
        &ReadError::samples(),
        ReadError::TimedOut,
        ReadError::Overloaded { .. },
        ReadError::Full { .. },
        ReadError::ShutDown,
        ReadError::InvalidId(_),
        ReadError::BeyondHead { .. },
        ReadError::Unloadable(_),
        ReadError::Unread { .. },
        ReadError::Fold(_),
        ReadError::Panicked { .. },
    );
    variants!(
        &ReachError::samples(),
        ReachError::TimedOut { .. },
        ReachError::Failed { .. },
        ReachError::BeyondHead { .. },
        ReachError::Unread(_),
        ReachError::ShutDown,
    );
    variants!(
        &SubscribeError::samples(),
        SubscribeError::InvalidId(_),
        SubscribeError::Cursor(_),
        SubscribeError::ShutDown,
        SubscribeError::Unread(_),
        SubscribeError::Undecodable { .. },
    );
    variants!(
        Asked::samples(|| 7).iter().chain(&[AskError::Rejected(Enough)]),
        AskError::Rejected(_),
        AskError::NotRun(_),
        AskError::AlreadyRun(_),
        AskError::Unknown { .. },
    );
}

#[test]
fn each_says_its_reasons_once_and_down_to_the_deepest() {
    Asked::samples(|| 7).iter().for_each(|error| check(error));
    Cause::samples().iter().for_each(|error| check(error));
    ReadError::samples().iter().for_each(|error| check(error));
    ReachError::samples().iter().for_each(|error| check(error));
    SubscribeError::samples().iter().for_each(|error| check(error));
    check(&AskError::<u8, Enough>::Rejected(Enough));
    let kept = |cause| matches!(cause, Cause::JournalClosed { .. } | Cause::Unread { .. });
    for cause in Cause::samples().into_iter().filter(|cause| kept(cause.clone())) {
        let report = ErrorReport::of(&cause).to_string();
        assert!(report.contains("/srv/data/1.log") && report.contains("os error 13"), "{report}");
    }
    let text = ErrorReport::of(&AskError::<u8, Enough>::Rejected(Enough)).to_string();
    assert_eq!(text, "rejected: three is enough");
}

#[test]
fn a_client_is_told_nothing_of_the_inside() {
    let texts = Asked::samples(|| 7).into_iter().map(|error| error.client_text());
    let texts = texts.chain(ReadError::samples().into_iter().map(|error| error.client_text()));
    let texts = texts.chain(SubscribeError::samples().into_iter().map(|error| error.client_text()));
    for text in texts {
        for hidden in HIDDEN {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
        assert!(!text.is_empty());
    }
    assert_eq!(Asked::Rejected(Enough).client_text(), "three is enough");
    let invalid = Cause::InvalidKey { bytes: 0, most: 200 };
    assert_eq!(invalid.client_text(), "an idempotency key has 1 to 200 bytes");
}

#[test]
fn an_unknown_outcome_is_asked_for_again_with_a_key_only() {
    for error in Asked::samples(|| 7) {
        if let AskError::Unknown { keyed, .. } = error {
            assert_eq!(error.retry_after().is_some(), keyed, "{error:?}");
            assert_eq!(error.class(), ErrorClass::Unknown);
        } else {
            assert_ne!(error.class(), ErrorClass::Unknown);
        }
    }
}

#[test]
fn who_is_told_to_come_again_is_told_when() {
    use ErrorClass::{Conflict, Internal, Invalid, Overloaded, Rejected, Unavailable, Unknown};
    for error in Asked::samples(|| 7) {
        let hint = error.retry_after();
        match error.class() {
            Overloaded => assert!(hint.is_some(), "{error:?}"),
            Rejected | Invalid | Internal => assert_eq!(hint, None, "{error:?}"),
            // Who has moved, or has used a key, is not helped by the same again; nor is anybody whose
            // journal nobody opens.
            Conflict | Unavailable | Unknown => {}
        }
        assert!(hint.is_none_or(|wait| wait >= Duration::from_secs(1)), "{hint:?}");
    }
    let fault = |kind| bailiwick_core::journal::JournalFault::new(kind, "a", "b", "c");
    let closed = |kind, reopened_in| Cause::JournalClosed { fault: fault(kind), reopened_in };
    let in_secs = |secs| Some(Duration::from_secs(secs));
    assert_eq!(closed(FaultKind::Full, in_secs(4)).retry_after(), in_secs(4));
    assert_eq!(closed(FaultKind::Full, in_secs(0)).retry_after(), in_secs(1));
    assert_eq!(closed(FaultKind::Full, None).retry_after(), None, "nobody opens it");
    assert_eq!(closed(FaultKind::Corrupt, in_secs(4)).retry_after(), None, "not by itself");
}

#[test]
fn what_was_not_run_is_an_error_like_any_other() {
    fn ask(command: u8) -> Result<(), NotRun<u8>> {
        Err(NotRun { command, cause: Cause::samples().swap_remove(7) })
    }
    fn boxed() -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(ask(7)?)
    }
    let error = boxed().unwrap_err();
    assert_eq!(error.downcast_ref::<NotRun<u8>>().unwrap().command, 7);
    assert!(ErrorReport::of(&*error).to_string().starts_with("not run: the journal did not"));
}

/// Those for an operator have no text for a client, but a report like all.
#[test]
fn what_keeps_a_runtime_from_starting_is_said_once() {
    let found = || {
        Box::new(Found {
            event_type: "Opened".into(),
            position: Position::new(7),
            tags: Tag::new("account", "a").unwrap().into(),
            aggregate: None,
            command: None,
        })
    };
    let reason = || Box::<dyn Error + Send + Sync>::from("no such field (os error 13)");
    for error in [
        StartError::Unreadable { event: found(), set: "Event", version: 1, source: reason() },
        StartError::UnreadableId {
            event: found(),
            tag: Tag::new("account", "a").unwrap(),
            id: "AccountId",
            source: reason(),
        },
        StartError::Unread(JournalReadError::Unavailable(reason().into())),
    ] {
        check(&error);
        assert!(ErrorReport::of(&error).to_string().ends_with("no such field (os error 13)"));
    }
}
