//! The journal: what the port asks for, and what it is made of.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use bailiwick_core::Position;
use bailiwick_core::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, FaultKind, Head,
    Health, Journal, JournalFault, JournalId, JournalReadError, LastMatch, Outline, Page, Query,
    Read, ReadValues, ReopenError, ValuesPage,
};
use parking_lot::{Mutex, RwLock};

use crate::appends::{Append, Appends};
use crate::background::{self, Bell};
use crate::error::fault;
use crate::files::Folder;
use crate::folder::{Locked, Place};
use crate::log::{Ahead, Entropy};
use crate::reads::Reads;
#[cfg(feature = "simulation")]
use crate::steps::Steps;
use crate::store::Store;
use crate::writer::Writer;
use crate::{OpenError, Options, log};

/// A [`Journal`] in a folder. See the [crate](crate) for what it promises.
///
/// Dropping it waits until everything that was appended is written, or known to have failed, and
/// lets the folder go: the time of a sync or two.
///
/// For an example see [`Options`](crate::Options).
pub struct FileJournal {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    _lock: Option<Arc<Locked>>,
}

/// What the threads of a journal share.
pub(crate) struct Shared {
    pub(crate) path: PathBuf,
    place: Place,
    folder: Arc<dyn Folder>,
    options: Options,
    id: JournalId,
    entropy: Arc<Mutex<Entropy>>,
    pub(crate) reads: Arc<Reads>,
    /// Of the store that was opened last.
    ahead: RwLock<Arc<Ahead>>,
    pub(crate) bell: Bell,
    pub(crate) ahead_bell: Bell,
    /// Held by who writes files beside the log.
    pub(crate) tidying: Mutex<()>,
    pub(crate) appends: Appends,
    #[cfg(feature = "fault-injection")]
    pub(crate) turn: crate::sabotage::Turn,
}

impl FileJournal {
    /// Opens the journal in `folder`, which is made if it is not there. See [`Options`] for what can
    /// be chosen.
    ///
    /// Blocks the thread, up to ten seconds if another process has the folder.
    ///
    /// # Errors
    /// See [`OpenError`]: each names the file and what to do.
    pub fn open(folder: impl AsRef<Path>) -> Result<FileJournal, OpenError> {
        Options::default().open(folder)
    }

    /// What can be chosen.
    pub fn options() -> Options {
        Options::default()
    }

    pub(crate) fn open_with(options: &Options, path: &Path) -> Result<FileJournal, OpenError> {
        let lock = Arc::new(Locked::open(path, options.lock_timeout)?);
        let entropy = Box::new(|| getrandom::u64().expect("the system has random numbers"));
        let (shared, store) = Shared::open(lock.folder(), lock.path(), options, entropy)?;
        let (shared, threads) = (Arc::new(shared), Vec::new());
        let writer = Writer::new(shared.clone(), store, Some(lock.clone()));
        let mut journal = FileJournal { shared: shared.clone(), threads, _lock: Some(lock) };
        journal.spawn("bailiwick-write", move || writer.run())?;
        shared.ring();
        for _ in 0..options.reader_threads.get() {
            let shared = shared.clone();
            journal.spawn("bailiwick-read", move || shared.reads.pool.work())?;
        }
        let tidied = shared.clone();
        journal.spawn("bailiwick-tidy", move || background::run(&tidied))?;
        journal.spawn("bailiwick-ahead", move || background::run_ahead(&shared))?;
        Ok(journal)
    }

    /// The journal in any folder, without threads: it does what it is told to by the steps. For simulations, and
    /// never for anything else: nothing protects the folder from others.
    ///
    /// # Errors
    /// See [`OpenError`].
    #[cfg(feature = "simulation")]
    pub fn simulated(
        folder: Arc<dyn Folder>,
        options: &Options,
        entropy: Entropy,
    ) -> Result<(FileJournal, Steps), OpenError> {
        let (shared, store) = Shared::open(folder, Path::new("simulated"), options, entropy)?;
        let shared = Arc::new(shared);
        let steps = Steps::new(Writer::new(shared.clone(), store, None), shared.clone());
        Ok((FileJournal { shared, threads: Vec::new(), _lock: None }, steps))
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
        self.threads.push(thread.map_err(|e| OpenError::io(&self.shared.path, e))?);
        Ok(())
    }
}

impl Shared {
    fn open(
        folder: Arc<dyn Folder>,
        path: &Path,
        options: &Options,
        entropy: Entropy,
    ) -> Result<(Shared, Store), OpenError> {
        let place = Place::of(folder.clone(), path);
        #[cfg(feature = "fault-injection")]
        let folder = crate::sabotage::sabotaged(folder, options.sabotage);
        let entropy = Arc::new(Mutex::new(entropy));
        let store = Store::open(folder.clone(), options.bounds(), shared(&entropy));
        let store = store.map_err(|error| OpenError::of_store(path, error))?;
        let shared = Shared {
            path: path.to_owned(),
            place,
            folder,
            id: JournalId::from_u128(store.id()),
            entropy,
            reads: Arc::new(Reads::of(path, store.view().clone())),
            ahead: RwLock::new(store.ahead().clone()),
            bell: Bell::default(),
            ahead_bell: Bell::default(),
            tidying: Mutex::new(()),
            appends: Appends::new(options),
            #[cfg(feature = "fault-injection")]
            turn: crate::sabotage::Turn::default(),
            options: options.clone(),
        };
        Ok((shared, store))
    }

