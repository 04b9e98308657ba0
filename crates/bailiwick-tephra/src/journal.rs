//! The journal: what the port asks for, and what it is made of.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use bailiwick_core::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, FaultKind, Head,
    Health, Journal, JournalId, JournalReadError, LastMatch, Page, Query, Read, ReadValues,
    ReopenError, ValueIndex, ValuesPage,
};
use bailiwick_core::{BoxError, Position};
use parking_lot::{Mutex, RwLock};
use tephra::ReadHandle;

use crate::appends::{Append, Appends};
use crate::error::fault;
use crate::folder::{Folder, note};
use crate::reads::{self, Pool, Source};
use crate::store::{self, Store};
use crate::writing::Writing;
use crate::{OpenError, Options};

/// A [`Journal`] in a folder. See the [crate](crate) for what it promises.
///
/// Dropping it waits until everything that was appended is written, or known to have failed, and
/// lets the folder go: the time of a sync or two.
///
/// For an example see [`Options`](crate::Options).
pub struct TephraJournal {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    #[cfg(feature = "fault-injection")]
    saboteur: Option<crate::sabotage::Saboteur>,
}

/// What the threads of a journal share.
pub(crate) struct Shared {
    pub(crate) folder: Folder,
    pub(crate) appends: Arc<Appends>,
    pub(crate) pool: Pool,
    /// None while it is closed for writing.
    pub(crate) store: Mutex<Option<Store>>,
    pub(crate) reader: RwLock<ReadHandle>,
    /// Of the values of tags: tephra has no such. Nothing until somebody asks.
    values: Mutex<ValueIndex>,
    limits: AppendLimits,
}

impl TephraJournal {
    /// Opens the journal in `folder`, which is made if it is not there. See [`Options`] for what can
    /// be chosen.
    ///
    /// Blocks the thread, up to ten seconds if another process has the folder.
    ///
    /// # Errors
    /// See [`OpenError`]: each names the file and what to do.
    pub fn open(folder: impl AsRef<Path>) -> Result<TephraJournal, OpenError> {
        Options::default().open(folder)
    }

    /// What can be chosen.
    pub fn options() -> Options {
        Options::default()
    }

    pub(crate) fn open_with(options: &Options, path: &Path) -> Result<TephraJournal, OpenError> {
        let folder = Folder::open(path, options)?;
        let store = Store::open(&folder)?;
        let reader = store.reader();
        let head = find_head(&folder, &reader)?;
        let noted = note::read(folder.path()).unwrap_or_default().position;
        let appends = Appends::new(&folder, options, store.writer(), head, noted);
        let shared = Arc::new(Shared {
            limits: store::limits(&folder),
            appends: Arc::new(appends),
            pool: Pool::default(),
            store: Mutex::new(Some(store)),
            reader: RwLock::new(reader),
            values: Mutex::default(),
            folder,
        });
        let mut journal = TephraJournal {
            shared: shared.clone(),
            threads: Vec::new(),
            #[cfg(feature = "fault-injection")]
            saboteur: options.saboteur(head.position),
        };
        let writing = Writing::new(shared.clone());
        journal.spawn("bailiwick-write", move || writing.run())?;
        for _ in 0..options.reader_threads.get() {
            let shared = shared.clone();
            journal.spawn("bailiwick-read", move || shared.pool.work())?;
        }
        Ok(journal)
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
        self.threads.push(thread.map_err(|e| OpenError::io(self.shared.folder.path(), e))?);
        Ok(())
    }

    /// Reads on a thread of the journal.
    fn read_with<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Source<'_>) -> Result<T, BoxError> + Send + 'static,
    ) -> Answer<Result<T, JournalReadError>> {
        let shared = self.shared.clone();
        self.shared.pool.read(move || read(&shared.source()))
    }
}

