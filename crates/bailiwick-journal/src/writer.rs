//! The one who writes: forms a batch of what waits, writes it, syncs it, and tells the outcomes.
//!
//! 1. A condition is judged when its append joins a batch, on everything before it: what is durable, and what is
//!    in the same batch.
//! 2. Nobody is told of anything before it is durable; neither of a conflict with something that is not.
//! 3. After a write or sync that failed, nothing is written until the journal is opened again. What was in the
//!    batch is of unknown outcome; all else is certainly not written. So it is when no other segment can be made: a
//!    full disk is to be seen, and not to be tried by each append.
//!
//! It goes a [step](Writer::step) at a time, for a thread or for a simulation to take.

use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bailiwick_core::journal::{AppendError, Appended, JournalFault, ReopenError};
use tokio::sync::oneshot;

use crate::OpenError;
use crate::appends::{Append, Reopened, Settled, Work};
use crate::folder::Locked;
use crate::journal::Shared;
use crate::log::WriteError;
use crate::store::Store;
use crate::waking::waking;

/// How long it waits before it looks after what is there while nothing is to be written: a reader in another
/// process sees the last batch after that, and a folder that was removed is noticed.
const IDLE: Duration = Duration::from_millis(500);
/// How often it looks whether all files are there while there is something to be written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Writer {
    shared: Arc<Shared>,
    /// None while it is closed for writing.
    store: Option<Store>,
    batch: Batch,
    /// It is written, and not synced yet.
    is_written: bool,
    /// When it looked last whether all files are there.
    looked: Instant,
    /// Let go of when nothing is written any more.
    _lock: Option<Arc<Locked>>,
}

