//! A journal some of whose calls go another way; all else is that of the journal within.

use std::sync::Arc;

use bailiwick::Position;
use bailiwick::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Head, Health,
    Journal, JournalId, JournalReadError, LastMatch, Outline, Page, Query, Read, ReadValues,
    ReopenError, ValuesPage,
};

type Inner = Arc<dyn Journal>;
/// What is asked instead, with the journal within.
type Way<A, R> = Option<Arc<dyn Fn(&Inner, A) -> R + Send + Sync>>;
type Appends = Answer<Result<Appended, AppendError>>;
type Pages = Answer<Result<Page, JournalReadError>>;
type Matches = Answer<Result<LastMatch, JournalReadError>>;
type Heads = Answer<Result<Head, JournalReadError>>;
type Outlines = Answer<Result<Outline, JournalReadError>>;
type Reopens = Answer<Result<(), ReopenError>>;

/// See the module. A test says what goes another way, and nothing else. Cloning shares it.
#[derive(Clone)]
pub struct Altered {
    inner: Inner,
    append: Way<(Vec<EncodedEvent>, Option<AppendCondition>), Appends>,
    read: Way<Read, Pages>,
    last: Way<Query, Matches>,
    head: Way<(), Heads>,
    limits: Way<(), AppendLimits>,
    health: Way<(), Health>,
    outline: Way<(), Outlines>,
    reopen: Way<(), Reopens>,
    id: Option<JournalId>,
}

impl Altered {
    /// One of which nothing goes another way yet.
    pub fn new(inner: impl Journal) -> Self {
        Altered::around(Arc::new(inner))
    }

    /// As [`new`](Self::new), around one that others may have, too.
    pub fn around(inner: Arc<dyn Journal>) -> Self {
        Altered {
            inner,
            append: None,
            read: None,
            last: None,
            head: None,
            limits: None,
            health: None,
            outline: None,
            reopen: None,
            id: None,
        }
    }

    /// Which journal it says that it is: a copy of another one.
    #[must_use]
    pub fn id(self, id: JournalId) -> Self {
        Altered { id: Some(id), ..self }
    }

    /// What an append does instead.
    #[must_use]
    pub fn append(
        self,
        way: impl Fn(&Inner, Vec<EncodedEvent>, Option<AppendCondition>) -> Appends
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let append: Way<(_, _), _> =
            Some(Arc::new(move |inner: &Inner, (events, condition)| way(inner, events, condition)));
        Altered { append, ..self }
    }

    /// What a read does instead.
    #[must_use]
    pub fn read(self, way: impl Fn(&Inner, Read) -> Pages + Send + Sync + 'static) -> Self {
        Altered { read: Some(Arc::new(way)), ..self }
    }

    /// What a look for the last match does instead.
    #[must_use]
    pub fn last(self, way: impl Fn(&Inner, Query) -> Matches + Send + Sync + 'static) -> Self {
        Altered { last: Some(Arc::new(way)), ..self }
    }

    /// What is said of the head instead.
    #[must_use]
    pub fn head(self, way: impl Fn(&Inner) -> Heads + Send + Sync + 'static) -> Self {
        Altered { head: Some(Arc::new(move |inner: &Inner, ()| way(inner))), ..self }
    }

    /// What it says that an append may hold.
    #[must_use]
    pub fn limits(self, limits: AppendLimits) -> Self {
        Altered { limits: Some(Arc::new(move |_: &Inner, ()| limits)), ..self }
    }

    /// What it says of its health.
    #[must_use]
    pub fn health(self, way: impl Fn(&Inner) -> Health + Send + Sync + 'static) -> Self {
        Altered { health: Some(Arc::new(move |inner: &Inner, ()| way(inner))), ..self }
    }

    /// What it says of its events instead.
    #[must_use]
    pub fn outline(self, way: impl Fn(&Inner) -> Outlines + Send + Sync + 'static) -> Self {
        Altered { outline: Some(Arc::new(move |inner: &Inner, ()| way(inner))), ..self }
    }

    /// What opening it again does instead.
    #[must_use]
    pub fn reopen(self, way: impl Fn(&Inner) -> Reopens + Send + Sync + 'static) -> Self {
        Altered { reopen: Some(Arc::new(move |inner: &Inner, ()| way(inner))), ..self }
    }
}

impl Journal for Altered {
    fn append(&self, events: Vec<EncodedEvent>, condition: Option<AppendCondition>) -> Appends {
        match &self.append {
            Some(way) => way(&self.inner, (events, condition)),
            None => self.inner.append(events, condition),
        }
    }

    fn read(&self, read: Read) -> Pages {
        match &self.read {
            Some(way) => way(&self.inner, read),
            None => self.inner.read(read),
        }
    }

    fn last(&self, query: Query) -> Matches {
        match &self.last {
            Some(way) => way(&self.inner, query),
            None => self.inner.last(query),
        }
    }

    fn head(&self) -> Heads {
        self.head.as_ref().map_or_else(|| self.inner.head(), |way| way(&self.inner, ()))
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        self.inner.changed(query, after)
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        self.inner.values(read)
    }

    /// Nothing, if what is read is not what is within.
    fn outline(&self) -> Outlines {
        match &self.outline {
            Some(way) => way(&self.inner, ()),
            None if self.read.is_none() => self.inner.outline(),
            None => Answer::ready(Ok(Outline::default())),
        }
    }

    fn id(&self) -> JournalId {
        self.id.unwrap_or_else(|| self.inner.id())
    }

    fn limits(&self) -> AppendLimits {
        self.limits.as_ref().map_or_else(|| self.inner.limits(), |way| way(&self.inner, ()))
    }

    fn health(&self) -> Health {
        self.health.as_ref().map_or_else(|| self.inner.health(), |way| way(&self.inner, ()))
    }

    fn reopen(&self) -> Reopens {
        self.reopen.as_ref().map_or_else(|| self.inner.reopen(), |way| way(&self.inner, ()))
    }
}
