//! One of each error, for tests of what a server makes of them.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::{
    Cursor, CursorError, EventType, FaultKind, JournalFault, JournalId, JournalReadError, OverLimit,
};
use bailiwick_core::views::{Answered, Boundary, Last};
use bailiwick_core::{
    BoundaryError, BoxError, CodecError, EmitError, FoldError, InvalidTag, Position, TagError,
    Unstorable,
};

use crate::error::{
    AlreadyRun, AskError, Cause, NotRun, ReachError, ReadError, SubscribeError, Unknown,
    Unloadable, UnreadableReply,
};
use crate::projections::{ProjectionState, StaleReason};

/// What no client is to see: it is somewhere in each text for the log that has anything to hide.
const HIDDEN: &str = "/srv/data/1.log";

const WAIT: Duration = Duration::from_millis(2_500);

fn hidden() -> BoxError {
    format!("{HIDDEN}: Permission denied (os error 13)").into()
}

fn unread() -> JournalReadError {
    JournalReadError::Unavailable(hidden().into())
}

fn fault(kind: FaultKind) -> JournalFault {
    JournalFault::new(kind, HIDDEN, "look at the disk", hidden())
}

fn codec() -> CodecError {
    CodecError::Decode(hidden())
}

fn message() -> Arc<str> {
    format!("index out of bounds: {HIDDEN}").into()
}

fn unfolded() -> FoldError {
    let boundary = Boundary::of::<Last<Answered>>(&()).expect("it needs no tag");
    let view = boundary.reading()[0].identity().clone();
    let (event_type, position) = (EventType::literal("Opened"), Some(Position::new(7)));
    FoldError { view, event_type, position, source: codec() }
}

fn unloadable() -> Unloadable {
    let (position, source) = (Position::new(7), Some(Arc::new(codec())));
    Unloadable { position, problem: format!("(Opened) {HIDDEN}").into(), source }
}

impl<C, R> AskError<C, R> {
    /// One of each, but for rejections, which are the domain's: for tests of what a server makes of
    /// them. A later version may have more.
    ///
    /// What a client should not see is made up, and has the text `/srv/data`.
    pub fn samples(command: impl Fn() -> C) -> Vec<Self> {
        let not_run = |cause| AskError::NotRun(NotRun { command: command(), cause });
        let mut all: Vec<_> = Cause::samples().into_iter().map(not_run).collect();
        for cause in [
            UnreadableReply::Codec(Arc::new(codec())),
            UnreadableReply::Panicked { message: message() },
        ] {
            all.push(AskError::AlreadyRun(AlreadyRun { position: Position::new(7), cause }));
        }
        for keyed in [false, true] {
            let failed = Unknown::JournalFailed(Arc::from(hidden()));
            let whys = [Unknown::TimedOut, failed, Unknown::ShutDown];
            all.extend(whys.map(|why| AskError::Unknown { why, keyed }));
        }
        all
    }
}

