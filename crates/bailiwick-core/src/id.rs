//! IDs: how an aggregate is addressed, and what its events are tagged with.

use std::any::{TypeId, type_name};
use std::error::Error;
use std::fmt::{self, Debug, Display};
use std::hash::Hash;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserializer, Serialize, Serializer};

use crate::tag::{InvalidTag, Tag, check_tag_value};
use crate::text::Same;

/// The ID of one kind of thing. It owns the key of the tag that its events carry.
///
/// Use [`id!`](crate::id!) for IDs that are text. Written by hand, `Display` and `FromStr` must
/// round-trip, and the text must be what a [`Tag`] can carry; an ID whose text is not is refused
/// when it is used.
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
    let id: I = text.parse().map_err(|error: I::Err| UnreadableId::Refused(error.to_string()))?;
    match Same::text(text, &id) {
        true => Ok(()),
        false => Err(UnreadableId::Another(id.to_string())),
    }
}

/// Why a text of the journal is no ID any more.
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

/// Declares IDs that are text: `id!(pub AccountId: "account", pub SessionId: "session")`.
///
/// Each is a cheap-to-clone newtype of 1 to 200 bytes without control characters. A text from
/// outside is checked by `parse` (or when it is deserialised); a literal is converted with
/// `From<&'static str>`, which panics when it cannot be an ID. The key is checked when compiling.
///
/// The key is stored, in the tags of all events. If it has to change, say what it was: what was
/// recorded before is found under the [old key](Id::WAS), what is written from now on has the new one.
///
/// ```
/// # use bailiwick_core::{Id, id};
/// id!(pub CourseId: "course" was "kurs", pub RoomId: "room" was "hall" was "saal");
/// # assert_eq!(RoomId::WAS, ["hall", "saal"]);
/// ```
#[macro_export]
macro_rules! id {
    ($( $(#[$meta:meta])* $vis:vis $name:ident : $key:literal $(was $was:literal)* ),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name($crate::__private::IdText);

        const _: () = assert!(
            $crate::__private::valid_tag_key($key),
            concat!("the key of ", stringify!($name), " must be 1 to 50 of a-z 0-9 _ - ."),
        );
        $(const _: () = assert!(
            $crate::__private::valid_tag_key($was),
            concat!("an old key of ", stringify!($name), " must be 1 to 50 of a-z 0-9 _ - ."),
        );)*

        impl $crate::Id for $name {
            const KEY: &'static str = $key;
            const WAS: &'static [&'static str] = &[$($was),*];
        }

        impl $crate::RoundTrip for $name {}

        #[allow(dead_code)]
        impl $name {
            /// The text of this ID.
            $vis fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.0.as_str())
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::write!(f, concat!(stringify!($name), "({})"), self.0.as_str())
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::InvalidId;
            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                $crate::__private::IdText::parse(stringify!($name), text).map(Self)
            }
        }

        impl ::core::convert::TryFrom<::std::string::String> for $name {
            type Error = $crate::InvalidId;
            fn try_from(text: ::std::string::String) -> ::core::result::Result<Self, Self::Error> {
                text.parse()
            }
        }

        /// # Panics
        /// If the literal cannot be an ID. Use `parse` for a text from outside.
        impl ::core::convert::From<&'static str> for $name {
            #[track_caller]
            fn from(text: &'static str) -> Self {
                match text.parse() {
                    Ok(id) => id,
                    Err(error) => ::core::panic!("{error}"),
                }
            }
        }

        impl ::core::convert::From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::__private::serde::Serialize::serialize(&self.0, serializer)
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::__private::IdText::deserialize_as(stringify!($name), deserializer).map(Self)
            }
        }
    )+};
}

/// A text that is not an ID of the named type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a valid {id}: {source}")]
pub struct InvalidId {
    id: &'static str,
    text: String,
    source: InvalidTag,
}

/// The text of an ID made by [`id!`](crate::id!).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdText(Arc<str>);

impl IdText {
    /// Checks a text.
    pub fn parse(id: &'static str, text: &str) -> Result<IdText, InvalidId> {
        match check_tag_value(text) {
            Ok(()) => Ok(IdText(text.into())),
            Err(source) => Err(InvalidId { id, text: text.chars().take(80).collect(), source }),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Deserialises and checks.
    pub fn deserialize_as<'de, D: Deserializer<'de>>(
        id: &'static str,
        deserializer: D,
    ) -> Result<IdText, D::Error> {
        deserializer.deserialize_str(TextOf(id))
    }
}

/// Checks a text where it stands, without a copy of its own.
struct TextOf(&'static str);

impl Visitor<'_> for TextOf {
    type Value = IdText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<IdText, E> {
        IdText::parse(self.0, text).map_err(E::custom)
    }
}

impl Serialize for IdText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    id!(pub CourseId: "course", pub RoomId: "room" was "hall" was "saal");

    #[test]
    fn an_id_knows_the_keys_it_had() {
        let id: RoomId = "r".into();
        assert_eq!(id.tag().unwrap().as_str(), "room:r");
        assert_eq!(
            id.old_tags().unwrap().iter().map(Tag::as_str).collect::<Vec<_>>(),
            ["hall:r", "saal:r"]
        );
        assert!(RoomId::has_key("saal") && !RoomId::has_key("course"));
        assert!(CourseId::from("c").old_tags().unwrap().is_empty());
    }

    /// Takes ten bytes at most, and does not mind capitals.
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    struct Loose(String);

    impl Id for Loose {
        const KEY: &'static str = "loose";
    }

    impl Display for Loose {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.0)
        }
    }

    impl FromStr for Loose {
        type Err = std::num::TryFromIntError;
        fn from_str(text: &str) -> Result<Self, Self::Err> {
            u8::try_from(text.len() * 25).map(|_| Loose(text.to_lowercase()))
        }
    }

    #[test]
    fn a_text_is_an_id_if_it_comes_back() {
        let check = IdDescriptor::of::<Loose>().check;
        assert_eq!(check("small"), Ok(()));
        assert_eq!(check("Small"), Err(UnreadableId::Another("small".into())));
        assert!(matches!(check("much too long"), Err(UnreadableId::Refused(_))));
    }

    #[test]
    fn an_id_round_trips_and_owns_its_tag() {
        let id: CourseId = "c1".into();
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert_eq!(id.tag().unwrap().as_str(), "course:c1");
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, r#""c1""#);
        assert_eq!(serde_json::from_str::<CourseId>(&json).unwrap(), id);
    }

    #[test]
    fn a_text_that_cannot_be_an_id_says_so() {
        let error = "a\u{7}b".parse::<CourseId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"a\\u{7}b\" is not a valid CourseId: it contains the control character '\\u{7}' at \
             byte 1; an ID or tag value has none"
        );
        assert!(serde_json::from_str::<CourseId>(r#""""#).is_err());
    }

    #[test]
    #[should_panic(expected = "\"\" is not a valid CourseId")]
    fn a_literal_that_cannot_be_an_id_panics() {
        let _ = CourseId::from("");
    }
}
