//! What of an event tephra does not hold by itself, as bytes: the payload, the time of recording
//! and the metadata.

use bailiwick_core::{CodecError, EncodedEvent, EventType, Metadata, Tags, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Head {
    at: Timestamp,
    metadata: Metadata,
}

/// Encodes it at the end of `out`.
pub(crate) fn encode(event: &EncodedEvent, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let head = Head { at: event.recorded_at, metadata: event.metadata.clone() };
    let head = serde_json::to_vec(&head).map_err(CodecError::Encode)?;
    out.extend_from_slice(&(head.len() as u64).to_le_bytes()[..4]);
    out.extend_from_slice(&head);
    out.extend_from_slice(&event.payload);
    Ok(())
}

pub(crate) fn decode(
    event_type: EventType,
    tags: Tags,
    bytes: &[u8],
) -> Result<EncodedEvent, CodecError> {
    let cut = || CodecError::UnknownType(event_type.as_str().to_owned());
    let length = bytes.first_chunk::<4>().ok_or_else(cut)?;
    let end = 4 + u32::from_le_bytes(*length) as usize;
    let (head, payload) = bytes.split_at_checked(end).ok_or_else(cut)?;
    let Head { at, metadata } = serde_json::from_slice(&head[4..]).map_err(CodecError::Decode)?;
    let payload = Bytes::copy_from_slice(payload);
    Ok(EncodedEvent { event_type, tags, payload, recorded_at: at, metadata })
}
