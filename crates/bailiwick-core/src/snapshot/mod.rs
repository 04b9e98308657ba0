//! Snapshots: states of views that are kept outside of the journal, so that less of it has to be read.
//!
//! They are derived: whoever loses them loses time and nothing else. A snapshot shortens the read and never
//! the condition: what is decided on it is appended on the condition that it always was.
//!
//! For an example see [`Snapshots`].
//!
//! Why it is as it is: docs/decisions/snapshots.md.

mod declared;
mod golden;
mod record;
mod store;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::short_name::short_name;
use crate::{CodecError, View, codec};

#[doc(hidden)]
pub use declared::{Declared, SnapshotOf};
pub use golden::assert_snapshot;
#[doc(hidden)]
pub use record::{Body, Header, digest};
pub use store::{SnapshotKey, SnapshotStore};

/// That the states of a view are kept as snapshots, and when: see [`View::SNAPSHOTS`].
///
/// A state is encoded by serde, in the format of events. It needs `PartialEq` as well, because now and then
/// a snapshot is compared with what its events fold to today: that finds a state that does not come back
/// whole, and a [version](Self::version) that nobody has raised.
///
/// ```
/// use bailiwick_core::{Event, Snapshots, Timestamp, View, id};
/// use serde::{Deserialize, Serialize};
///
/// id!(MeterId: "meter");
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct MeterRead {
///     kwh: u64,
/// }
///
/// #[derive(Clone, PartialEq, Serialize, Deserialize)]
/// struct Meter {
///     total: u64,
/// }
///
/// impl View for Meter {
///     type Key = MeterId;
///     type Event = MeterRead;
///     // Every 500 events, and when it leaves memory with 50 that no snapshot has.
///     const SNAPSHOTS: Option<Snapshots<Self>> =
///         Some(Snapshots::version(1).every(500).leaving_with(50));
///
///     fn new(_: &MeterId) -> Self {
///         Meter { total: 0 }
///     }
///     fn apply(&mut self, read: &MeterRead, _: Timestamp) {
///         self.total += read.kwh;
///     }
/// }
/// # assert!(Meter::SNAPSHOTS.is_some());
/// ```
pub struct Snapshots<V> {
    version: u32,
    every: u64,
    leaving_with: u64,
    encode: fn(&V) -> Result<Vec<u8>, CodecError>,
    decode: fn(&[u8]) -> Result<V, CodecError>,
    is_same: fn(&V, &V) -> bool,
}

impl<V: Serialize + DeserializeOwned + PartialEq> Snapshots<V> {
    /// Kept by serde, as this version: every 1 000 events, and when it leaves memory with 100 new ones.
    ///
    /// Raise the version whenever a state that was folded by the code before is not the one that today's
    /// code folds from the same events: `apply` or `new` does something else, a field was added or means
    /// something else. A snapshot of another version is none. What is noticed without it: other event
    /// types that are read, or other versions of them, and what cannot be decoded any more.
    pub const fn version(version: u32) -> Self {
        Snapshots {
            version,
            every: 1_000,
            leaving_with: 100,
            encode: |state| {
                let mut out = Vec::new();
                codec::encode_whole(state, &mut out).map(|()| out)
            },
            decode: codec::decode_value,
            is_same,
        }
    }
}

/// What holds a NaN is not equal to itself: that is compared as it is stored.
fn is_same<V: Serialize + PartialEq>(one: &V, other: &V) -> bool {
    #[expect(clippy::eq_op, reason = "a NaN in it is not")]
    let is_comparable = one == one && other == other;
    if is_comparable {
        return one == other;
    }
    let form = |state| codec::fingerprint("", state).ok();
    form(one).is_some() && form(one) == form(other)
}

impl<V> Snapshots<V> {
    /// After how many events that no snapshot has a new one is kept; 0 for never.
    ///
    /// More often makes loading faster, by what it takes to read and fold so many events at most, and costs
    /// as many encodings.
    #[must_use]
    pub const fn every(self, events: u64) -> Self {
        Snapshots { every: events, ..self }
    }

    /// With how many events that no snapshot has, at least, a state that leaves memory is kept; 0 for never.
    #[must_use]
    pub const fn leaving_with(self, events: u64) -> Self {
        Snapshots { leaving_with: events, ..self }
    }

    /// The encoded form of a state.
    ///
    /// # Errors
    /// If it cannot be encoded.
    #[doc(hidden)]
    pub fn encode(&self, state: &V) -> Result<Vec<u8>, CodecError> {
        (self.encode)(state)
    }

    /// The state that was encoded.
    ///
    /// # Errors
    /// If it cannot be read any more.
    #[doc(hidden)]
    pub fn decode(&self, form: &[u8]) -> Result<V, CodecError> {
        (self.decode)(form)
    }

    /// Whether two states are the same.
    #[doc(hidden)]
    pub fn is_same(&self, one: &V, other: &V) -> bool {
        (self.is_same)(one, other)
    }
}

/// Whether a state comes back from a snapshot of it as it was.
///
/// # Errors
/// If it does not.
pub(crate) fn survives<V: View>(state: &V) -> Result<(), NotKept> {
    let Some(snapshots) = V::SNAPSHOTS else { return Ok(()) };
    let back = snapshots.encode(state).and_then(|form| snapshots.decode(&form));
    NotKept::unless(short_name::<V>(), back.map(|back| snapshots.is_same(state, &back)))
}

/// Why a state cannot be kept as a snapshot.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKept {
    #[error(
        "a snapshot of {view} cannot be read back: mend its Serialize or Deserialize, or take \
         `SNAPSHOTS` away"
    )]
    Unreadable { view: &'static str, source: CodecError },
    #[error(
        "a snapshot of {view} comes back as another state: something of it is not part of its \
         Serialize or Deserialize (a field that is skipped?). Mend that, or take `SNAPSHOTS` away"
    )]
    Different { view: &'static str },
}

impl NotKept {
    /// Unless it came back as the same.
    pub(crate) fn unless(
        view: &'static str,
        same: Result<bool, CodecError>,
    ) -> Result<(), NotKept> {
        match same {
            Ok(true) => Ok(()),
            Ok(false) => Err(NotKept::Different { view }),
            Err(source) => Err(NotKept::Unreadable { view, source }),
        }
    }
}

impl<V> Clone for Snapshots<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Snapshots<V> {}

impl<V> fmt::Debug for Snapshots<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshots")
            .field("version", &self.version)
            .field("every", &self.every)
            .field("leaving_with", &self.leaving_with)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_is_the_same_as_itself_and_nothing_else_is() {
        assert!(is_same(&1.0, &1.0) && !is_same(&1.0, &2.0));
        assert!(is_same(&f64::NAN, &f64::NAN) && !is_same(&f64::NAN, &1.0));
        assert!(!is_same(&(f64::NAN, 1), &(f64::NAN, 2)));
    }
}
