//! Whether what came is what was expected, where it may hold what is not equal to itself: NaN.

use std::fmt::Debug;

use crate::event::Event;

/// Whether two events are equal or, where one is not equal to itself, stored as the same bytes.
pub(super) fn event<E: Event + PartialEq>(one: &E, other: &E) -> bool {
    one == other || (odd(one) || odd(other)) && stored_alike(one, other)
}

/// Whether two values are equal or, where one is not equal to itself, shown alike.
pub(super) fn value<T: PartialEq + Debug>(one: &T, other: &T) -> bool {
    one == other || (odd(one) || odd(other)) && format!("{one:?}") == format!("{other:?}")
}

fn odd<T: PartialEq>(value: &T) -> bool {
    let itself = value;
    value != itself
}

fn stored_alike<E: Event>(one: &E, other: &E) -> bool {
    let encoded = |event: &E| {
        let mut out = Vec::new();
        event.encode(&mut out).is_ok().then_some(out)
    };
    let (one_type, other_type) = (one.event_type(), other.event_type());
    one_type == other_type && encoded(one).is_some_and(|one| Some(one) == encoded(other))
}
