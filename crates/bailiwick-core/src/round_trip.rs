//! Which types come back from their serde form as they were, and how the derive finds out.
//!
//! Why it is as it is: docs/decisions/stored-format.md.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZero, Saturating, Wrapping};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::position::Position;
use crate::text::Text;
use crate::time::Timestamp;

/// A promise: a value of this type that serde writes, serde reads as a value that nobody can tell
/// from it. [Events](crate::Event#what-is-read-back) whose fields all keep it need not be read back.
///
/// Derive it for a type of your own:
///
/// ```
/// use bailiwick_core::{Event, RoundTrip};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, RoundTrip)]
/// struct Money {
///     minor: u64,
///     currency: String,
/// }
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct Paid {
///     price: Money,
/// }
///
/// assert!(Paid::TYPES[0].round_trips);
/// ```
///
/// The derive demands that every field's type keeps the promise, and refuses the attributes of serde
/// that may break it. A type may nest itself: how deep a value is, is looked at when it is encoded.
/// `Serialize` and `Deserialize` must be the derived ones.
///
/// A type of another crate keeps it behind a newtype, if you know that it does:
///
/// ```
/// # use bailiwick_core::RoundTrip;
/// # use serde::{Deserialize, Serialize};
/// # type Uuid = [u8; 16];
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct OrderId(Uuid);
///
/// impl RoundTrip for OrderId {}
/// ```
///
/// A promise that does not hold lets the state in memory differ from the one that is rebuilt.
/// [`given`](crate::given) reads everything back, whatever was promised.
///
/// Not among those that keep it: a `BinaryHeap` (its order within is not kept), a `RangeInclusive` (it
/// may be used up), a `SocketAddr` (of version 6 it loses a part), a map with a hasher of one's own (its
/// order, which somebody might rely on, is not kept), and everything with a value that changes behind
/// a shared reference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known to come back from its serde form as it was",
    note = "derive `RoundTrip` for it if it is a type of yours; a type of another crate can be wrapped \
            in a newtype that implements `RoundTrip`, if it is known to keep the promise",
    note = "without `RoundTrip`, events that hold it are read back when they are emitted"
)]
pub trait RoundTrip {
    /// Where the derive demands the same of the fields.
    #[doc(hidden)]
    fn fields_round_trip() {}
}

macro_rules! round_trip {
    ($($type:ty),* $(,)?) => {$(
        impl RoundTrip for $type {}
    )*};
}

round_trip! {
    (), bool, char, str, String,
    u8, u16, u32, u64, u128, usize,
    i8, i16, i32, i64, i128, isize,
    f32, f64,
    Duration, IpAddr, Ipv4Addr, Ipv6Addr,
    Cow<'static, str>,
    NonZero<u8>, NonZero<u16>, NonZero<u32>, NonZero<u64>, NonZero<u128>, NonZero<usize>,
    NonZero<i8>, NonZero<i16>, NonZero<i32>, NonZero<i64>, NonZero<i128>, NonZero<isize>,
    Position, Text, Timestamp,
}

/// The text that has hyphens.
#[cfg(feature = "uuid")]
impl RoundTrip for uuid::Uuid {}
/// `Some` of what is stored as nothing is refused when it is encoded.
impl<T: RoundTrip> RoundTrip for Option<T> {}
impl<T: RoundTrip, E: RoundTrip> RoundTrip for Result<T, E> {}
impl<T: RoundTrip + ?Sized> RoundTrip for Box<T> {}
impl<T: RoundTrip + ?Sized> RoundTrip for Arc<T> {}
impl<T: ?Sized> RoundTrip for PhantomData<T> {}
impl<T: RoundTrip> RoundTrip for [T] {}
impl<T: RoundTrip, const N: usize> RoundTrip for [T; N] {}
impl<T: RoundTrip> RoundTrip for Vec<T> {}
impl<T: RoundTrip> RoundTrip for VecDeque<T> {}
impl<T: RoundTrip> RoundTrip for LinkedList<T> {}
impl<T: RoundTrip> RoundTrip for BTreeSet<T> {}
impl<T: RoundTrip> RoundTrip for HashSet<T> {}
impl<K: RoundTrip, V: RoundTrip> RoundTrip for BTreeMap<K, V> {}
impl<K: RoundTrip, V: RoundTrip> RoundTrip for HashMap<K, V> {}
impl<T: RoundTrip> RoundTrip for Range<T> {}
impl<T: RoundTrip> RoundTrip for Wrapping<T> {}
impl<T: RoundTrip> RoundTrip for Saturating<T> {}

macro_rules! tuples {
    ($($first:ident $($more:ident)*;)*) => {$(
        impl<$first: RoundTrip, $($more: RoundTrip),*> RoundTrip for ($first, $($more,)*) {}
    )*};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}

/// Compiles if the type keeps the promise.
pub fn round_trips<T: RoundTrip + ?Sized>() {}

/// Asks whether a type keeps the promise: `Known::<T>::ROUND_TRIPS`, with [`Unknown`] in scope. An
/// item of the type itself goes before one of a trait, if its bounds are met.
pub struct Known<T: ?Sized>(PhantomData<T>);

impl<T: RoundTrip + ?Sized> Known<T> {
    /// It does.
    pub const ROUND_TRIPS: bool = true;
}

/// The answer for a type of which nothing is known.
pub trait Unknown {
    /// It may not.
    const ROUND_TRIPS: bool = false;
}

impl<T: ?Sized> Unknown for Known<T> {}

/// Compares two values of a type that may not be comparable, in the same way.
pub struct Comparison<'a, T>(pub &'a T, pub &'a T);

impl<T: PartialEq> Comparison<'_, T> {
    /// Whether they are equal.
    pub fn equals(&self) -> Option<bool> {
        Some(self.0 == self.1)
    }
}

/// The answer for a type that cannot tell.
pub trait Incomparable {
    /// Nobody knows.
    fn equals(&self) -> Option<bool> {
        None
    }
}

impl<T> Incomparable for Comparison<'_, T> {}
