//! The values of a tag's key that are in a file.

use super::list::List;
use super::term::{IndexError, TagValue, Term};
use super::tree::Entries;

/// The values of a tag's key, in their order. After an error there are no more.
pub struct Values<'a> {
    entries: Option<Entries<'a>>,
    /// The key, and a colon.
    prefix: String,
}

impl<'a> Values<'a> {
    /// `entries`: from the first that may be one of them.
    pub(super) fn of(entries: Entries<'a>, prefix: String) -> Values<'a> {
        Values { entries: Some(entries), prefix }
    }

    fn step(&mut self) -> Result<Option<TagValue>, IndexError> {
        let Some(entries) = &mut self.entries else { return Ok(None) };
        if entries.step()? {
            let term = Term::of_key(entries.key()).ok_or(IndexError::Damaged)?;
            let value = match term {
                Term::Tag(tag) => tag.strip_prefix(&self.prefix),
                Term::Type(_) => None,
            };
            let Some(value) = value else { return Ok(None) };
            let list = List::of(entries.value()).ok_or(IndexError::Damaged)?;
            let mut types: Vec<_> = list.heads.iter().map(|head| head.event_type).collect();
            types.sort_unstable();
            return Ok(Some(TagValue { value: value.to_owned(), types }));
        }
        Ok(None)
    }
}

impl Iterator for Values<'_> {
    type Item = Result<TagValue, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.step().transpose();
        if !matches!(next, Some(Ok(_))) {
            self.entries = None;
        }
        next
    }
}
