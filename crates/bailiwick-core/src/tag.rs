//! Tags: what an event concerns. A query selects by them, an append condition guards them.

use std::fmt::{self, Display, Write as _};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// `key:value`, for example `course:c1`: one thing that an event concerns.
///
/// Tags are compared byte by byte: two texts that differ only by Unicode normalisation are two
/// tags. They are stored for ever and shown to operators, so keep personal data out of them.
///
/// For an example see [`id!`](crate::id!).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(Arc<str>);

impl Tag {
    /// The longest value of a tag, in bytes of UTF-8.
    pub const MAX_VALUE_BYTES: usize = 200;
    /// The longest key of a tag, in bytes.
    pub const MAX_KEY_BYTES: usize = 50;

    /// Makes the tag `key:value`.
    ///
    /// # Errors
    /// The key must be 1 to [`MAX_KEY_BYTES`](Self::MAX_KEY_BYTES) of `a-z 0-9 _ - .`; the value 1
    /// to [`MAX_VALUE_BYTES`](Self::MAX_VALUE_BYTES) without control characters.
    pub fn new(key: &str, value: impl Display) -> Result<Tag, InvalidTag> {
        let mut text = String::with_capacity(key.len() + 24);
        text.push_str(key);
        text.push(':');
        let _ = write!(text, "{value}");
        Tag::check(text.get(..key.len()).unwrap_or(""), &text[key.len() + 1..])?;
        Ok(Tag(text.into()))
    }

    /// A place in the order of tags: before those with this key whose value is larger, whatever `value`
    /// is.
    pub(crate) fn bound(key: &str, value: &str) -> Tag {
        Tag(format!("{key}:{value}").into())
    }

    fn check(key: &str, value: &str) -> Result<(), InvalidTag> {
        if !valid_tag_key(key) {
            return Err(InvalidTag::Key(key.to_owned()));
        }
        check_tag_value(value)
    }

    /// What kind of thing: the part before the first colon.
    pub fn key(&self) -> &str {
        self.0.split_once(':').map_or("", |(key, _)| key)
    }

    /// Which one: the part after the first colon.
    pub fn value(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, value)| value)
    }

    /// The whole text, `key:value`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, shared.
    pub(crate) fn to_text(&self) -> Text {
        self.0.clone().into()
    }
}

/// Whether `key` can be the key of a tag. Usable in a `const` assertion.
pub const fn valid_tag_key(key: &str) -> bool {
    let bytes = key.as_bytes();
    if bytes.is_empty() || bytes.len() > Tag::MAX_KEY_BYTES {
        return false;
    }
    let mut i = 0;
    while i < bytes.len() {
        if !matches!(bytes[i], b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.') {
            return false;
        }
        i += 1;
    }
    true
}

pub(crate) fn check_tag_value(value: &str) -> Result<(), InvalidTag> {
    if value.is_empty() {
        return Err(InvalidTag::Empty);
    }
    if value.len() > Tag::MAX_VALUE_BYTES {
        return Err(InvalidTag::TooLong { bytes: value.len() });
    }
    // By far the most are ASCII: spared the decoding.
    if value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(());
    }
    match value.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, character)) => Err(InvalidTag::Character { character, at }),
        None => Ok(()),
    }
}

impl std::str::FromStr for Tag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Tag, InvalidTag> {
        let (key, value) = text.split_once(':').ok_or_else(|| InvalidTag::NoColon(text.into()))?;
        Tag::check(key, value)?;
        Ok(Tag(text.into()))
    }
}

impl TryFrom<String> for Tag {
    type Error = InvalidTag;

    fn try_from(text: String) -> Result<Tag, InvalidTag> {
        text.parse()
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> String {
        tag.0.as_ref().to_owned()
    }
}

impl Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({})", self.0)
    }
}

/// Why a text cannot be a tag, or an ID.
///
/// For an example see [`id!`](crate::id!).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTag {
    /// It is empty.
    #[error("it is empty; an ID or tag value has 1 to {} bytes", Tag::MAX_VALUE_BYTES)]
    Empty,
    /// It is longer than [`Tag::MAX_VALUE_BYTES`].
    #[error("it has {bytes} bytes; an ID or tag value has at most {}", Tag::MAX_VALUE_BYTES)]
    TooLong {
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
    /// It contains a control character.
    #[error(
        "it contains the control character {character:?} at byte {at}; an ID or tag value has none"
    )]
    Character {
        /// The offending character.
        character: char,
        /// Its byte offset.
        at: usize,
    },
    /// The key is not one.
    #[error("{0:?} cannot be the key of a tag: 1 to {max} of a-z 0-9 _ - . are allowed", max = Tag::MAX_KEY_BYTES)]
    Key(String),
    /// There is no colon.
    #[error("{0:?} has no colon; a tag is written key:value")]
    NoColon(String),
}

/// A set of tags, in order and without repetition. Cloning shares it.
///
/// For an example see [`id!`](crate::id!).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tags(Arc<[Tag]>);

impl Tags {
    /// The empty set.
    pub fn none() -> Tags {
        Tags(Arc::new([]))
    }

    pub(crate) fn of(mut tags: Vec<Tag>) -> Tags {
        tags.sort_unstable();
        tags.dedup();
        Tags(tags.into())
    }

    /// The tags, sorted.
    pub fn as_slice(&self) -> &[Tag] {
        &self.0
    }

    /// Whether `tag` is one of them.
    pub fn contains(&self, tag: &Tag) -> bool {
        self.0.contains(tag)
    }

    /// Iterates in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }
}

impl Default for Tags {
    fn default() -> Self {
        Tags::none()
    }
}

impl From<Tag> for Tags {
    fn from(tag: Tag) -> Tags {
        Tags(Arc::new([tag]))
    }
}

impl FromIterator<Tag> for Tags {
    fn from_iter<I: IntoIterator<Item = Tag>>(tags: I) -> Tags {
        Tags::of(Vec::from_iter(tags))
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a Tag;
    type IntoIter = std::slice::Iter<'a, Tag>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_key_colon_value() {
        let tag = Tag::new("course", "c:1").unwrap();
        assert_eq!((tag.key(), tag.value(), tag.as_str()), ("course", "c:1", "course:c:1"));
        assert_eq!("course:c:1".parse(), Ok(tag));
    }

    #[test]
    fn what_cannot_be_a_tag_says_why() {
        assert!(matches!(Tag::new("Course", "c1"), Err(InvalidTag::Key(_))));
        assert!(matches!(Tag::new("", "c1"), Err(InvalidTag::Key(_))));
        assert_eq!(Tag::new("course", ""), Err(InvalidTag::Empty));
        assert_eq!(
            Tag::new("course", "a\nb"),
            Err(InvalidTag::Character { character: '\n', at: 1 })
        );
        assert_eq!(Tag::new("course", "x".repeat(201)), Err(InvalidTag::TooLong { bytes: 201 }));
        assert!(matches!("course".parse::<Tag>(), Err(InvalidTag::NoColon(_))));
    }

    #[test]
    fn tags_are_a_set() {
        let (a, b) = (Tag::new("k", "a").unwrap(), Tag::new("k", "b").unwrap());
        let tags: Tags = [b.clone(), a.clone(), b.clone()].into_iter().collect();
        assert_eq!(tags.as_slice(), [a, b]);
    }
}
