//! A snapshot as bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | the format: 1 |
//! | 4 | the version of the view's snapshots |
//! | 8 | what the view reads |
//! | 8 | the position of the last event in it |
//! | 8 | what that event is recognised by |
//! | 8 | the check of all the rest: what it is kept under, these four, and what follows |
//! | 4 | how many bytes stand beside the state |
//! | .. | they, then the state |
//!
//! Numbers are little-endian. The version is read first: of another one nothing else is looked at.

use bytes::{Buf, BufMut, Bytes};

use super::declared::short;
use crate::journal::{RecordedEvent, fnv_1a};
use crate::position::Position;
use crate::snapshot::SnapshotKey;

const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 1 + 4 + 8 + 8 + 8 + 8;

/// What stands before a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The version of the view's snapshots.
    pub version: u32,
    /// What the view reads.
    pub reads: u64,
    /// The position of the last event in it.
    pub position: Position,
    /// What that event is recognised [by](digest).
    pub event: u64,
    check: u64,
}

/// The rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// What stands beside the state.
    pub beside: Bytes,
    /// The state, encoded.
    pub state: Bytes,
}

impl Header {
    /// Of a snapshot with this last event.
    pub fn new(version: u32, reads: u64, last: &RecordedEvent) -> Header {
        let (position, event) = (last.position, digest(last));
        Header { version, reads, position, event, check: 0 }
    }

    /// Of these bytes; none if they are no snapshot that is known here.
    pub fn read(mut bytes: &[u8]) -> Option<Header> {
        if bytes.len() < HEADER_BYTES || bytes.get_u8() != FORMAT {
            return None;
        }
        Some(Header {
            version: bytes.get_u32_le(),
            reads: bytes.get_u64_le(),
            position: Position::new(bytes.get_u64_le()),
            event: bytes.get_u64_le(),
            check: bytes.get_u64_le(),
        })
    }

    /// The bytes of a snapshot with this header.
    pub fn write(self, key: &SnapshotKey, beside: &[u8], state: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES + 4 + beside.len() + state.len());
        out.resize(HEADER_BYTES, 0);
        out.put_u32_le(u32::try_from(beside.len()).expect("it is bounded by much less"));
        out.extend_from_slice(beside);
        out.extend_from_slice(state);
        let check = self.checked(key, &out[HEADER_BYTES..]);
        let mut header = &mut out[..HEADER_BYTES];
        header.put_u8(FORMAT);
        header.put_u32_le(self.version);
        header.put_u64_le(self.reads);
        header.put_u64_le(self.position.get());
        header.put_u64_le(self.event);
        header.put_u64_le(check);
        out
    }

    /// What follows it in these bytes; none if they are not what was written under this key.
    pub fn body(self, key: &SnapshotKey, bytes: &Bytes) -> Option<Body> {
        let mut rest = bytes.slice(HEADER_BYTES.min(bytes.len())..);
        if self.check != self.checked(key, &rest) || rest.len() < 4 {
            return None;
        }
        let beside = usize::try_from(rest.get_u32_le()).ok()?;
        (beside <= rest.len()).then(|| Body { beside: rest.split_to(beside), state: rest })
    }

    fn checked(self, key: &SnapshotKey, rest: &[u8]) -> u64 {
        let Header { version, reads, position, event, .. } = self;
        let mut own = Vec::with_capacity(HEADER_BYTES + key.as_str().len());
        own.extend_from_slice(key.as_str().as_bytes());
        own.put_u32_le(version);
        own.put_u64_le(reads);
        own.put_u64_le(position.get());
        own.put_u64_le(event);
        own.put_u64_le(short(fnv_1a(rest)));
        short(fnv_1a(&own))
    }
}

/// What an event is recognised by: so a snapshot that was made of another history (a journal that was
/// restored from an older copy, and went on) is told from one of this.
pub fn digest(recorded: &RecordedEvent) -> u64 {
    let RecordedEvent { position, event } = recorded;
    let mut text = Vec::with_capacity(64 + event.payload.len());
    text.put_u64_le(position.get());
    text.put_u64_le(event.recorded_at.as_millis());
    text.put_u32_le(event.version);
    text.extend_from_slice(event.event_type.as_str().as_bytes());
    text.push(0xff);
    text.extend_from_slice(&event.payload);
    short(fnv_1a(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(view: &str) -> SnapshotKey {
        SnapshotKey::new(view.to_owned(), &[])
    }

    fn written() -> (Header, Bytes) {
        let position = Position::new(7);
        let header = Header { version: 2, reads: 3, position, event: 4, check: 0 };
        let bytes = header.write(&key("a"), b"beside", b"the state");
        (header, bytes.into())
    }

    #[test]
    fn it_comes_back() {
        let (header, bytes) = written();
        let read = Header::read(&bytes).unwrap();
        assert_eq!(Header { check: 0, ..read }, header);
        assert_eq!(read.body(&key("b"), &bytes), None);
        let body = read.body(&key("a"), &bytes).unwrap();
        assert_eq!((&body.beside[..], &body.state[..]), (&b"beside"[..], &b"the state"[..]));
    }

    #[test]
    fn what_was_changed_or_cut_is_noticed() {
        let (_, bytes) = written();
        let is_whole =
            |bytes: Bytes| Header::read(&bytes).and_then(|header| header.body(&key("a"), &bytes));
        for at in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            assert_eq!(is_whole(changed.into()), None, "byte {at}");
            assert_eq!(is_whole(bytes.slice(..at)), None, "{at} bytes");
        }
        assert!(is_whole(bytes).is_some());
    }
}
