//! What a client may be told: what it can do, and nothing of how things are inside. No names of files,
//! types or events, no message of a panic, no bounds but those of what the client itself sends.

use std::borrow::Cow;
use std::fmt::Display;

use bailiwick_core::{BoundaryError, EmitError, ErrorClass, InvalidTag, TagError};

use crate::error::{AskError, Cause, ReachError, ReadError, SubscribeError};

type ClientText = Cow<'static, str>;

/// Of an ID or a key that the client sent.
fn unusable(what: &str, why: &InvalidTag) -> ClientText {
    match why.class() {
        ErrorClass::Invalid => format!("the {what} cannot be used: {why}").into(),
        _ => generally(ErrorClass::Internal),
    }
}

/// What is true of all errors of a class.
fn generally(class: ErrorClass) -> ClientText {
    let text = match class {
        ErrorClass::Rejected => "it was refused",
        ErrorClass::Invalid => "it asks for more than there can be",
        ErrorClass::Conflict => "others changed the same at the same time; try again",
        ErrorClass::Overloaded => "there is too much to do just now; try again later",
        ErrorClass::Unavailable => "this is not available just now; try again later",
        ErrorClass::Unknown => "it may have been done, or not; look before you ask again",
        ErrorClass::Internal => "something is wrong on this side; it was not done",
    };
    text.into()
}

impl<C, R: Display> AskError<C, R> {
    /// What may be shown to a client: the text of a rejection as it is, and of everything else what the
    /// client can do. No names of files, types or events are in it, no message of a panic, and no
    /// bounds but of what the client itself sends. For the log there is
    /// [`ErrorReport`](crate::ErrorReport).
    pub fn client_text(&self) -> Cow<'static, str> {
        match self {
            AskError::Rejected(rejection) => rejection.to_string().into(),
            AskError::NotRun(not_run) => not_run.cause.client_text(),
            AskError::AlreadyRun(_) => {
                "it was done when it was asked for before, but the answer is lost; look at what it did"
                    .into()
            }
            AskError::Unknown { keyed: true, .. } => {
                "it may have been done, or not; ask again with the same idempotency key".into()
            }
            AskError::Unknown { keyed: false, .. } => generally(ErrorClass::Unknown),
        }
    }
}

impl Cause {
    /// What may be shown to a client: see [`AskError::client_text`].
    pub fn client_text(&self) -> Cow<'static, str> {
        match self {
            Cause::TextTooLong { what, most, .. } => {
                format!("a {what} has {most} bytes at most").into()
            }
            Cause::InvalidKey { most, .. } => {
                format!("an idempotency key has 1 to {most} bytes").into()
            }
            Cause::KeyNotATag { source, .. } => unusable("idempotency key", source),
            Cause::InvalidId(why)
            | Cause::Boundary(BoundaryError::Key { source: why, .. })
            | Cause::Tags(TagError::Invalid { source: why, .. })
            | Cause::Emit(EmitError::Tags(TagError::Invalid { source: why, .. })) => {
                unusable("ID", why)
            }
            Cause::KeysFull { .. } => {
                "too much was asked with idempotency keys; try again later".into()
            }
            Cause::KeyReused { .. } => {
                "the idempotency key was used for something else; use a new one for what is to be \
                 done as well"
                    .into()
            }
            Cause::Moved { .. } => {
                "it has changed since you looked at it; look at it again, and decide again".into()
            }
            cause => generally(cause.class()),
        }
    }
}

impl ReadError {
    /// What may be shown to a client: see [`AskError::client_text`].
    pub fn client_text(&self) -> Cow<'static, str> {
        match self {
            ReadError::InvalidId(why) => unusable("ID", why),
            ReadError::BeyondHead { .. } => "nothing is known of how it was then".into(),
            error => of_reading(error.class()),
        }
    }
}

impl ReachError {
    /// What may be shown to a client: see [`AskError::client_text`].
    pub fn client_text(&self) -> Cow<'static, str> {
        match self {
            ReachError::BeyondHead { .. } => "nothing has come that far yet".into(),
            error => of_reading(error.class()),
        }
    }
}

impl SubscribeError {
    /// What may be shown to a client: see [`AskError::client_text`].
    pub fn client_text(&self) -> Cow<'static, str> {
        match self {
            SubscribeError::InvalidId(why) => unusable("ID", why),
            SubscribeError::Cursor(_) => "it cannot go on from there; begin anew".into(),
            error => of_reading(error.class()),
        }
    }
}

/// Nothing was to be done.
fn of_reading(class: ErrorClass) -> ClientText {
    match class {
        ErrorClass::Internal => "something is wrong on this side".into(),
        class => generally(class),
    }
}
