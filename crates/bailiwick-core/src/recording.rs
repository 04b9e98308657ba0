//! Commands and refusals that are recorded, so that they can be decided again later.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, CodecError};
use crate::event::Event;
use crate::schema::{EventDescriptor, REFUSED};
use crate::schema_version::SchemaVersion;
use crate::tagged::TagCollector;

/// That commands of a type are recorded, and how: see [`Decide::RECORDED`](crate::Decide::RECORDED) and
/// [`Decision::RECORDED`](crate::Decision::RECORDED).
///
/// By serde, in the format of events. So what was recorded is read for as long as the type reads it: a
/// field that is added needs `#[serde(default)]`.
///
/// ```
/// # use bailiwick_core::{Aggregate, Context, Event, Timestamp, View, commands, id};
/// # use serde::{Deserialize, Serialize};
/// # id!(pub CupId: "cup");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub struct Poured { ml: u32 }
/// # pub struct Cup;
/// # impl View for Cup {
/// #     type Key = CupId;
/// #     type Event = Poured;
/// #     fn new(_: &CupId) -> Cup { Cup }
/// #     fn apply(&mut self, _: &Poured, _: Timestamp) {}
/// # }
/// # impl Aggregate for Cup { const NAME: &'static str = "cup"; }
/// # #[derive(Debug, PartialEq, thiserror::Error)] #[error("too much")] pub struct TooMuch;
/// #[derive(Serialize, Deserialize)]
/// pub struct Pour {
///     pub ml: u32,
/// }
///
/// #[commands]
/// impl Cup {
///     #[command(recorded)]
///     fn pour(&self, pour: &Pour, ctx: &mut Context<Poured>) -> Result<(), TooMuch> {
///         ctx.emit(Poured { ml: pour.ml });
///         Ok(())
///     }
/// }
/// # use bailiwick_core::Decide;
/// # assert!(<Cup as Decide<Pour>>::RECORDED.is_some());
/// ```
pub struct Recording<C> {
    encode: fn(&C) -> Form,
    decode: fn(&[u8]) -> Result<C, CodecError>,
    fingerprint: fn(&C) -> Result<u64, CodecError>,
}

/// A command, encoded; none if it is of a type that is not recorded.
#[doc(hidden)]
pub type Form = Option<Result<Vec<u8>, CodecError>>;

impl<C: Serialize + DeserializeOwned> Recording<C> {
    /// Recorded by serde.
    #[expect(clippy::new_without_default, reason = "it is a constant")]
    pub const fn new() -> Self {
        Recording {
            encode: |command| {
                let mut out = Vec::new();
                Some(codec::encode_whole(command, &mut out).map(|()| out))
            },
            decode: codec::decode_value,
            fingerprint: |command| codec::fingerprint("", command),
        }
    }
}

impl<C> Recording<C> {
    /// Of what stands for commands of other types: recorded if they are, and read as what they are.
    pub(crate) const fn of_others(encode: fn(&C) -> Form) -> Self {
        Recording {
            encode,
            decode: |_| Err(CodecError::Decode("it is read by its own type".into())),
            fingerprint: |_| Err(CodecError::Decode("it is read by its own type".into())),
        }
    }

    /// The encoded form of a command; none if it is of a type that is not recorded.
    #[doc(hidden)]
    pub fn encode(&self, command: &C) -> Form {
        (self.encode)(command)
    }

    /// The command that was encoded.
    ///
    /// # Errors
    /// If it cannot be read any more.
    #[doc(hidden)]
    pub fn decode(&self, form: &[u8]) -> Result<C, CodecError> {
        (self.decode)(form)
    }

    /// Whether a command is the one that was encoded, in whatever order its maps and sets were.
    ///
    /// # Errors
    /// If that cannot be read any more.
    #[doc(hidden)]
    pub fn is_same(&self, command: &C, form: &[u8]) -> Result<bool, CodecError> {
        let recorded = self.decode(form)?;
        Ok((self.fingerprint)(command)? == (self.fingerprint)(&recorded)?)
    }
}

impl<C> Clone for Recording<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Recording<C> {}

impl<C> fmt::Debug for Recording<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}

/// Bailiwick's own event of a rule that said no to a command which is recorded: see [`REFUSED`].
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RefusalRecorded {
    /// The `NAME` of the aggregate that said no; none of a decision. Its tag is the event's.
    #[serde(default)]
    pub by: Option<String>,
    /// What it said.
    pub reason: String,
}

/// The longest reason of a refusal that is recorded, in bytes. What is longer is cut.
#[doc(hidden)]
pub const REASON_BYTES: usize = 1_024;

/// As much of a reason as is recorded.
#[doc(hidden)]
pub fn recorded_reason(mut reason: String) -> String {
    if reason.len() > REASON_BYTES {
        reason.truncate(reason.floor_char_boundary(REASON_BYTES - "..".len()));
        reason.push_str("..");
    }
    reason
}

impl RefusalRecorded {
    /// As it is recorded: by the aggregate with this `NAME`, or by a decision.
    pub fn by(aggregate: Option<&str>, reason: String) -> Self {
        RefusalRecorded { by: aggregate.map(ToOwned::to_owned), reason: recorded_reason(reason) }
    }
}

impl Event for RefusalRecorded {
    const TYPES: &'static [EventDescriptor] =
        &[EventDescriptor::new(REFUSED, "bailiwick", std::any::TypeId::of::<RefusalRecorded>())
            .round_trips(true)];

    fn descriptor(&self) -> &'static EventDescriptor {
        &Self::TYPES[0]
    }

    fn tags(&self, _: &mut TagCollector<'_>) {}

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        codec::encode(self, out)
    }

    fn decode(_: &str, _: SchemaVersion, payload: &[u8]) -> Result<Option<Self>, CodecError> {
        codec::decode(REFUSED, payload).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_two_characters() {
        let long = "ü".repeat(REASON_BYTES);
        let cut = recorded_reason(long.clone());
        assert!(cut.len() <= REASON_BYTES && cut.ends_with("ü.."), "{cut}");
        assert_eq!(recorded_reason("short".into()), "short");
        // Cut again, it stays as it is.
        assert_eq!(recorded_reason(cut.clone()), cut);
    }
}
