//! Aggregates that were renamed: their news are in one lane, whatever their names were when they were recorded.

use crate::tag::Tag;
use crate::text::Text;

/// Aggregates whose `NAME`, or the key of whose ID, was another one before.
#[derive(Debug, Default)]
#[doc(hidden)]
pub struct Emitters(Vec<Emitter>);

#[derive(Debug)]
struct Emitter {
    name: &'static str,
    was: &'static [&'static str],
    key: &'static str,
    key_was: &'static [&'static str],
}

impl Emitters {
    /// Adds one, with what it was before.
    pub fn add(
        &mut self,
        (name, was): (&'static str, &'static [&'static str]),
        (key, key_was): (&'static str, &'static [&'static str]),
    ) {
        if !(was.is_empty() && key_was.is_empty()) {
            self.0.push(Emitter { name, was, key, key_was });
        }
    }

    /// The name of a lane of [`Lane::Emitter`](super::Lane::Emitter), as it is today.
    pub(super) fn today(&self, lane: Text) -> Text {
        match self.find(lane.as_str()) {
            Some((Emitter { name, key, .. }, id)) => format!("{name} {key}:{id}").into(),
            None => lane,
        }
    }

    /// The tags that the aggregate of such a lane had before.
    pub(super) fn former_tags(&self, lane: &str) -> impl Iterator<Item = Tag> {
        let found = self.find(lane).into_iter();
        found.flat_map(|(emitter, id)| {
            emitter.key_was.iter().filter_map(move |key| Tag::new(key, id).ok())
        })
    }

    fn find<'a>(&self, lane: &'a str) -> Option<(&Emitter, &'a str)> {
        if self.0.is_empty() {
            return None;
        }
        let (aggregate, tag) = lane.split_once(' ')?;
        let (key, id) = tag.split_once(':')?;
        let is = |own: &str, was: &[&str], this: &str| own == this || was.contains(&this);
        let is_its = |emitter: &&Emitter| {
            is(emitter.name, emitter.was, aggregate) && is(emitter.key, emitter.key_was, key)
        };
        Some((self.0.iter().find(is_its)?, id))
    }
}
