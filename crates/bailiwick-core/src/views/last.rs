//! A view of one event: the last one.

use std::marker::PhantomData;

use super::Views;
use super::describe::{Describe, Lend};
use super::erased::OneView;
use super::error::BoundaryError;
use super::reader::Reader;
use crate::event::Event;
use crate::time::Timestamp;
use crate::view::Key;

/// The last event of the set `E` that carries the tags of the key `K`, and no other: it costs the
/// same however many there are. Without a key, the last one of all.
///
/// ```
/// # use bailiwick_core::{Context, Decision, Event, Last};
/// # #[derive(Event, Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// # struct PageTurned { page: u64 }
/// # struct TurnPage;
/// impl Decision for TurnPage {
///     type Views = Last<PageTurned>;
///     // ...
/// #   type Event = PageTurned;
/// #   type Reply = u64;
/// #   type Rejection = std::convert::Infallible;
/// #   fn keys(&self) {}
///     fn decide(
///         &self,
///         last: &Last<PageTurned>,
///         ctx: &mut Context<PageTurned>,
///     ) -> Result<u64, Self::Rejection> {
///         let page = last.event().map_or(1, |turned| turned.page + 1);
///         ctx.emit(PageTurned { page });
///         Ok(page)
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Last<E, K = ()> {
    event: Option<(E, Timestamp)>,
    of: PhantomData<fn() -> K>,
}

impl<E, K> Last<E, K> {
    /// The event; none if there was never one.
    pub fn event(&self) -> Option<&E> {
        self.event.as_ref().map(|(event, _)| event)
    }

    /// When it was recorded.
    pub fn at(&self) -> Option<Timestamp> {
        self.event.as_ref().map(|(_, at)| *at)
    }
}

impl<E: Event, K: Key> OneView for Last<E, K> {
    type Key = K;
    type Event = E;
    const LAST_ONLY: bool = true;

    fn begin(_: &K) -> Self {
        Last { event: None, of: PhantomData }
    }

    fn fold(&mut self, event: E, at: Timestamp) {
        self.event = Some((event, at));
    }
}

impl<E: Event, K: Key> Views for Last<E, K> {
    type Keys = K;
    type Refs<'a> = &'a Last<E, K>;

    fn readers(to: &mut Vec<Reader>) {
        to.push(Reader::of::<Self>());
    }

    fn describe(key: &K, to: &mut Describe) -> Result<(), BoundaryError> {
        to.view::<Self>(key)
    }

    fn refs<'a>(from: &mut Lend<'a>) -> &'a Self {
        from.view()
    }
}
