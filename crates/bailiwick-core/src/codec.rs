//! How an event becomes bytes: the map of its fields and nothing else.
//!
//! A struct and an enum's variant with the same fields have the same bytes, so an event can be
//! moved from one set to another. A unit is an empty map and passes over what it finds in one, so
//! it can gain fields later. The name of the event's type is kept by the journal, not here.
//!
//! The format of the map is JSON, and only this file knows it.

mod de;
mod ser;

use serde::{Deserialize, Serialize};

use crate::{CodecError, EventDescriptor};

/// Encodes `event` at the end of `out`.
///
/// # Errors
/// If it is not a map of fields, or a field cannot be encoded; `out` is then as it was.
pub fn encode<T: Serialize>(event: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let before = out.len();
    let mut json = serde_json::Serializer::new(&mut *out);
    event.serialize(ser::FieldsOnly(&mut json)).map_err(|error| {
        out.truncate(before);
        CodecError::Encode(error)
    })
}

/// Decodes a struct, or the variant of an enum that is named `event_type`.
///
/// # Errors
/// If `payload` is not the map of its fields.
pub fn decode<'de, T: Deserialize<'de>>(
    event_type: &str,
    payload: &'de [u8],
) -> Result<T, CodecError> {
    let mut json = serde_json::Deserializer::from_slice(payload);
    let event = T::deserialize(de::FieldsOf { event_type, fields: &mut json })
        .map_err(CodecError::Decode)?;
    json.end().map_err(CodecError::Decode)?;
    Ok(event)
}

/// Whether `event_type` is one of `types`.
pub fn names(types: &[EventDescriptor], event_type: &str) -> bool {
    types.iter().any(|known| known.name == event_type)
}
