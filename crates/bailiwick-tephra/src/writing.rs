//! The thread that is in charge of writing: it takes tephra's answers, gives it the next batch, and
//! tells the outcomes. When the journal failed, it ends tephra, and opens it again when told to.

use std::sync::Arc;
use std::thread;

use bailiwick_core::ErrorReport;
use bailiwick_core::journal::{FaultKind, Head, Health, JournalFault, ReopenError};
use flume::Receiver;
use tokio::sync::oneshot;

use crate::appends::{Call, Next, Reopened, Response};
use crate::folder::note;
use crate::journal::{Shared, find_head, lost};
use crate::store::Store;
use crate::{OpenError, recovery};

pub(crate) struct Writing {
    shared: Arc<Shared>,
    /// What is still to be removed.
    failed: Option<Failed>,
}

impl Writing {
    pub(crate) fn new(shared: Arc<Shared>) -> Writing {
        Writing { shared, failed: None }
    }

    pub(crate) fn run(mut self) {
        loop {
            match self.shared.appends.call() {
                Call::Answers(answers) => self.write(answers),
                Call::Closed(waiters) => self.closed(waiters),
                Call::Note(head) => self.note(head),
                Call::End => return self.end(),
            }
        }
    }

    /// One batch after the other, until nothing waits.
    fn write(&self, mut answers: Receiver<Response>) {
        let mut taken = Vec::new();
        loop {
            if let Ok(answer) = answers.recv() {
                taken.push(answer);
                taken.extend(answers.try_iter());
            }
            let (next, settled) = self.shared.appends.answered(&mut taken);
            self.shared.appends.tell(settled);
            match next {
                Next::More => {}
                Next::Batch(next) => answers = next,
                Next::Nothing => return,
            }
            if let Some(head) = self.shared.appends.note() {
                self.note(head);
            }
        }
    }

    /// Not by this thread, on which callers wait.
    fn note(&self, head: Head) {
        let shared = self.shared.clone();
        self.shared.pool.run(move || write_note(&shared, head));
    }

    /// tephra must not write anything more, and what it could not write must not stay.
    fn closed(&mut self, waiters: Vec<oneshot::Sender<Reopened>>) {
        if self.shared.appends.health().is_open() {
            // They asked while it was being opened for others.
            return waiters.into_iter().for_each(|waiter| drop(waiter.send(Ok(()))));
        }
        let store = self.shared.store.lock().take();
        if let Some(store) = store {
            drop(store);
            let acknowledged = self.shared.appends.head().position.get();
            let head = self.shared.reader.read().head().get();
            self.failed = Some(Failed { acknowledged, head });
            // Another folder in its place is none of ours.
            let cleared = self.is_in_place().and_then(|()| self.clear());
            if let Err(error) = cleared {
                let error = ErrorReport::of(&error);
                tracing::warn!(%error, "what failed is not removed yet; opening will");
            }
        }
        if waiters.is_empty() {
            return;
        }
        let reopened = self.reopen();
        for waiter in waiters {
            let _ = waiter.send(reopened.clone());
        }
    }

    fn reopen(&mut self) -> Reopened {
        match self.open() {
            Ok((store, head)) => {
                *self.shared.reader.write() = store.reader();
                let writer = store.writer();
                *self.shared.store.lock() = Some(store);
                self.shared.appends.open(writer, head);
                Ok(())
            }
            Err(error) => {
                let why = JournalFault::from(error);
                self.shared.appends.still_closed(why.clone());
                Err(ReopenError::StillClosed(why))
            }
        }
    }

    /// Whether everything is where it was that was acknowledged.
    fn is_in_place(&self) -> Result<(), OpenError> {
        let place = self.shared.folder.place();
        place.check().and_then(|()| place.check_files(self.shared.appends.head().position))
    }

    fn clear(&mut self) -> Result<(), OpenError> {
        if let Some(Failed { acknowledged, head }) = self.failed {
            recovery::clear_failed(self.shared.folder.path(), acknowledged, head)?;
            self.failed = None;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(Store, Head), OpenError> {
        self.is_in_place()?;
        self.clear()?;
        let folder = &self.shared.folder;
        if let Health::ClosedForWriting { why } = self.shared.appends.health()
            && why.kind() == FaultKind::Full
        {
            folder.must_have_room()?;
        }
        let store = Store::open(folder)?;
        let head = find_head(folder, &store.reader())?;
        let acknowledged = self.shared.appends.head().position;
        if head.position < acknowledged {
            return Err(lost(folder, acknowledged, head.position));
        }
        Ok((store, head))
    }

    fn end(self) {
        drop(self.shared.store.lock().take());
        if let Some(head) = self.shared.appends.last_note() {
            write_note(&self.shared, head);
        }
    }
}

/// What is known of a failure: up to where it certainly touched nothing, and the last event that is
/// durable.
#[derive(Clone, Copy)]
struct Failed {
    acknowledged: u64,
    head: u64,
}

fn write_note(shared: &Shared, head: Head) {
    if shared.folder.place().check().is_err() {
        return;
    }
    if let Err(error) = note::write(shared.folder.path(), head) {
        let error = ErrorReport::of(&error);
        tracing::warn!(%error, "what was acknowledged cannot be noted; opening will take longer");
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if thread::panicking() {
            self.shared.appends.abandoned();
        }
    }
}