/// The appends of a batch.
#[derive(Default)]
struct Batch {
    accepted: Vec<(Append, Appended)>,
    /// Those that an event of this batch is in the way of.
    refused: Vec<(Append, AppendError)>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Done,
    /// There is nothing to do.
    Idle,
    /// Nothing will come any more.
    Ended,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, store: Store, lock: Option<Arc<Locked>>) -> Writer {
        let (store, batch) = (Some(store), Batch::default());
        let looked = Instant::now();
        Writer { shared, store, batch, is_written: false, looked, _lock: lock }
    }

    /// On a thread of its own, until the end.
    pub(crate) fn run(mut self) {
        loop {
            match self.step() {
                Step::Done => {}
                Step::Ended => return,
                Step::Idle => match self.shared.appends.wait(IDLE) {
                    Some(work) => {
                        if self.begin(work) == Step::Ended {
                            return;
                        }
                    }
                    None => self.look_after(),
                },
            }
        }
    }

    /// The next step: forming and writing a batch, or syncing it.
    pub(crate) fn step(&mut self) -> Step {
        if self.is_written {
            self.sync();
            return Step::Done;
        }
        match self.shared.appends.work() {
            Some(work) => self.begin(work),
            None => Step::Idle,
        }
    }

    fn begin(&mut self, work: Work) -> Step {
        match work {
            Work::Batch(appends) => self.write(appends),
            Work::Reopen(waiters) => self.reopen(waiters),
            Work::End => {
                if let Some(Err(error)) = self.store.take().map(Store::close) {
                    // What was acknowledged is durable all the same.
                    tracing::debug!(%error, "the end of the journal is not marked");
                }
                return Step::Ended;
            }
        }
        Step::Done
    }

    /// While nothing is to be written.
    pub(crate) fn look_after(&mut self) {
        if let Err(gone) = self.look() {
            return self.close(&gone.into());
        }
        let marked = self.store.as_mut().map_or(Ok(()), Store::mark);
        if let Err(error) = marked {
            self.fail(error, Vec::new());
        }
    }

    /// Whether all is where it was: what is written into a folder that was removed is not found by the next start,
    /// and neither is what stands behind a file that is missing.
    fn look(&mut self) -> Result<(), OpenError> {
        let Some(store) = &self.store else { return Ok(()) };
        self.looked = Instant::now();
        self.shared.in_place(store)?;
        self.shared.all_in_place(store)
    }

    fn write(&mut self, appends: Vec<Append>) {
        let Some(store) = &mut self.store else {
            // It was closed after they were taken in.
            let why = self.shared.closed_because();
            return tell(appends.into_iter().map(|append| append.closed(&why)));
        };
        let bytes = appends.iter().flat_map(|append| append.records().map(<[u8]>::len));
        match store.make_room(bytes) {
            Ok(false) => {}
            Ok(true) => self.shared.ring(),
            Err(error) => return self.fail(error, appends),
        }
        let mut settled = Vec::new();
        for append in appends {
            settled.extend(self.batch.judge(&self.shared, store, append));
        }
        if let Err(error) = store.write() {
            tell(settled);
            return self.fail(error, Vec::new());
        }
        self.is_written = !self.batch.accepted.is_empty();
        tell(settled);
    }

    fn sync(&mut self) {
        self.is_written = false;
        let Some(store) = &self.store else { return };
        let is_due = self.looked.elapsed() >= LOOK_EVERY;
        if let Err(gone) = if is_due { self.look() } else { self.shared.in_place(store) } {
            return self.close(&gone.into());
        }
        let Some(store) = &mut self.store else { return };
        if let Err(error) = store.sync() {
            return self.fail(error, Vec::new());
        }
        let Batch { accepted, refused } = mem::take(&mut self.batch);
        for (append, appended) in &accepted {
            let wakers = self.shared.reads.waiters.appended(appended.first, &append.events);
            wakers.into_iter().for_each(|waker| waking(|| waker.wake()));
        }
        tell(accepted.into_iter().map(|(append, appended)| append.settle(Ok(appended))));
        tell(refused.into_iter().map(|(append, why)| append.settle(Err(why))));
    }

    /// A write or sync failed.
    fn fail(&mut self, error: WriteError, not_written: Vec<Append>) {
        let why = self.fault_of(error);
        self.close(&why);
        tell(not_written.into_iter().map(|append| append.closed(&why)));
    }

    /// Why it is closed by a write or sync, with the file.
    fn fault_of(&self, error: WriteError) -> JournalFault {
        let (folder, file) = (&self.shared.path, self.store.as_ref().map(Store::file));
        match error {
            WriteError::NotWritten(error) | WriteError::Failed(error) => {
                let path = file.map_or(folder.clone(), |(name, _)| folder.join(name));
                OpenError::io(path, error).into()
            }
            WriteError::Closed => self.shared.closed_because(),
        }
    }

    /// Nothing is written until it is opened again.
    fn close(&mut self, why: &JournalFault) {
        self.store = None;
        self.is_written = false;
        let waiting = self.shared.appends.close(why);
        let Batch { accepted, refused } = mem::take(&mut self.batch);
        let unknown =
            |(append, _): (Append, _)| append.settle(Err(AppendError::Unknown(why.clone().into())));
        tell(accepted.into_iter().map(unknown));
        tell(refused.into_iter().map(|(append, _)| append.closed(why)));
        tell(waiting);
    }

    fn reopen(&mut self, waiters: Vec<oneshot::Sender<Reopened>>) {
        // They may have asked while it was being opened for others.
        let told = if self.store.is_some() { Ok(()) } else { self.open_again() };
        for waiter in waiters {
            waking(|| drop(waiter.send(told.clone())));
        }
    }

    fn open_again(&mut self) -> Reopened {
        match self.shared.open_again() {
            Ok(store) => {
                self.store = Some(store);
                self.shared.appends.open();
                // What was unknown may be there.
                waking(|| self.shared.reads.waiters.wake_all());
                Ok(())
            }
            Err(why) => {
                let why = JournalFault::from(why);
                tell(self.shared.appends.close(&why));
                Err(ReopenError::StillClosed(why))
            }
        }
    }
}

impl Batch {
    /// Takes in an append, unless its condition does not hold; then its outcome may be known at once.
    fn judge(&mut self, shared: &Shared, store: &mut Store, append: Append) -> Option<Settled> {
        let conflict = append.condition.as_ref().map(|condition| store.conflict(condition));
        match conflict.transpose().map(Option::flatten) {
            Ok(None) => {}
            Ok(Some(at)) => {
                let why = AppendError::Conflict { at };
                if at <= store.head().position {
                    return Some(append.settle(Err(why)));
                }
                self.refused.push((append, why));
                return None;
            }
            Err(error) => {
                let why = AppendError::NotWritten(shared.reads.not_read(error));
                return Some(append.settle(Err(why)));
            }
        }
        let appended = store.push(append.records(), append.recorded_at());
        self.accepted.push((append, appended));
        None
    }
}

fn tell(settled: impl IntoIterator<Item = Settled>) {
    settled.into_iter().for_each(|settled| waking(|| settled.tell()));
}

/// If it panics, whoever waits is told, and nobody waits for ever after that.
impl Drop for Writer {
    fn drop(&mut self) {
        if thread::panicking() {
            let why = self.shared.died();
            self.close(&why);
            tell(self.shared.appends.abandon(&why));
        }
    }
}
