//! IDs that are text.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserializer, Serialize, Serializer};

use crate::tag::{InvalidTag, check_tag_value};

/// A text that is not an ID of the named type.
///
/// ```
/// use bailiwick_core::{InvalidId, id};
///
/// id!(OrderNo(u64): "order");
///
/// let invalid: InvalidId = "seven".parse::<OrderNo>().unwrap_err();
/// assert_eq!(
///     invalid.to_string(),
///     "\"seven\" is not a valid OrderNo: invalid digit found in string"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a valid {id}: {why}")]
pub struct InvalidId {
    id: &'static str,
    text: String,
    why: Why,
}

/// Why it is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Why {
    /// No tag can carry it.
    #[error("{0}")]
    Tag(InvalidTag),
    /// What the ID is made of does not have such a text.
    #[error("{0}")]
    Inner(String),
    /// What the ID is made of has another text for it.
    #[error("as an ID it is written {0:?}, and in no other way")]
    Another(String),
}

impl InvalidId {
    pub(super) fn new(id: &'static str, text: &str, why: Why) -> Self {
        InvalidId { id, text: text.chars().take(80).collect(), why }
    }
}

/// The text of an ID made by [`id!`](crate::id!).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdText(Arc<str>);

impl IdText {
    /// Checks a text.
    pub fn parse(id: &'static str, text: &str) -> Result<IdText, InvalidId> {
        match check_tag_value(text) {
            Ok(()) => Ok(IdText(text.into())),
            Err(invalid) => Err(InvalidId::new(id, text, Why::Tag(invalid))),
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

impl fmt::Display for IdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for IdText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
