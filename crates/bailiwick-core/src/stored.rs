//! What is stored can be read back: whoever emits events or remembers replies encodes them here.
//!
//! Why it is as it is: docs/decisions/stored-format.md.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, CodecError};
use crate::event::Event;
use crate::fields::Fields;

/// Encodes an event at the end of `out`. If its type is not known to come back as it was, it is read
/// back: the state is to be folded from that, and not from what was emitted.
///
/// # Errors
/// If it cannot be stored; `out` is then as it was. Not after a panic of the domain's code.
#[inline]
pub fn event<E: Event>(event: &E, out: &mut Vec<u8>) -> Result<Option<E>, Unstorable> {
    let before = out.len();
    match event.encode(out) {
        Ok(()) if event.descriptor().round_trips => Ok(None),
        encoded => checked(event, encoded, out, before),
    }
}

fn checked<E: Event>(
    event: &E,
    encoded: Result<(), CodecError>,
    out: &mut Vec<u8>,
    before: usize,
) -> Result<Option<E>, Unstorable> {
    let stored = encoded
        .map_err(|source| Unstorable::encoding(event.event_type(), source))
        .and_then(|()| read_back(event, &out[before..]));
    if stored.is_err() {
        out.truncate(before);
    }
    stored.map(Some)
}

/// What comes back from the encoding of an event, if that is the same.
///
/// # Errors
/// If it is not.
pub fn read_back<E: Event>(event: &E, payload: &[u8]) -> Result<E, Unstorable> {
    let known = event.descriptor();
    let what = || known.name.into();
    let back = E::decode(known.name, known.version(), payload)
        .map_err(|source| Unstorable::Undecodable { what: what(), source })?
        .ok_or_else(|| Unstorable::Retired { what: what() })?;
    // What is not equal to itself is equal to nothing.
    if event.equals(&back) == Some(false) && event.equals(event) != Some(false) {
        return Err(Unstorable::Different { what: what(), fields: changed(&back, payload) });
    }
    Ok(back)
}

/// Encodes a reply and reads it back: what its caller is told is what whoever asks again will be.
/// `what` names it.
///
/// # Errors
/// If it cannot be stored.
pub fn reply<R: Serialize + DeserializeOwned>(
    reply: &R,
    what: impl Fn() -> String,
) -> Result<(Vec<u8>, R), Unstorable> {
    let mut out = Vec::new();
    codec::encode_whole(reply, &mut out).map_err(|source| Unstorable::encoding(what(), source))?;
    match codec::decode_value(&out) {
        Ok(back) => Ok((out, back)),
        Err(source) => Err(Unstorable::Undecodable { what: what().into(), source }),
    }
}

/// The fields that are encoded in another way once they were read.
fn changed<E: Event>(back: &E, written: &[u8]) -> Vec<String> {
    let mut again = Vec::new();
    let read = back.encode(&mut again).ok().and_then(|()| Fields::decode(&again).ok());
    match (Fields::decode(written), read) {
        (Ok(written), Some(read)) => written.changed_in(&read).map(ToOwned::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Why an event, or a reply that is to be remembered, is refused: it would not be read as it was.
///
/// For an example see [`ErrorClass`](crate::ErrorClass).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unstorable {
    /// A field refuses to be encoded.
    #[error("{what} cannot be stored")]
    Unencodable {
        /// The name of the event's type, or whose reply it is.
        what: Box<str>,
        /// Why.
        source: CodecError,
    },
    /// It is nested deeper than can be read.
    #[error("{what} cannot be stored: {}", CodecError::TooDeep { most: *most })]
    TooDeep {
        /// The name of the event's type, or whose reply it is.
        what: Box<str>,
        /// How deep it may be, in values.
        most: usize,
    },
    /// `Some` of what is stored as nothing would be read as `None`.
    #[error("{what} cannot be stored: {}", CodecError::SomeOfNothing)]
    SomeOfNothing {
        /// The name of the event's type, or whose reply it is.
        what: Box<str>,
    },
    /// serde cannot read what it wrote.
    #[error(
        "{what} cannot be stored, because it could not be read again; look at the attributes of serde \
         (128-bit numbers, or a name twice, in what is `flatten`ed, `untagged` or has a `tag`; what is \
         skipped without a `default`)"
    )]
    Undecodable {
        /// The name of the event's type, or whose reply it is.
        what: Box<str>,
        /// What it says.
        source: CodecError,
    },
    /// serde would read another value than it wrote.
    #[error(
        "{what} cannot be stored, because it would be read as another value{}. Look at the attributes of \
         serde: a variant that is `untagged` and reads what another one wrote, a field that is skipped",
        Places(fields)
    )]
    Different {
        /// The name of the event's type.
        what: Box<str>,
        /// Which fields would be encoded in another way once they were read; none if it is what is not
        /// stored that makes the difference.
        fields: Vec<String>,
    },
    /// A set says that the type is retired: it would be passed over.
    #[error("{what} is retired: nobody may record it any more")]
    Retired {
        /// The name of the event's type.
        what: Box<str>,
    },
}

impl Unstorable {
    fn encoding(what: impl Into<Box<str>>, source: CodecError) -> Self {
        let what = what.into();
        match source {
            CodecError::TooDeep { most } => Unstorable::TooDeep { what, most },
            CodecError::SomeOfNothing => Unstorable::SomeOfNothing { what },
            source => Unstorable::Unencodable { what, source },
        }
    }
}

struct Places<'a>(&'a [String]);

impl fmt::Display for Places<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str(", in what is not stored"),
            fields => write!(f, ", in {}", fields.join(", ")),
        }
    }
}
