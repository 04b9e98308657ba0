//! Why an event is not encoded or decoded.

use crate::box_error::BoxError;
use crate::schema_version::SchemaVersion;

/// Why an event could not be encoded or decoded.
///
/// For an example see [`Event`](trait@crate::Event).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The set has no such type.
    #[error("the event type {0:?} is not one of the set")]
    UnknownType(String),
    /// A later version of the program recorded it.
    #[error(
        "{event_type} was recorded in version {found}, but this program knows it up to version \
         {known}: run the program that wrote it, or a later one"
    )]
    UnknownVersion {
        /// The type, by the name it has here.
        event_type: &'static str,
        /// The version that was recorded.
        found: SchemaVersion,
        /// The version that is written here.
        known: SchemaVersion,
    },
    /// An upcaster failed.
    #[error("the upcaster of {event_type} from version {from} failed")]
    Upcast {
        /// The type, by the name it has here.
        event_type: &'static str,
        /// The version from which it should have led to the next.
        from: SchemaVersion,
        /// What is wrong.
        source: BoxError,
    },
    /// The set includes only some types of another one, and the event is of a type that is not among
    /// them.
    #[error(
        "{set} does not include {event_type}: name it in the `#[event(only(..))]` there, or emit it \
         through a set that includes it"
    )]
    NotIncluded {
        /// The type of the event.
        event_type: &'static str,
        /// The set through which it was to be stored.
        set: &'static str,
    },
    /// A field could not be encoded.
    #[error("it cannot be encoded")]
    Encode(#[source] BoxError),
    /// It could be encoded, but not be read again.
    #[error(
        "it is nested more than {most} values deep, and could not be read again; keep it flatter, or \
         as a text"
    )]
    TooDeep {
        /// How deep it may be, in values.
        most: usize,
    },
    /// It would be read as `None`.
    #[error(
        "it holds `Some` of what is stored as nothing (`Some(None)`, `Some(())`), which would be read \
         as `None`; tell the two apart by an enum of your own"
    )]
    SomeOfNothing,
    /// The bytes are not of that type.
    #[error("it cannot be decoded")]
    Decode(#[source] BoxError),
}
