//! What a field marked `#[tag]` may be: whom the event concerns.
//!
//! Why it is as it is: docs/decisions/api.md.

use std::collections::BTreeSet;

use crate::id::Id;
use crate::tag::{InvalidTag, Tag, Tags};
use crate::text::Same;

/// Whom an event concerns: an ID, or any number of them.
///
/// Implement it for a part of an event that names somebody: an item of an order, say, concerns its
/// product.
///
/// ```
/// # use bailiwick_core::{Event, TagCollector, Tagged, Tags, id, tags_of};
/// # id!(pub ProductId: "product");
/// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// pub struct Item {
///     product: ProductId,
///     quantity: u32,
/// }
///
/// impl Tagged for Item {
///     fn add_tags(&self, tags: &mut TagCollector<'_>) {
///         tags.add(&self.product);
///     }
/// }
///
/// #[derive(Event, Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// pub struct Ordered {
///     #[tag]
///     items: Vec<Item>,
/// }
/// # let item = |product: &'static str| Item { product: product.into(), quantity: 1 };
/// # let ordered = Ordered { items: vec![item("p1"), item("p2"), item("p1")] };
/// # assert_eq!(tags_of(&Tags::none(), &ordered).unwrap().as_slice().len(), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an ID",
    note = "a field that is marked `#[tag]` says whom the event concerns: an ID, declared with \
            `bailiwick::id!`, an `Option`, a `Vec` or a `BTreeSet` of them, or what implements \
            `Tagged`"
)]
pub trait Tagged {
    /// The keys of the tags that it may add, so that a start knows who cannot be found by which; none if
    /// that is not known.
    const KEYS: Option<&'static [&'static str]> = None;

    /// Adds the tags. One that is there already is not added twice.
    fn add_tags(&self, tags: &mut TagCollector<'_>);
}

impl<I: Id> Tagged for I {
    const KEYS: Option<&'static [&'static str]> = Some(&[I::KEY]);

    fn add_tags(&self, tags: &mut TagCollector<'_>) {
        tags.add_id(self);
    }
}

impl<T: Tagged> Tagged for Option<T> {
    const KEYS: Option<&'static [&'static str]> = T::KEYS;

    fn add_tags(&self, tags: &mut TagCollector<'_>) {
        self.iter().for_each(|one| one.add_tags(tags));
    }
}

impl<T: Tagged> Tagged for Vec<T> {
    const KEYS: Option<&'static [&'static str]> = T::KEYS;

    fn add_tags(&self, tags: &mut TagCollector<'_>) {
        self.iter().for_each(|one| one.add_tags(tags));
    }
}

impl<T: Tagged> Tagged for BTreeSet<T> {
    const KEYS: Option<&'static [&'static str]> = T::KEYS;

    fn add_tags(&self, tags: &mut TagCollector<'_>) {
        self.iter().for_each(|one| one.add_tags(tags));
    }
}

/// Collects the tags of an event's fields beside those of whoever emits it.
///
/// For an example see [`Tagged`](crate::Tagged).
#[derive(Debug)]
pub struct TagCollector<'a> {
    own: &'a Tags,
    more: Vec<Tag>,
    error: Option<TagError>,
}

impl<'a> TagCollector<'a> {
    /// Beside the tags of whoever emits the event.
    #[inline]
    pub(crate) fn of(own: &'a Tags) -> Self {
        TagCollector { own, more: Vec::new(), error: None }
    }
}

impl TagCollector<'_> {
    /// Adds the tags of those whom a field names.
    pub fn add(&mut self, field: &impl Tagged) {
        field.add_tags(self);
    }

    fn add_id<I: Id>(&mut self, id: &I) {
        if self.error.is_some() {
            return;
        }
        if let Some(own) = self.own.as_slice().first().filter(|own| own.key() == I::KEY) {
            if !Same::text(own.value(), id) {
                self.error = Some(TagError::Contradiction {
                    own: own.clone(),
                    field: format!("{}:{id}", I::KEY),
                });
            }
            return;
        }
        match id.tag() {
            Ok(tag) => self.more.push(tag),
            Err(source) => {
                self.error = Some(TagError::Invalid { key: I::KEY, source });
            }
        }
    }

    /// The tags of both.
    #[inline]
    pub(crate) fn all(self) -> Result<Tags, TagError> {
        match self.error {
            Some(error) => Err(error),
            None if self.more.is_empty() => Ok(self.own.clone()),
            None => {
                let mut tags = self.more;
                tags.extend_from_slice(self.own.as_slice());
                Ok(Tags::of(tags))
            }
        }
    }
}

/// Why the tags of an event contradict each other.
///
/// For an example see [`tags_of`](crate::tags_of).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagError {
    /// A field names another thing of the aggregate's own kind.
    #[error(
        "the event's field says {field} but the aggregate that emits it is {own}: an aggregate \
         speaks for itself only; leave the `#[tag]` off a field that names another one"
    )]
    Contradiction {
        /// The aggregate's own tag.
        own: Tag,
        /// The tag of the field.
        field: String,
    },
    /// The text of a field's ID cannot be a tag.
    #[error("a field with the tag key {key:?} cannot be a tag")]
    Invalid {
        /// The key of the ID.
        key: &'static str,
        /// What is wrong with its text.
        source: InvalidTag,
    },
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::event::tags_of;

    crate::id!(pub ToolId: "tool", pub BoxId: "box");

    #[derive(bailiwick_macros::Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Moved {
        #[tag]
        tools: Vec<ToolId>,
        #[tag]
        from: Option<BoxId>,
        #[tag]
        to: BTreeSet<BoxId>,
    }

    fn moved<const N: usize>(tools: [&'static str; N], from: Option<&'static str>) -> Moved {
        let to = ["b2".into(), "b3".into()].into();
        Moved { tools: tools.map(ToolId::from).into(), from: from.map(BoxId::from), to }
    }

    fn tags(own: Tags, event: &Moved) -> Vec<String> {
        tags_of(&own, event).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_field_may_name_any_number_each_once() {
        let none = Tags::none;
        let boxes = ["box:b2", "box:b3"];
        assert_eq!(tags(none(), &moved([], None)), boxes);
        let of = |more: &[&str]| -> Vec<String> {
            let mut all: Vec<_> = boxes.iter().chain(more).map(ToString::to_string).collect();
            all.sort();
            all
        };
        assert_eq!(tags(none(), &moved(["t1", "t2", "t1"], None)), of(&["tool:t1", "tool:t2"]));
        assert_eq!(tags(none(), &moved([], Some("b1"))), of(&["box:b1"]));
        assert_eq!(tags(none(), &moved([], Some("b2"))), boxes);
    }

    #[test]
    fn one_of_many_that_is_another_than_who_emits_it_is_refused() {
        let own: Tags = ToolId::from("t1").tag().unwrap().into();
        assert!(tags_of(&own, &moved(["t1"], None)).is_ok());
        let error = tags_of(&own, &moved(["t1", "t2"], None)).unwrap_err();
        assert!(error.to_string().contains("tool:t2"), "{error}");
    }
}
