//! What a decision reads: its views, the queries they are folded from, and how to fold them.
//!
//! 1. The query that reads and the query that guards come from one description, [`ReadingItem`],
//!    which is made in one place from the type of the views and their keys.
//! 2. What is folded is known up to a position: a view holds every event up to there that it reads,
//!    and nothing else, unless it is ahead with events that are not durable yet.
//! 3. A decision sees views that have come to one common position, never a torn picture.
//! 4. A view that two decisions name, or one decision names twice, is folded once.
//!
//! Nothing here reads a journal: whoever does asks [`Folded`] what to read and gives it the pages.
//!
//! Why it is as it is: docs/decisions/decisions.md.

mod answered;
mod boundary;
mod describe;
mod erased;
mod error;
mod folded;
mod identity;
mod item;
mod last;
mod reader;
mod slot;

#[doc(hidden)]
pub use answered::{Answered, Known, LastAnswer, OnceKey};
pub use boundary::{Boundary, Pair};
pub use describe::{Describe, Lend};
pub use error::{BoundaryError, FoldError};
pub use folded::Folded;
pub use identity::ViewIdentity;
pub use item::ReadingItem;
pub use last::Last;
pub use reader::Reader;
#[doc(hidden)]
pub use slot::Form;
pub use slot::Slot;

use std::marker::PhantomData;

use crate::view::View;

/// What a decision reads: views, in any combination. [`Keys`](Views::Keys) says what they are of,
/// and the decision gets [`Refs`](Views::Refs).
///
/// | `Views` | `Keys` | `Refs<'a>` |
/// |---|---|---|
/// | `V`, a [`View`] or an aggregate | `V::Key` | `&'a V` |
/// | `(V, W)`, up to six | `(V::Keys, W::Keys)` | `(V::Refs<'a>, W::Refs<'a>)` |
/// | `Vec<V>`, one for each key | `Vec<V::Keys>` | `Vec<V::Refs<'a>>`, in the order of the keys |
/// | `Option<V>`, if there is a key | `Option<V::Keys>` | `Option<V::Refs<'a>>` |
/// | [`Unguarded<V>`](Unguarded), read but not guarded | `V::Keys` | `V::Refs<'a>` |
/// | [`Last<E, K>`](Last), the last event only | `K` | `&'a Last<E, K>` |
/// | `()`, nothing | `()` | `()` |
///
/// A view whose key is `()` reads and guards its event types whatever their tags.
///
/// For an example see [`Decision`](crate::Decision).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the views of a decision",
    note = "a decision reads a view or an aggregate, a tuple of up to six, a `Vec` or an `Option` \
            of them, `Unguarded`, `Last`, or `()`"
)]
pub trait Views: Sized + 'static {
    /// What the views are of.
    type Keys;
    /// How the decision gets them.
    type Refs<'a>;

    /// Says what each of them reads, whatever the keys.
    #[doc(hidden)]
    fn readers(to: &mut Vec<Reader>);

    /// Says what is read, for these keys.
    #[doc(hidden)]
    fn describe(keys: &Self::Keys, to: &mut Describe) -> Result<(), BoundaryError>;

    /// Takes what was described, in the same order.
    #[doc(hidden)]
    fn refs<'a>(from: &mut Lend<'a>) -> Self::Refs<'a>;
}

impl<V: View> Views for V {
    type Keys = V::Key;
    type Refs<'a> = &'a V;

    fn readers(to: &mut Vec<Reader>) {
        to.push(Reader::of::<V>());
    }

    fn describe(key: &V::Key, to: &mut Describe) -> Result<(), BoundaryError> {
        to.view::<V>(key)
    }

    fn refs<'a>(from: &mut Lend<'a>) -> &'a V {
        from.view()
    }
}

/// Views that are read but not guarded: what is appended to them meanwhile does not stop the
/// decision, and does not make it wait for others.
///
/// The decision may rest on what is no longer so. Right for what is merely good to know, and for
/// facts that never change once they are there.
///
/// For an example see [`Decision`](crate::Decision).
#[derive(Debug)]
pub struct Unguarded<V>(PhantomData<fn() -> V>);

impl<V: Views> Views for Unguarded<V> {
    type Keys = V::Keys;
    type Refs<'a> = V::Refs<'a>;

    fn readers(to: &mut Vec<Reader>) {
        V::readers(to);
    }

    fn describe(keys: &V::Keys, to: &mut Describe) -> Result<(), BoundaryError> {
        to.unguarded(|to| V::describe(keys, to))
    }

    fn refs<'a>(from: &mut Lend<'a>) -> V::Refs<'a> {
        V::refs(from)
    }
}

impl<V: Views> Views for Vec<V> {
    type Keys = Vec<V::Keys>;
    type Refs<'a> = Vec<V::Refs<'a>>;

    fn readers(to: &mut Vec<Reader>) {
        V::readers(to);
    }

    fn describe(keys: &Vec<V::Keys>, to: &mut Describe) -> Result<(), BoundaryError> {
        to.many(keys.len());
        keys.iter().try_for_each(|keys| V::describe(keys, to))
    }

    fn refs<'a>(from: &mut Lend<'a>) -> Vec<V::Refs<'a>> {
        (0..from.many()).map(|_| V::refs(from)).collect()
    }
}

impl<V: Views> Views for Option<V> {
    type Keys = Option<V::Keys>;
    type Refs<'a> = Option<V::Refs<'a>>;

    fn readers(to: &mut Vec<Reader>) {
        V::readers(to);
    }

    fn describe(keys: &Option<V::Keys>, to: &mut Describe) -> Result<(), BoundaryError> {
        to.many(usize::from(keys.is_some()));
        keys.iter().try_for_each(|keys| V::describe(keys, to))
    }

    fn refs<'a>(from: &mut Lend<'a>) -> Option<V::Refs<'a>> {
        (from.many() > 0).then(|| V::refs(from))
    }
}

macro_rules! tuples {
    ($($($v:ident $at:tt),*;)+) => {$(
        impl<$($v: Views),*> Views for ($($v,)*) {
            type Keys = ($($v::Keys,)*);
            type Refs<'a> = ($($v::Refs<'a>,)*);

            #[allow(unused_variables, reason = "`()` reads nothing")]
            fn readers(to: &mut Vec<Reader>) {
                $($v::readers(to);)*
            }

            #[allow(unused_variables, reason = "`()` has nothing to describe")]
            fn describe(keys: &Self::Keys, to: &mut Describe) -> Result<(), BoundaryError> {
                $($v::describe(&keys.$at, to)?;)*
                Ok(())
            }

            #[allow(unused_variables, clippy::unused_unit, reason = "`()` has nothing to take")]
            fn refs<'a>(from: &mut Lend<'a>) -> Self::Refs<'a> {
                ($($v::refs(from),)*)
            }
        }
    )+};
}

tuples! {
    ;
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}
