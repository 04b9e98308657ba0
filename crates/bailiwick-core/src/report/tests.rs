use std::fmt::Debug;

use super::*;
use crate::codec::CodecError;
use crate::codec::wire::Malformed;
use crate::decision::EmitError;
use crate::fields::FieldError;
use crate::id;
use crate::id::{InvalidId, UnreadableId};
use crate::journal::record::RecordError;
use crate::journal::{
    AppendError, EmptyQuery, FaultKind, JournalFault, JournalReadError, OverLimit, ReopenError,
};
use crate::position::Position;
use crate::stored::Unstorable;
use crate::tag::{InvalidTag, Tag, Tags};
use crate::tagged::TagError;
use crate::views::BoundaryError;

/// What is beneath every error that has something beneath it.
const DEEPEST: &str = "the disk is on fire";

#[derive(Debug, thiserror::Error)]
#[error("it was tried")]
struct Tried(#[source] Box<dyn Error + Send + Sync>);

fn deep() -> Box<dyn Error + Send + Sync> {
    Tried(DEEPEST.into()).into()
}

/// One value of each variant; a variant that is missing is an error of the compiler.
macro_rules! each {
    ($($variant:pat => $value:expr),+ $(,)?) => {{
        let all = vec![$($value),+];
        for one in &all {
            match one {
                $($variant => {})+
            }
        }
        all
    }};
}

/// No error repeats what the one beneath it says, and the report has them all, once.
fn check(error: &(dyn Error + 'static)) {
    let report = ErrorReport::of(error).to_string();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        assert!(!text.is_empty() && report.matches(&text).count() == 1, "{text} in {report}");
        if let Some(source) = error.source() {
            assert!(!text.contains(&source.to_string()), "{text} repeats its source");
        } else if report.contains("it was tried") {
            assert_eq!(text, DEEPEST, "{report}");
        }
        next = error.source();
    }
}

fn check_all<E: Error + 'static>(errors: Vec<E>) {
    errors.iter().for_each(|error| check(error));
}

fn tag() -> Tag {
    Tag::new("course", "c1").unwrap()
}

fn codec() -> CodecError {
    CodecError::Decode(deep())
}

fn fault() -> JournalFault {
    JournalFault::new(FaultKind::Full, "data/1.log", "make room", deep())
}

fn malformed() -> Malformed {
    crate::codec::wire::Reader::new(&[0xc1]).map().unwrap_err()
}

fn invalid_id() -> InvalidId {
    id!(DeskId: "desk");
    "".parse::<DeskId>().unwrap_err()
}

#[test]
fn errors_of_a_journal_say_each_reason_once() {
    check_all(each! {
        AppendError::Empty => AppendError::Empty,
        AppendError::Conflict { .. } => AppendError::Conflict { at: Position::new(7) },
        AppendError::OverLimit(_) => AppendError::OverLimit(OverLimit::TooLarge { bytes: 2, most: 1 }),
        AppendError::Busy(_) => AppendError::Busy(deep()),
        AppendError::NotWritten(_) => AppendError::NotWritten(deep()),
        AppendError::Closed(_) => AppendError::Closed(fault()),
        AppendError::Unknown(_) => AppendError::Unknown(deep()),
    });
    check_all(each! {
        JournalReadError::Unavailable(_) => JournalReadError::Unavailable(deep().into()),
    });
    check_all(each! {
        ReopenError::StillClosed(_) => ReopenError::StillClosed(fault()),
    });
    check_all(each! {
        OverLimit::TooLarge { .. } => OverLimit::TooLarge { bytes: 2, most: 1 },
        OverLimit::Tags { .. } => OverLimit::Tags { tags: 2, most: 1 },
        OverLimit::TypeName { .. } => OverLimit::TypeName { bytes: 0, most: 1 },
    });
    check_all(each! {
        EmptyQuery::Query => EmptyQuery::Query,
        EmptyQuery::Item => EmptyQuery::Item,
    });
    check_all(each! {
        RecordError::Empty => RecordError::Empty,
        RecordError::NewerLayout { .. } => RecordError::NewerLayout { found: 9 },
        RecordError::Malformed(_) => RecordError::Malformed(malformed()),
        RecordError::Missing(_) => RecordError::Missing("a tag"),
        RecordError::OutOfRange { .. } => RecordError::OutOfRange { entry: "hops", found: 9 },
        RecordError::Tag { .. } => RecordError::Tag { entry: "own", source: InvalidTag::Empty },
    });
}

