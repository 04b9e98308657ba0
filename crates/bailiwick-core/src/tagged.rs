//! What a field marked `#[tag]` may be: whom the event concerns.
//!
//! Why it is as it is: docs/decisions/api.md.

use std::collections::BTreeSet;

use crate::{Id, TagCollector};

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

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{Event, Tags, tags_of};

    crate::id!(pub ToolId: "tool", pub BoxId: "box");

    #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
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
