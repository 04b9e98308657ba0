//! Reading: what is known without a look at a file is answered at once, all else on threads of the journal: a disk
//! may take its time, and that must not be a thread that others need.

mod pool;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bailiwick_core::journal::{
    Answer, Head, JournalReadError, LastMatch, Outline, Page, Query, Read, ReadValues, ValuesPage,
    Waiters,
};
use bailiwick_core::{BoxError, Position};
use parking_lot::RwLock;

use crate::OpenError;
use crate::store::{StoreError, View};
use pool::Pool;

/// The reading side of a journal.
pub(crate) struct Reads {
    path: PathBuf,
    /// Of the store that was opened last.
    view: RwLock<Arc<View>>,
    pub(crate) pool: Pool,
    pub(crate) waiters: Waiters,
}

impl Reads {
    /// Of the journal in the folder at `path`.
    pub(crate) fn of(path: &Path, view: Arc<View>) -> Reads {
        let (pool, waiters) = (Pool::default(), Waiters::default());
        Reads { path: path.to_owned(), view: RwLock::new(view), pool, waiters }
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.view.read().clone()
    }

    /// From here on it is read there.
    pub(crate) fn replace(&self, view: Arc<View>) {
        *self.view.write() = view;
    }

    pub(crate) fn head(&self) -> Head {
        self.view.read().head()
    }

    pub(crate) fn read(self: &Arc<Self>, read: Read) -> Answer<Result<Page, JournalReadError>> {
        match self.view.read().read_nothing(&read) {
            Some(page) => Answer::ready(Ok(page)),
            None => self.with_view(move |view| view.read(&read)),
        }
    }

    pub(crate) fn last(
        self: &Arc<Self>,
        query: Query,
    ) -> Answer<Result<LastMatch, JournalReadError>> {
        self.with_view(move |view| view.last(&query))
    }

    pub(crate) fn changed(
        self: &Arc<Self>,
        query: Query,
        after: Position,
    ) -> Answer<Result<(), JournalReadError>> {
        // Before the look at what is there, so that no append is missed.
        let waiting = self.waiters.wait(query.clone(), after);
        let read = Read::new(query).after(after).limit(NonZeroUsize::MIN);
        if self.view.read().read_nothing(&read).is_some() {
            return Answer::later(waiting);
        }
        let look = self.with_view(move |view| Ok(!view.read(&read)?.events.is_empty()));
        Answer::later(async move { if look.await? { Ok(()) } else { waiting.await } })
    }

    pub(crate) fn values(
        self: &Arc<Self>,
        read: ReadValues,
    ) -> Answer<Result<ValuesPage, JournalReadError>> {
        self.with_view(move |view| view.values(&read))
    }

    pub(crate) fn outline(self: &Arc<Self>) -> Answer<Result<Outline, JournalReadError>> {
        self.with_view(|view| Ok(view.outline()))
    }

    /// Nothing is read any more, and who waits is told.
    pub(crate) fn end(&self) {
        self.pool.end();
        self.waiters.end();
    }

    fn with_view<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&View) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<Result<T, JournalReadError>> {
        let reads = self.clone();
        self.pool.read(move || read(&reads.view()).map_err(|error| reads.not_read(error)))
    }

    /// Why a read failed, with the file's whole path.
    pub(crate) fn not_read(&self, error: StoreError) -> BoxError {
        OpenError::of_store(&self.path, error).into()
    }
}