impl Cause {
    /// One of each at least: see [`AskError::samples`].
    pub fn samples() -> Vec<Cause> {
        let tag = || TagError::Invalid { key: "account", source: InvalidTag::Empty };
        let boundary = BoundaryError::Key { view: "Accounts", source: InvalidTag::Empty };
        let closed = |kind, reopened_in| Cause::JournalClosed { fault: fault(kind), reopened_in };
        let different = Unstorable::Different { what: HIDDEN.into(), fields: vec!["at".into()] };
        let deep = Unstorable::TooDeep { what: HIDDEN.into(), most: 128 };
        let view = HIDDEN.into();
        let mut all = vec![
            Cause::MailboxFull { capacity: 1_024 },
            Cause::Overloaded { most: 4_096 },
            Cause::TextTooLong { what: "principal", bytes: 5_000, most: 256 },
            Cause::TimedOut,
            Cause::ShutDown,
            Cause::Unloadable(unloadable()),
            Cause::Unread { source: unread(), again_in: WAIT },
            Cause::JournalFailed(Arc::from(hidden())),
            Cause::JournalBusy(Arc::from(hidden())),
            closed(FaultKind::Full, Some(WAIT)),
            closed(FaultKind::Full, None),
            closed(FaultKind::Corrupt, Some(WAIT)),
            Cause::OverLimit(OverLimit::TooLarge { bytes: 17 << 20, most: 16 << 20 }),
            Cause::OverLimit(OverLimit::Tags { tags: 70_000, most: 65_534 }),
            Cause::OverLimit(OverLimit::TypeName { bytes: 0, most: 65_534 }),
            Cause::Contended { attempts: 16 },
            Cause::Overtaken { attempts: 16, view, position: Position::new(7) },
            Cause::Moved { expected: Position::new(7), actual: Position::new(9) },
            Cause::KeyReused { key: HIDDEN.into() },
            Cause::InvalidKey { bytes: 0, most: 200 },
            Cause::KeysFull { remembered: 65_536, window: 1_000 * WAIT, room_in: WAIT },
            Cause::WindowTooShort { window: WAIT, timeout: 2 * WAIT },
            Cause::ReplyTooLarge { bytes: 65_537, most: 65_536 },
            Cause::Panicked { message: message() },
            Cause::Tags(tag()),
            Cause::Codec(Arc::new(codec())),
            Cause::Codec(Arc::new(CodecError::TooDeep { most: 128 })),
            Cause::Unstorable(Arc::new(different)),
            Cause::Unstorable(Arc::new(deep)),
            Cause::Boundary(boundary),
            Cause::Fold(Arc::new(unfolded())),
            Cause::Emit(EmitError::Tags(tag())),
            Cause::Emit(EmitError::Untagged { event_type: HIDDEN }),
        ];
        for source in invalid_tags() {
            all.push(Cause::InvalidId(source.clone()));
            all.push(Cause::KeyNotATag { key: HIDDEN.into(), source });
        }
        all
    }
}

/// Of texts from outside, and one that is a mistake of the program.
fn invalid_tags() -> [InvalidTag; 4] {
    let character = InvalidTag::Character { character: '\n', at: 3 };
    let too_long = InvalidTag::TooLong { bytes: 201 };
    [InvalidTag::Empty, too_long, character, InvalidTag::Key(HIDDEN.into())]
}

impl ReadError {
    /// One of each at least: see [`AskError::samples`].
    pub fn samples() -> Vec<ReadError> {
        let mut all = vec![
            ReadError::TimedOut,
            ReadError::Overloaded { most: 4_096 },
            ReadError::Full { capacity: 1_024 },
            ReadError::ShutDown,
            ReadError::BeyondHead { position: Position::new(9), head: Position::new(7) },
            ReadError::Unloadable(unloadable()),
            ReadError::Unread { source: unread(), again_in: WAIT },
            ReadError::Fold(Arc::new(unfolded())),
            ReadError::Panicked { message: message() },
        ];
        all.extend(invalid_tags().map(ReadError::InvalidId));
        all
    }
}

impl ReachError {
    /// One of each at least: see [`AskError::samples`].
    pub fn samples() -> Vec<ReachError> {
        let (reached, at) = (Some(Position::new(7)), Some(Position::new(8)));
        let state =
            ProjectionState::Stale { reason: StaleReason::DatabaseFails { reason: message() } };
        vec![
            ReachError::TimedOut { reached, state },
            ReachError::Failed { reached, at, reason: message() },
            ReachError::BeyondHead { position: Position::new(9), head: Position::new(7) },
            ReachError::Unread(unread()),
            ReachError::ShutDown,
        ]
    }
}

impl SubscribeError {
    /// One of each at least: see [`AskError::samples`].
    pub fn samples() -> Vec<SubscribeError> {
        let undecodable =
            SubscribeError::Undecodable { position: Position::new(7), source: codec() };
        let (cursor, head) =
            (Cursor::new(JournalId::from_u128(7), Position::new(9)), Position::new(7));
        let beyond = SubscribeError::Cursor(CursorError::BeyondHead { cursor, head });
        let mut all =
            vec![beyond, SubscribeError::ShutDown, SubscribeError::Unread(unread()), undecodable];
        all.extend(invalid_tags().map(SubscribeError::InvalidId));
        all
    }
}
