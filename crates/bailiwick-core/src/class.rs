//! What kind of trouble an error is.
//!
//! Why it is as it is: docs/decisions/api.md.

use std::fmt::{self, Display, Formatter};

use crate::codec::CodecError;
use crate::decision::EmitError;
use crate::journal::OverLimit;
use crate::stored::Unstorable;
use crate::tag::InvalidTag;
use crate::tagged::TagError;
use crate::views::BoundaryError;

/// What kind of trouble an error is: what whoever was told it can do. Errors have a great many causes,
/// and the answers to them are these.
///
/// It is exhaustive, so that a server that maps classes has an answer to every cause, those of later
/// versions too. As HTTP, with [`Retry-After`] wherever the error's `retry_after()` says something:
///
/// | class | status | what the client does |
/// |---|---|---|
/// | [`Rejected`](Self::Rejected) | the domain's to say: 409 mostly, or 403, 404, 422 | tells its user |
/// | [`Invalid`](Self::Invalid) | 400 | asks for something else |
/// | [`Conflict`](Self::Conflict) | 409 | looks again and decides again; with `Retry-After` it may also ask again as it did |
/// | [`Overloaded`](Self::Overloaded) | 503 | asks again later, as it did |
/// | [`Unavailable`](Self::Unavailable) | 503 | the same; without `Retry-After`, when somebody has seen to it |
/// | [`Unknown`](Self::Unknown) | 504 | with `Retry-After`: asks again with the same idempotency key; without: looks first |
/// | [`Internal`](Self::Internal) | 500 | gives up; the log has the reason |
///
/// **An unknown outcome** has a hint only if the call had an idempotency key: asked again with that key
/// it is run once. Without a key nobody may ask again before having looked. There is no status that says so, and
/// some proxies and clients repeat a 502, 503 or 504 unasked, or every 5xx: those have to be told not to, or to send
/// keys, and a server that has such clients demands keys.
///
/// Whoever has limits for each client says 429 of those; the bounds of a runtime are no client's.
///
/// [`Retry-After`]: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
///
/// # Examples
/// ```
/// use bailiwick_core::{ErrorClass, Unstorable};
///
/// fn status(class: ErrorClass) -> u16 {
///     match class {
///         ErrorClass::Rejected | ErrorClass::Conflict => 409,
///         ErrorClass::Invalid => 400,
///         ErrorClass::Overloaded | ErrorClass::Unavailable => 503,
///         ErrorClass::Unknown => 504,
///         ErrorClass::Internal => 500,
///     }
/// }
///
/// let error = Unstorable::TooDeep { what: "CoursePlanned".into(), most: 128 };
/// assert_eq!(status(error.class()), 400);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// A rule of the domain said no. Whether that is a conflict, something forbidden or something that
    /// is not there is for the domain to say.
    Rejected,
    /// It was asked in a way that can never succeed: an ID that is none, a text that is too long.
    Invalid,
    /// Somebody else came first: it has changed since it was looked at, or the idempotency key was used.
    Conflict,
    /// There is more to do than may be; it is less later.
    Overloaded,
    /// The journal cannot be read or written just now, or the runtime is shut down.
    Unavailable,
    /// It may have had its effect, or not.
    Unknown,
    /// The program is wrong: code that panicked, events that it cannot read or write any more, bounds
    /// that contradict each other.
    Internal,
}

impl ErrorClass {
    /// Its name, for a metric or the type of a problem: `"overloaded"`. It stays what it is.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorClass::Rejected => "rejected",
            ErrorClass::Invalid => "invalid",
            ErrorClass::Conflict => "conflict",
            ErrorClass::Overloaded => "overloaded",
            ErrorClass::Unavailable => "unavailable",
            ErrorClass::Unknown => "unknown",
            ErrorClass::Internal => "internal",
        }
    }
}

impl Display for ErrorClass {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl InvalidTag {
    /// [`Invalid`](ErrorClass::Invalid) if it is the value; the keys are the program's.
    pub fn class(&self) -> ErrorClass {
        match self {
            InvalidTag::Empty | InvalidTag::TooLong { .. } | InvalidTag::Character { .. } => {
                ErrorClass::Invalid
            }
            InvalidTag::Key(_) | InvalidTag::NoColon(_) => ErrorClass::Internal,
        }
    }
}

impl OverLimit {
    /// [`Invalid`](ErrorClass::Invalid) if it is how much is to be recorded, which is as much as
    /// somebody asked for.
    pub fn class(&self) -> ErrorClass {
        match self {
            OverLimit::TooLarge { .. } | OverLimit::Tags { .. } => ErrorClass::Invalid,
            OverLimit::TypeName { .. } => ErrorClass::Internal,
        }
    }
}

impl TagError {
    /// [`Invalid`](ErrorClass::Invalid) if an ID in the event is none.
    pub fn class(&self) -> ErrorClass {
        match self {
            TagError::Invalid { source, .. } => source.class(),
            TagError::Contradiction { .. } => ErrorClass::Internal,
        }
    }
}

impl BoundaryError {
    /// [`Invalid`](ErrorClass::Invalid) if an ID of the decision is none.
    pub fn class(&self) -> ErrorClass {
        match self {
            BoundaryError::Key { source, .. } => source.class(),
        }
    }
}

impl EmitError {
    /// [`Invalid`](ErrorClass::Invalid) if an ID in the event is none.
    pub fn class(&self) -> ErrorClass {
        match self {
            EmitError::Tags(error) => error.class(),
            EmitError::Untagged { .. } | EmitError::Misaddressed { .. } => ErrorClass::Internal,
        }
    }
}

impl Unstorable {
    /// [`Invalid`](ErrorClass::Invalid) if it is nested too deep: how deep is up to what was asked for.
    pub fn class(&self) -> ErrorClass {
        match self {
            Unstorable::TooDeep { .. } => ErrorClass::Invalid,
            Unstorable::Unencodable { .. }
            | Unstorable::SomeOfNothing { .. }
            | Unstorable::Undecodable { .. }
            | Unstorable::Different { .. }
            | Unstorable::Retired { .. } => ErrorClass::Internal,
        }
    }
}

impl CodecError {
    /// [`Invalid`](ErrorClass::Invalid) if it is nested too deep: how deep is up to what was asked for.
    pub fn class(&self) -> ErrorClass {
        match self {
            CodecError::TooDeep { .. } => ErrorClass::Invalid,
            CodecError::UnknownType(_)
            | CodecError::UnknownVersion { .. }
            | CodecError::Upcast { .. }
            | CodecError::NotIncluded { .. }
            | CodecError::Encode(_)
            | CodecError::SomeOfNothing
            | CodecError::Decode(_) => ErrorClass::Internal,
        }
    }
}
