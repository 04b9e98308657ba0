//! IDs: how an aggregate is addressed, and what its events are tagged with.
//!
//! Why it is as it is: docs/decisions/api.md.

use std::any::{TypeId, type_name};
use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

use crate::tag::{InvalidTag, Tag};
use crate::text::Same;

mod declare;
mod inner;
#[cfg(test)]
mod tests;
mod text;

pub use inner::parse_inner;
pub use text::{IdText, InvalidId};

/// The ID of one kind of thing. It owns the key of the tag that its events carry.
///
/// Use [`id!`](crate::id!) for IDs that are a text, a number, a UUID or the like. Written by hand, `Display` and `FromStr` must
/// round-trip, and the text must be what a [`Tag`] can carry; an ID whose text is not is refused
/// when it is used.
///
/// For an example see [`id!`](crate::id!).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an ID",
    note = "declare it with `bailiwick::id!(pub {Self}: \"key\")`"
)]
pub trait Id:
    Clone + Eq + Ord + Hash + Debug + Display + FromStr<Err: Error> + Send + Sync + 'static
{
    /// The key of the tag: `course` in `course:c1`.
    const KEY: &'static str;

    /// Keys that it had before. Events that were recorded under them are asked for, guarded and read
    /// as those under today's; what is written from now on has today's. A key belongs to one ID
    /// type: who still has one of these as its own is another thing.
    const WAS: &'static [&'static str] = &[];

    /// The tag of the thing with this ID.
    ///
    /// # Errors
    /// If its text cannot be the value of a tag.
    fn tag(&self) -> Result<Tag, InvalidTag> {
        Tag::new(Self::KEY, self)
    }

    /// The tags that events of the thing with this ID carried when its key was another one.
    ///
    /// # Errors
    /// If its text cannot be the value of a tag, or a key not that of one.
    fn old_tags(&self) -> Result<Vec<Tag>, InvalidTag> {
        Self::WAS.iter().map(|key| Tag::new(key, self)).collect()
    }

    /// Whether tags of this key are, or were, its.
    fn has_key(key: &str) -> bool {
        key == Self::KEY || Self::WAS.contains(&key)
    }
}

/// What is known of an ID type before there is an ID: for whoever checks a journal at a start.
///
/// ```
/// use bailiwick_core::{IdDescriptor, UnreadableId, id};
///
/// id!(OrderNo(u64): "order" was "sale");
///
/// let known = IdDescriptor::of::<OrderNo>();
/// assert_eq!(known.keys().collect::<Vec<_>>(), ["order", "sale"]);
/// assert_eq!((known.check)("7"), Ok(()));
/// assert!(matches!((known.check)("seven"), Err(UnreadableId::Refused(_))));
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct IdDescriptor {
    /// The Rust type.
    pub id: &'static str,
    /// What tells Rust types of the same path apart.
    pub id_type: TypeId,
    /// The key of its tags.
    pub key: &'static str,
    /// Keys they had before.
    pub was: &'static [&'static str],
    /// Whether a text of the journal is still an ID, and the same one.
    pub check: fn(&str) -> Result<(), UnreadableId>,
}

impl IdDescriptor {
    /// What is known of `I`.
    pub fn of<I: Id>() -> IdDescriptor {
        IdDescriptor {
            id: type_name::<I>(),
            id_type: TypeId::of::<I>(),
            key: I::KEY,
            was: I::WAS,
            check: check::<I>,
        }
    }

    /// The key of its tags, and those they had before.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.key).chain(self.was.iter().copied())
    }
}

fn check<I: Id>(text: &str) -> Result<(), UnreadableId> {
    read::<I>(text).map(drop)
}

/// The ID that a text of the journal is.
pub(crate) fn read<I: Id>(text: &str) -> Result<I, UnreadableId> {
    let id: I = text.parse().map_err(|error: I::Err| UnreadableId::Refused(error.to_string()))?;
    match Same::text(text, &id) {
        true => Ok(id),
        false => Err(UnreadableId::Another(id.to_string())),
    }
}

/// Why a text of the journal is no ID any more.
///
/// For an example see [`IdDescriptor`](crate::IdDescriptor).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableId {
    /// `FromStr` refuses it.
    #[error("it cannot be parsed: {0}")]
    Refused(String),
    /// `Display` makes another text of it, so its events would not be found.
    #[error("its text becomes {0:?}, under which its events are not found")]
    Another(String),
}

/// What an ID is given as, where one is asked for: the ID or a reference to it, a literal, or the number,
/// the UUID or the like that it [is made of](crate::id!).
///
/// It is whatever is [`Into`] the ID. A text from outside is not: it is checked by `parse`.
///
/// ```
/// # use bailiwick_core::{InvalidId, IntoId, id};
/// id!(pub AccountId: "account", pub OrderNo(u64): "order");
///
/// fn get<K>(id: impl IntoId<K>) -> K {
///     id.into_id()
/// }
///
/// # fn f(from_outside: String) -> Result<(), InvalidId> {
/// let account: AccountId = get("acc-1");
/// let account: AccountId = get(&account);
/// let order: OrderNo = get(7);
/// let account: AccountId = get(from_outside.parse::<AccountId>()?);
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the ID `{K}`",
    label = "not checked to be one",
    note = "a text from outside is checked by `.parse()`: `text.parse::<{K}>()?`",
    note = "an ID, a reference to one, and a literal are taken as they are"
)]
pub trait IntoId<K> {
    /// The ID.
    ///
    /// # Panics
    /// If it is a literal that cannot be one.
    fn into_id(self) -> K;
}

// So that the message is about the ID, and not about a conversion that is missing.
#[diagnostic::do_not_recommend]
impl<K, T: Into<K>> IntoId<K> for T {
    #[track_caller]
    fn into_id(self) -> K {
        self.into()
    }
}