impl Shared {
    /// Puts an append behind those before it.
    pub(crate) fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        if let Err(why) = self.limits.check(&events) {
            return Answer::ready(Err(AppendError::OverLimit(why)));
        }
        match Append::new(events, condition) {
            Ok((append, told)) => self.appends.submit(append, told),
            Err(why) => Answer::ready(Err(AppendError::NotWritten(why.into()))),
        }
    }

    pub(crate) fn source(&self) -> Source<'_> {
        Source { reader: self.reader.read().clone(), folder: self.folder.path() }
    }

    /// Nobody is there to open it again.
    fn unattended(&self) -> ReopenError {
        let source = "the journal's own thread ended; start the process again";
        ReopenError::StillClosed(fault(FaultKind::Died, self.folder.path(), source))
    }
}

/// The end of what was opened: from the note, and the events behind it.
pub(crate) fn find_head(folder: &Folder, reader: &ReadHandle) -> Result<Head, OpenError> {
    let noted = note::read(folder.path()).unwrap_or_default();
    let there = Position::new(reader.head().get());
    if there < noted.position {
        return Err(lost(folder, noted.position, there));
    }
    let source = Source { reader: reader.clone(), folder: folder.path() };
    reads::latest(&source, noted)
        .map_err(|source| OpenError::Storage { path: folder.path().into(), source })
}

pub(crate) fn lost(folder: &Folder, acknowledged: Position, there: Position) -> OpenError {
    let (acknowledged, there) = (acknowledged.get(), there.get());
    OpenError::Lost { path: note::path(folder.path()), acknowledged, there }
}

impl Journal for TephraJournal {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        if events.is_empty() {
            return Answer::ready(Err(AppendError::Empty));
        }
        #[cfg(feature = "fault-injection")]
        if let Some(saboteur) = &self.saboteur {
            return saboteur.append(&self.shared, events, condition);
        }
        self.shared.append(events, condition)
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        self.read_with(move |source| reads::page(source, &read))
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        self.read_with(move |source| reads::last(source, &query))
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        let appends = &self.shared.appends;
        // Before the look at the head, so that no append is missed.
        let waiting = appends.waiters.wait(query.clone(), after);
        if appends.head().position <= after {
            return Answer::later(waiting);
        }
        let look = self.read_with(move |source| reads::any(source, &query, after));
        Answer::later(async move { if look.await? { Ok(()) } else { waiting.await } })
    }

    /// From an index in memory, which has what was there when it was last asked: the first call after
    /// opening reads all events, later ones what came since.
    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        let shared = self.shared.clone();
        self.shared.pool.read(move || {
            let source = shared.source();
            let head = Position::new(source.reader.head().get());
            loop {
                // Locked anew for every step: whoever asks at the same time helps.
                let mut index = shared.values.lock();
                if reads::continue_index(&source, &mut index, head)? {
                    return Ok(index.page(&read));
                }
            }
        })
    }

    fn id(&self) -> JournalId {
        self.shared.folder.id()
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        let written = Position::new(self.shared.reader.read().head().get());
        let head = self.shared.appends.head();
        if written <= head.position {
            return Answer::ready(Ok(head));
        }
        // Written, but not yet acknowledged: readers see it already.
        self.read_with(move |source| reads::latest(source, head))
    }

    fn limits(&self) -> AppendLimits {
        self.shared.limits
    }

    fn health(&self) -> Health {
        self.shared.appends.health()
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        let Some(told) = self.shared.appends.reopen() else {
            return Answer::ready(Ok(()));
        };
        let shared = self.shared.clone();
        Answer::later(async move { told.await.unwrap_or_else(|_| Err(shared.unattended())) })
    }
}

impl Drop for TephraJournal {
    fn drop(&mut self) {
        self.shared.appends.end();
        self.shared.pool.end();
        self.shared.appends.waiters.end();
        for thread in self.threads.drain(..) {
            // Unless it is one of them that drops the journal.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for TephraJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TephraJournal")
            .field("folder", &self.shared.folder.path())
            .field("head", &self.shared.appends.head())
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}
