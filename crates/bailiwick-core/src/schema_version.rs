//! The version of an event type.

/// The version of an event type's fields, counted from 1.
///
/// For an example see [`Event`](trait@crate::Event).
pub type SchemaVersion = u32;
