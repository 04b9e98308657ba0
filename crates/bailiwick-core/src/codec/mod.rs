//! How an event becomes bytes: the map of its fields and nothing else.
//!
//! 1. A struct and an enum's variant with the same fields have the same bytes, so an event can be
//!    moved from one set to another. A unit is an empty map and passes over what it finds in one,
//!    so it can gain fields later. The name of the event's type is kept by the journal, not here.
//! 2. What is written says by itself what it is: fields by name, numbers as numbers, texts as texts.
//!    Every number comes back with all its bits, NaN and infinities too.
//! 3. Bytes that are not what was asked for are refused, whatever they are.
//! 4. What is nested deeper than it can be read is refused when it is encoded.
//!
//! The format is MessagePack, with names, and types that have a form for people in that form. Only
//! this module knows it.
//!
//! Why it is as it is: docs/decisions/stored-format.md.

mod canonical;
mod de;
mod encoder;
mod error;
mod ser;
mod show;
pub(crate) mod wire;

use rmp_serde::Deserializer;
use rmp_serde::decode::Error as DecodeError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::box_error::BoxError;
use encoder::{EncodeError, Encoder};

pub use error::CodecError;
pub use show::show;

/// How deep a value may be nested, in values, itself and the innermost one included: enough for
/// people, too little for the stack.
pub(crate) const MAX_DEPTH: usize = 128;

/// By far the most commands need no more, with their names, to be recognised: spared the growing.
const FINGERPRINTED_BYTES: usize = 256;

/// So few bytes cannot be nested deep enough to use up a stack. `rmp-serde` counts how deep lists and
/// maps are, but not variants.
const SHALLOW_BYTES: usize = 1_024;

/// Encodes `event`, a struct or a variant, at the end of `out`.
///
/// # Errors
/// If it is not a map of fields, a field cannot be encoded, it is nested too deep, or it holds `Some`
/// of what is stored as nothing; `out` is then as it was.
pub fn encode<T: Serialize>(event: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let before = out.len();
    let mut encoder = Encoder::<true>::new(out);
    let encoded = event.serialize(ser::FieldsOnly(&mut encoder)).and_then(|()| encoder.finish());
    encoded.map_err(|error| undone(out, before, error))
}

/// Decodes a struct, or the variant of an enum that is named `variant`.
///
/// # Errors
/// If `payload` is not the map of its fields.
pub fn decode<T: DeserializeOwned>(variant: &str, payload: &[u8]) -> Result<T, CodecError> {
    if !wire::is_map(payload) {
        return Err(undecodable("an event is stored as the map of its fields"));
    }
    whole(payload, |reader| {
        let fields = de::Fields { payload, reader };
        T::deserialize(de::FieldsOf { event_type: variant, fields })
    })
}

/// Encodes any value, as serde has it.
///
/// # Errors
/// If it cannot be encoded, or is nested too deep.
pub fn encode_value<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::new();
    let mut encoder = Encoder::<false>::new(&mut out);
    value.serialize(&mut encoder).and_then(|()| encoder.finish())?;
    Ok(out)
}

/// Encodes a value that is to come back as it was, at the end of `out`: a reply that is remembered.
///
/// # Errors
/// As [`encode_value`], and if it holds `Some` of what is stored as nothing; `out` is then as it was.
pub fn encode_whole<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let before = out.len();
    let mut encoder = Encoder::<true>::new(out);
    let encoded = value.serialize(&mut encoder).and_then(|()| encoder.finish());
    encoded.map_err(|error| undone(out, before, error))
}

#[cold]
fn undone(out: &mut Vec<u8>, before: usize, error: EncodeError) -> CodecError {
    out.truncate(before);
    error.into()
}

/// Decodes what [`encode_value`] or [`encode_whole`] wrote.
///
/// # Errors
/// If the bytes are not one whole value of this type.
pub fn decode_value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    whole(bytes, |value| T::deserialize(value))
}

/// What a command is recognised by when it comes again with the same idempotency key: the name of its
/// type and its value, such that equal values have equal fingerprints.
///
/// It is stored, so the algorithm stays as it is: 64-bit FNV-1a (offset basis `cbf29ce484222325`,
/// prime `100000001b3`) over the name, one byte `ff`, and the canonical form of the value, as
/// `codec/canonical.rs` says. It is compared with one other only, that of the command which used the
/// same key before, so 64 bits are enough to tell a mistake from a repetition; it is no protection
/// against somebody who looks for another command with the same one.
///
/// # Errors
/// If the value cannot be serialised.
pub fn fingerprint<T: Serialize + ?Sized>(command: &str, value: &T) -> Result<u64, CodecError> {
    let mut bytes = Vec::with_capacity(FINGERPRINTED_BYTES);
    bytes.extend_from_slice(command.as_bytes());
    bytes.push(0xff);
    canonical::write(value, &mut bytes).map_err(|error| CodecError::Encode(Box::new(error)))?;
    Ok(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    }))
}

type Reader<'de> = Deserializer<
    rmp_serde::decode::ReadRefReader<'de, [u8]>,
    rmp_serde::config::HumanReadableConfig<rmp_serde::config::DefaultConfig>,
>;

/// One value that uses up `bytes`.
fn whole<'de, T>(
    bytes: &'de [u8],
    value: impl FnOnce(&mut Reader<'de>) -> Result<T, DecodeError>,
) -> Result<T, CodecError> {
    if bytes.len() > SHALLOW_BYTES && !wire::Reader::new(bytes).is_flatter_than(MAX_DEPTH) {
        return Err(CodecError::TooDeep { most: MAX_DEPTH });
    }
    let mut reader = reader(bytes, MAX_DEPTH);
    let value = value(&mut reader).map_err(undecodable)?;
    // Whatever it would be: only where nothing is left, not even its marker can be read.
    match bool::deserialize(&mut reader) {
        Err(DecodeError::InvalidMarkerRead(_)) => Ok(value),
        _ => Err(undecodable("something follows it")),
    }
}

fn reader(bytes: &[u8], max_depth: usize) -> Reader<'_> {
    let mut reader = Deserializer::from_read_ref(bytes).with_human_readable();
    reader.set_max_depth(max_depth);
    reader
}

fn undecodable(error: impl Into<BoxError>) -> CodecError {
    CodecError::Decode(error.into())
}

#[cfg(test)]
mod tests;