#[test]
fn errors_of_a_domain_say_each_reason_once() {
    check_all(each! {
        InvalidTag::Empty => InvalidTag::Empty,
        InvalidTag::TooLong { .. } => InvalidTag::TooLong { bytes: 300 },
        InvalidTag::Character { .. } => InvalidTag::Character { character: '\n', at: 3 },
        InvalidTag::Key(_) => InvalidTag::Key("K".into()),
        InvalidTag::NoColon(_) => InvalidTag::NoColon("x".into()),
    });
    check_all(each! {
        UnreadableId::Refused(_) => UnreadableId::Refused("no number".into()),
        UnreadableId::Another(_) => UnreadableId::Another("7".into()),
    });
    check_all(each! {
        TagError::Contradiction { .. } => TagError::Contradiction { own: tag(), field: "course:c2".into() },
        TagError::Invalid { .. } => TagError::Invalid { key: "course", source: InvalidTag::Empty },
    });
    check_all(each! {
        BoundaryError::Key { .. } => BoundaryError::Key { view: "Course", source: InvalidTag::Empty },
    });
    check_all(each! {
        EmitError::Tags(_) => EmitError::Tags(TagError::Invalid { key: "course", source: InvalidTag::Empty }),
        EmitError::Untagged { .. } => EmitError::Untagged { event_type: "Opened" },
        EmitError::Misaddressed { .. } => EmitError::Misaddressed {
            event_type: "Opened", keys: vec!["course"], tags: Tags::none(),
        },
    });
    let invalid = invalid_id();
    check(&invalid);
    assert!(invalid.to_string().ends_with("200 bytes"), "who parses an ID is told why: {invalid}");
}

#[test]
fn errors_of_what_is_stored_say_each_reason_once() {
    check_all(each! {
        CodecError::UnknownType(_) => CodecError::UnknownType("Opened".into()),
        CodecError::UnknownVersion { .. } => CodecError::UnknownVersion {
            event_type: "Opened", found: 2, known: 1,
        },
        CodecError::Upcast { .. } => CodecError::Upcast { event_type: "Opened", from: 1, source: deep() },
        CodecError::NotIncluded { .. } => CodecError::NotIncluded {
            event_type: "Opened", set: "Doors",
        },
        CodecError::Encode(_) => CodecError::Encode(deep()),
        CodecError::TooDeep { .. } => CodecError::TooDeep { most: 128 },
        CodecError::SomeOfNothing => CodecError::SomeOfNothing,
        CodecError::Decode(_) => codec(),
    });
    check_all(each! {
        Unstorable::Unencodable { .. } => Unstorable::Unencodable { what: "Opened".into(), source: codec() },
        Unstorable::TooDeep { .. } => Unstorable::TooDeep { what: "Opened".into(), most: 128 },
        Unstorable::SomeOfNothing { .. } => Unstorable::SomeOfNothing { what: "Opened".into() },
        Unstorable::Undecodable { .. } => Unstorable::Undecodable { what: "Opened".into(), source: codec() },
        Unstorable::Different { .. } => Unstorable::Different { what: "Opened".into(), fields: vec![] },
        Unstorable::Retired { .. } => Unstorable::Retired { what: "Opened".into() },
    });
    check_all(each! {
        FieldError::Missing { .. } => FieldError::Missing { name: "a".into(), present: vec![] },
        FieldError::Taken { .. } => FieldError::Taken { name: "a".into() },
        FieldError::Mismatch { .. } => FieldError::Mismatch {
            name: "a".into(), value: "7".into(), source: codec(),
        },
        FieldError::Unencodable { .. } => FieldError::Unencodable { name: "a".into(), source: codec() },
    });
}

#[test]
fn what_an_error_has_said_already_is_not_repeated() {
    #[derive(Debug, thiserror::Error)]
    #[error("it was opened: {0}")]
    struct SaysBoth(#[source] std::io::Error);

    let error = SaysBoth(std::io::Error::other(DEEPEST));
    assert_eq!(ErrorReport::of(&error).to_string(), "it was opened: the disk is on fire");
    let boxed = deep();
    assert_eq!(format!("{:?}", ErrorReport::of(&*boxed)), "it was tried: the disk is on fire");
}
