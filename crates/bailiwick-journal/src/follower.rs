//! A journal that another process writes, to be read beside it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bailiwick_core::ErrorReport;
use bailiwick_core::Position;
use bailiwick_core::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, FaultKind, Head,
    Health, Journal, JournalFault, JournalId, JournalReadError, LastMatch, Page, Query, Read,
    ReadValues, ReopenError, ValuesPage,
};
use parking_lot::{Condvar, Mutex};

use crate::error::fault;
use crate::files::Disk;
use crate::log::Record;
use crate::reads::Reads;
use crate::store::{Following, StoreError};
use crate::stored::Decoder;
use crate::waking::waking;
use crate::{OpenError, Options};

/// How often it looks for what is new.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A [`Journal`] in a folder that another process writes, or this one by a
/// [`FileJournal`](crate::FileJournal): it is read, and nothing is changed, not even a lock taken.
///
/// It shows nothing that is not durable, and what is so within a second, also if nothing comes after it; only the last
/// batch before a crash that has cut off another one is shown when something is appended again. An append is refused as [`Closed`](AppendError::Closed), and it is never open for writing. On a file system of a network
/// nothing is promised.
///
/// ```no_run
/// # async fn report() -> Result<(), Box<dyn std::error::Error>> {
/// use bailiwick_core::journal::{Journal, Query, Read};
/// use bailiwick_journal::FileFollower;
///
/// let journal = FileFollower::open("data")?;
/// let page = journal.read(Read::new(Query::all())).await?;
/// println!("{} events", page.events.len());
/// # Ok(())
/// # }
/// ```
pub struct FileFollower {
    path: PathBuf,
    id: JournalId,
    reads: Arc<Reads>,
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Stop {
    is_over: Mutex<bool>,
    rung: Condvar,
}

impl FileFollower {
    /// Opens the journal in `folder`, which is there.
    ///
    /// Blocks the thread: what has no index in a file yet is read.
    ///
    /// # Errors
    /// See [`OpenError`]: it is [`Missing`](OpenError::Missing) if nobody has made a journal there.
    pub fn open(folder: impl AsRef<Path>) -> Result<FileFollower, OpenError> {
        let path = folder.as_ref().to_owned();
        let options = Options::default();
        let following = Following::open(Arc::new(Disk::at(&path)), options.filter_bytes);
        let following = following.map_err(|error| OpenError::of_store(&path, error))?;
        let missing = || OpenError::Missing { path: path.join("0000000001.segment") };
        let following = following.ok_or_else(missing)?;
        let view = following.view().clone();
        view.keep_filters();
        let reads = Arc::new(Reads::of(&path, view));
        let id = JournalId::from_u128(following.id());
        let (stop, threads) = (Arc::new(Stop::default()), Vec::new());
        let mut follower = FileFollower { path, id, reads: reads.clone(), stop, threads };
        let stop = follower.stop.clone();
        follower.spawn("bailiwick-follow", move || follow(following, &reads, &stop))?;
        for _ in 0..options.reader_threads.get() {
            let reads = follower.reads.clone();
            follower.spawn("bailiwick-read", move || reads.pool.work())?;
        }
        Ok(follower)
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
        self.threads.push(thread.map_err(|error| OpenError::io(&self.path, error))?);
        Ok(())
    }

    fn refused(&self) -> JournalFault {
        let why = "it is read here, and written by another process";
        fault(FaultKind::NotPermitted, &self.path, why)
    }
}

/// On a thread of its own, until the end.
fn follow(mut following: Following, reads: &Reads, stop: &Stop) {
    let mut is_failing = false;
    while !stop.wait() {
        match catch_up(&mut following, reads) {
            Ok(()) => is_failing = false,
            Err(error) => {
                if !std::mem::replace(&mut is_failing, true) {
                    let error = ErrorReport::of(&error);
                    tracing::warn!(%error, "a journal cannot be followed; it is tried again");
                }
            }
        }
    }
}

fn catch_up(following: &mut Following, reads: &Reads) -> Result<(), StoreError> {
    loop {
        let records = following.catch_up()?;
        if records.is_empty() {
            return Ok(());
        }
        if !reads.waiters.is_empty() {
            tell(&records, reads);
        }
    }
}

/// Tells who waits for one of these.
fn tell(records: &[Record], reads: &Reads) {
    let mut decoder = Decoder::default();
    for Record { position, bytes, .. } in records {
        match decoder.decode(*position, bytes) {
            Ok(recorded) => {
                let woken = reads.waiters.appended(*position, &[recorded.event]);
                woken.into_iter().for_each(|waker| waking(|| waker.wake()));
            }
            // Whoever it is for finds out when it reads.
            Err(_) => waking(|| reads.waiters.wake_all()),
        }
    }
}

impl Stop {
    /// Waits for a while; whether it is over.
    fn wait(&self) -> bool {
        let mut is_over = self.is_over.lock();
        if !*is_over {
            self.rung.wait_for(&mut is_over, LOOK_EVERY);
        }
        *is_over
    }
}

impl Journal for FileFollower {
    /// Refused, always.
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        _: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        let is_empty = events.is_empty();
        Answer::ready(Err(match is_empty {
            true => AppendError::Empty,
            false => AppendError::Closed(self.refused()),
        }))
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        self.reads.read(read)
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        self.reads.last(query)
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        self.reads.changed(query, after)
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        self.reads.values(read)
    }

    fn id(&self) -> JournalId {
        self.id
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        Answer::ready(Ok(self.reads.head()))
    }

    fn limits(&self) -> AppendLimits {
        AppendLimits::STANDARD
    }

    fn health(&self) -> Health {
        Health::ClosedForWriting { why: self.refused() }
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        Answer::ready(Err(ReopenError::StillClosed(self.refused())))
    }
}

impl Drop for FileFollower {
    fn drop(&mut self) {
        *self.stop.is_over.lock() = true;
        self.stop.rung.notify_all();
        self.reads.end();
        for thread in self.threads.drain(..) {
            // Unless it is one of them that drops the journal.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for FileFollower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileFollower")
            .field("folder", &self.path)
            .field("head", &self.reads.head())
            .finish_non_exhaustive()
    }
}
