//! Lanes: which news of a policy come one after the other.

use std::fmt;

use super::emitters::Emitters;
use crate::id::Id;
use crate::journal::{EventType, Origin, Query, QueryItem, RecordedEvent};
use crate::tag::Tag;
use crate::text::Text;

/// Which news of a [policy](crate::Policy) it sees one after the other; those of different lanes go
/// beside each other, and one that cannot go on holds up nobody else.
///
/// The narrower, the more goes on at once and the less one failure stops. There is no default.
///
/// For an example see [`Policy`](crate::Policy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lane {
    /// A lane for each aggregate that emits news. For events of aggregates only: those of decisions have
    /// no such emitter.
    Emitter,
    /// A lane for each ID of a type, as the news carry it in their tags: see [`Lane::of`].
    #[non_exhaustive]
    Tag {
        /// The key of the ID.
        key: &'static str,
        /// Keys that it had before.
        was: &'static [&'static str],
    },
    /// One lane for all news, by this name. The slowest: nothing goes beside anything else, and what
    /// cannot go on stops the whole policy.
    One(&'static str),
}

impl Lane {
    /// A lane for each `I`: for news that carry exactly one ID of this type, be it that of the aggregate
    /// that emitted them or one of a field marked `#[tag]`.
    pub const fn of<I: Id>() -> Lane {
        Lane::Tag { key: I::KEY, was: I::WAS }
    }

    /// The name of the lane of an event: the same for all that are in it.
    ///
    /// # Errors
    /// If it has none.
    pub fn name(self, news: &RecordedEvent) -> Result<Text, NoLane> {
        match self {
            Lane::One(name) => Ok(Text::literal(name)),
            Lane::Emitter => match &news.event.metadata.origin {
                Some(Origin { aggregate, tag, .. }) => Ok(format!("{aggregate} {tag}").into()),
                None => Err(NoLane::Emitter),
            },
            Lane::Tag { key, was } => {
                let is_its = |tag: &&Tag| tag.key() == key || was.contains(&tag.key());
                let mut tags = news.event.tags.iter().filter(is_its);
                let first = tags.next().ok_or(NoLane::Tag { key })?;
                match tags.find(|other| other.value() != first.value()) {
                    None if first.key() == key => Ok(first.to_text()),
                    None => Ok(format!("{key}:{}", first.value()).into()),
                    Some(_) => Err(NoLane::Several { key }),
                }
            }
        }
    }

    /// The name of a lane, as it was recorded, by the names that emitters have today.
    #[doc(hidden)]
    pub fn today(self, recorded: Text, emitters: &Emitters) -> Text {
        match self {
            Lane::Emitter => emitters.today(recorded),
            Lane::Tag { .. } | Lane::One(_) => recorded,
        }
    }

    /// Which events of these types may be in the lane with this name: those, and perhaps others. So a lane
    /// is read without the others. `emitters`: those that were renamed.
    #[doc(hidden)]
    pub fn query(self, name: &str, types: &[EventType], emitters: &Emitters) -> Query {
        let of = |tags: Vec<Tag>| {
            QueryItem::new(types.iter().cloned(), tags).expect("a policy wants some event")
        };
        let tag = |text: &str| text.parse().ok();
        let tags: Vec<Tag> = match self {
            Lane::One(_) => Vec::new(),
            Lane::Emitter => {
                let own = name.split_once(' ').and_then(|(_, own)| tag(own));
                own.into_iter().chain(emitters.former_tags(name)).collect()
            }
            Lane::Tag { was, .. } => {
                let value = name.split_once(':').map_or("", |(_, value)| value);
                let old = was.iter().filter_map(|key| Tag::new(key, value).ok());
                tag(name).into_iter().chain(old).collect()
            }
        };
        match tags.is_empty() {
            true => of(Vec::new()).into(),
            false => {
                Query::any_of(tags.into_iter().map(|tag| of(vec![tag]))).expect("one at least")
            }
        }
    }
}

/// As it is recorded, and compared with at the next start.
impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lane::Emitter => f.write_str("emitter"),
            Lane::Tag { key, .. } => write!(f, "tag {key}"),
            Lane::One(name) => write!(f, "one {name}"),
        }
    }
}

/// Why a news is in no lane of its policy.
///
/// For an example see [`Policy`](crate::Policy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoLane {
    /// No aggregate emitted it.
    #[error("no aggregate emitted it, so it has no lane; let the lane be that of a tag")]
    Emitter,
    /// It has no such tag.
    #[error("it carries no tag `{key}`, so it has no lane")]
    Tag {
        /// The key of the tag.
        key: &'static str,
    },
    /// It has more than one.
    #[error("it carries more than one tag `{key}`, so it has no lane of its own")]
    Several {
        /// The key of the tags.
        key: &'static str,
    },
}
