//! What a field marked `#[tag]` may be: whom the event concerns.

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
    /// Adds the tags. One that is there already is not added twice.
    fn add_tags(&self, tags: &mut TagCollector<'_>);
}

impl<I: Id> Tagged for I {
    fn add_tags(&self, tags: &mut TagCollector<'_>) {
        tags.add_id(self);
    }
}

impl<T: Tagged> Tagged for Option<T> {
    fn add_tags(&self, tags: &mut TagCollector<'_>) {
        self.iter().for_each(|one| one.add_tags(tags));
    }
}

impl<T: Tagged> Tagged for Vec<T> {
    fn add_tags(&self, tags: &mut TagCollector<'_>) {
        self.iter().for_each(|one| one.add_tags(tags));
    }
}

impl<T: Tagged> Tagged for BTreeSet<T> {
    fn add_tags(&self, tags: &mut TagCollector<'_>) {
        self.iter().for_each(|one| one.add_tags(tags));
    }
}
