//! All IDs of an aggregate type, a page at a time.

use std::collections::BTreeSet;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;

use bailiwick_core::journal::{EventType, ReadValues, ValuesPage};
use bailiwick_core::{Aggregate, Event, IdDescriptor, Position, Tag, each_name};

use crate::aggregates::Aggregates;
use crate::error::ReadError;
use crate::journal::port;
use crate::registry::aggregate_type::AggregateType;
use crate::view::read::within;

/// A page of the IDs of an aggregate type. From [`Aggregates::ids`].
///
/// For an example see there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdsPage<I> {
    /// The IDs, each once, in the order of the bytes of their texts.
    pub ids: Vec<I>,
    /// The end of the journal when the page was read: every ID that an event up to here has is listed, as far
    /// as the page reaches. One that came later may lie before pages that were read already: a
    /// [subscription](Aggregates::subscribe) from the `upto` of the *first* page tells of it.
    pub upto: Position,
    /// Whether there may be more beyond the last.
    pub more: bool,
}

impl<A: Aggregate> Aggregates<A> {
    /// The IDs of all aggregates of this type that have an event, in memory or not, a page at a time: beyond
    /// `after`, the last of the page before. No aggregate is touched. A page costs what its IDs do, however
    /// many there are; what the journal has to catch up with first, it says.
    ///
    /// They come in the order of the bytes of their texts: 10 before 9. An ID belongs to the list if there is
    /// an event with its tag that aggregates of this type read. IDs that are
    /// [ignored](crate::Builder::ignores_ids) are left out.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sessions.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Runtime::builder(MemoryJournal::new()).aggregate::<AccountSessions>();
    /// # let runtime = builder.start().await?;
    /// let accounts = runtime.aggregates::<AccountSessions>();
    /// for id in ["b", "c", "a"] {
    ///     accounts.get(id).ask(Acquire("tv".into())).await?;
    /// }
    /// let accounts = accounts.limit(2);
    /// let first = accounts.ids(None).await?;
    /// assert_eq!((first.ids.as_slice(), first.more), (&["a".into(), "b".into()][..], true));
    /// let last = accounts.ids(first.ids.last()).await?;
    /// assert_eq!((last.ids.as_slice(), last.more), (&["c".into()][..], false));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ReadError::TimedOut`], [`ReadError::ShutDown`] or [`ReadError::Unread`].
    ///
    /// # Cancel safety
    /// A dropped call leaves nothing.
    pub fn ids(
        &self,
        after: Option<&A::Key>,
    ) -> impl Future<Output = Result<IdsPage<A::Key>, ReadError>> + Send + use<A> {
        let (kind, limit, timeout) = (self.kind.clone(), self.page, self.page_timeout);
        let after = after.map(ToString::to_string);
        async move { within(&kind.shared, timeout, list(&kind, after, limit)).await }
    }
}

/// The next page with an ID in it, or the last one.
async fn list<A: Aggregate>(
    kind: &Arc<AggregateType<A>>,
    mut after: Option<String>,
    limit: NonZeroUsize,
) -> Result<IdsPage<A::Key>, ReadError> {
    let mut upto = None;
    loop {
        let part = read_part(kind, after.as_deref(), limit).await?;
        let upto = *upto.get_or_insert(part.upto);
        let ids: Vec<_> =
            part.ids.iter().filter_map(|text| AggregateType::<A>::id_from(text)).collect();
        match part.ids.into_iter().next_back() {
            // None of these is an ID, and others may be.
            Some(last) if ids.is_empty() && part.more => after = Some(last),
            _ => return Ok(IdsPage { ids, upto, more: part.more }),
        }
    }
}

/// A page of the values of all keys that the ID has or had, each once.
async fn read_part<A: Aggregate>(
    kind: &Arc<AggregateType<A>>,
    after: Option<&str>,
    limit: NonZeroUsize,
) -> Result<IdsPage<String>, ReadError> {
    let mut pages = Vec::new();
    for key in IdDescriptor::of::<A::Key>().keys() {
        let types = each_name(A::Event::TYPES).into_iter().map(EventType::literal);
        let mut read = ReadValues::of(key).types(types).limit(limit);
        if let Some(after) = after {
            read = read.after(after);
        }
        pages.push(kind.shared.asks(|journal| port::values(journal, read)).await?);
    }
    Ok(merge(&pages, limit))
}

/// As far as all of the pages reach.
fn merge(pages: &[ValuesPage], limit: NonZeroUsize) -> IdsPage<String> {
    let unfinished = pages.iter().filter(|page| page.more);
    let reach = unfinished.filter_map(|page| page.tags.last()).map(Tag::value).min();
    let values = pages.iter().flat_map(|page| &page.tags).map(Tag::value);
    let within = values.filter(|value| reach.is_none_or(|reach| *value <= reach));
    let mut values: BTreeSet<String> = within.map(str::to_owned).collect();
    let mut more = pages.iter().any(|page| page.more);
    while values.len() > limit.get() {
        values.pop_last();
        more = true;
    }
    let upto = pages.iter().map(|page| page.upto).min().unwrap_or_default();
    IdsPage { ids: values.into_iter().collect(), upto, more }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(key: &str, values: &[&str], upto: u64, more: bool) -> ValuesPage {
        let tags = values.iter().map(|value| Tag::new(key, value).unwrap()).collect();
        ValuesPage { tags, upto: Position::new(upto), more }
    }

    #[test]
    fn what_lies_beyond_the_reach_of_one_key_comes_with_the_next_page() {
        let limit = NonZeroUsize::new(3).unwrap();
        let pages = [page("a", &["1", "5", "7"], 9, true), page("b", &["1", "4", "8"], 8, true)];
        let part = merge(&pages, limit);
        assert_eq!(part.ids, ["1", "4", "5"]);
        assert_eq!((part.upto.get(), part.more), (8, true));
        let pages = [page("a", &["1", "5", "7"], 9, true), page("b", &["8"], 9, false)];
        let part = merge(&pages, limit);
        assert_eq!(part.ids, ["1", "5", "7"]);
        assert!(part.more);
        let pages = [page("a", &["5"], 9, false), page("b", &["5", "8"], 9, false)];
        let part = merge(&pages, limit);
        assert_eq!(part.ids, ["5", "8"]);
        assert!(!part.more);
    }
}