    pub(crate) fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        let (append, outcome) = Append::new(events, condition);
        self.appends.submit(append, outcome)
    }

    /// Whether the folder and the file that is written are where they were.
    pub(crate) fn in_place(&self, store: &Store) -> Result<(), OpenError> {
        let (name, identity) = store.file();
        self.place.check()?;
        self.place.check_file(&name, identity)
    }

    /// Whether all files of the log are. To be asked now and then: it lists the folder.
    pub(crate) fn all_in_place(&self, store: &Store) -> Result<(), OpenError> {
        self.place.check_names(store.files())
    }

    /// There may be something to be done in the background.
    pub(crate) fn ring(&self) {
        self.bell.ring();
        self.ahead_bell.ring();
    }

    pub(crate) fn ahead(&self) -> Arc<Ahead> {
        self.ahead.read().clone()
    }

    pub(crate) fn closed_because(&self) -> JournalFault {
        match self.appends.health() {
            Health::ClosedForWriting { why } => why,
            _ => self.died(),
        }
    }

    pub(crate) fn died(&self) -> JournalFault {
        let why = "the journal's own thread ended; start the process again";
        fault(FaultKind::Died, &self.path, why)
    }

    /// Opens the store again, after it was let go of.
    pub(crate) fn open_again(&self) -> Result<Store, OpenError> {
        self.place.check()?;
        self.reads.view().abandon_merge();
        let _alone = self.tidying.lock();
        self.has_a_segment()?;
        let store = Store::open(self.folder.clone(), self.options.bounds(), shared(&self.entropy));
        let store = store.map_err(|error| OpenError::of_store(&self.path, error))?;
        // There has to be room for more, or the next append finds out that there is none.
        store.ahead().make().map_err(|error| OpenError::io(&self.path, error))?;
        let there = store.head().position;
        if store.id() != self.id.as_u128() || there < self.reads.head().position {
            return Err(self.lost(there));
        }
        self.reads.replace(store.view().clone());
        *self.ahead.write() = store.ahead().clone();
        self.ring();
        Ok(store)
    }

    /// Without one, opening would make another log.
    fn has_a_segment(&self) -> Result<(), OpenError> {
        let names = self.folder.names().map_err(|error| OpenError::io(&self.path, error))?;
        let has_one = names.iter().any(|name| log::is_segment(name));
        if has_one { Ok(()) } else { Err(self.lost(Position::START)) }
    }

    fn lost(&self, there: Position) -> OpenError {
        let (path, acknowledged) = (self.path.clone(), self.reads.head().position);
        OpenError::Lost { path, acknowledged, there }
    }
}

/// The same random numbers, for another one.
fn shared(entropy: &Arc<Mutex<Entropy>>) -> Entropy {
    let entropy = entropy.clone();
    Box::new(move || (*entropy.lock())())
}

impl Journal for FileJournal {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        if events.is_empty() {
            return Answer::ready(Err(AppendError::Empty));
        }
        if let Err(why) = self.limits().check(&events) {
            return Answer::ready(Err(AppendError::OverLimit(why)));
        }
        #[cfg(feature = "fault-injection")]
        if self.shared.options.sabotage == Some(crate::Sabotage::HalfBatch) {
            let shared = self.shared.clone();
            return Answer::later(crate::sabotage::in_halves(shared, events, condition));
        }
        self.shared.append(events, condition)
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        self.shared.reads.read(read)
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        self.shared.reads.last(query)
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        self.shared.reads.changed(query, after)
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        self.shared.reads.values(read)
    }

    fn outline(&self) -> Answer<Result<Outline, JournalReadError>> {
        let shared = self.shared.clone();
        // It may have to be made again.
        self.shared.reads.outline().map(move |outline| {
            shared.bell.ring();
            outline
        })
    }

    fn id(&self) -> JournalId {
        self.shared.id
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        Answer::ready(Ok(self.shared.reads.head()))
    }

    fn limits(&self) -> AppendLimits {
        AppendLimits::STANDARD
    }

    fn health(&self) -> Health {
        self.shared.appends.health()
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        let Some(told) = self.shared.appends.reopen() else {
            return Answer::ready(Ok(()));
        };
        let shared = self.shared.clone();
        Answer::later(async move {
            told.await.unwrap_or_else(|_| Err(ReopenError::StillClosed(shared.died())))
        })
    }
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        self.shared.appends.end();
        self.shared.reads.view().abandon_merge();
        self.shared.bell.end();
        self.shared.ahead_bell.end();
        self.shared.reads.end();
        for thread in self.threads.drain(..) {
            // Unless it is one of them that drops the journal.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for FileJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileJournal")
            .field("folder", &self.shared.path)
            .field("head", &self.shared.reads.head())
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}
