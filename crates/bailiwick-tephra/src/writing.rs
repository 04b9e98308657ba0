//! The thread that is in charge of writing: it takes tephra's answers, gives it the next batch, and
//! tells the outcomes. When the journal failed, it ends tephra, and opens it again when told to.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bailiwick_core::{FaultKind, Head, JournalFault, Position, ReopenError};
use flume::Receiver;
use parking_lot::WaitTimeoutResult;

use crate::appends::{Answer, Reopened, Settled, State};
use crate::folder::note;
use crate::journal::{Shared, find_head, lost};
use crate::store::Store;
use crate::{OpenError, recovery};

/// How many events may be acknowledged between two notes: so many are read for the latest time when
/// the journal is opened after a crash.
const NOTE_EVERY_EVENTS: u64 = 1 << 16;

pub(crate) struct Writing {
    shared: Arc<Shared>,
    answers: Receiver<Answer>,
    /// Up to here is noted.
    noted: Position,
    /// What is still to be removed.
    failed: Option<Failed>,
}

impl Writing {
    pub(crate) fn new(shared: Arc<Shared>) -> Writing {
        let noted = note::read(shared.folder.path()).unwrap_or_default().position;
        let (sender, answers) = flume::unbounded();
        // Nothing waits yet.
        shared.state.lock().go_on(sender, &mut Vec::new());
        Writing { shared, answers, noted, failed: None }
    }

    pub(crate) fn run(mut self) {
        let (mut answers, mut settled) = (Vec::new(), Vec::new());
        loop {
            let deserted = match self.answers.recv() {
                Ok(answer) => {
                    answers.push(answer);
                    answers.extend(self.answers.try_iter());
                    false
                }
                Err(_) => true,
            };
            let mut next = self.take(&mut answers, deserted, &mut settled);
            if let Some(patience) = next.gather {
                settled.drain(..).for_each(Settled::tell);
                next = self.gather(patience, &mut settled);
            }
            settled.drain(..).for_each(Settled::tell);
            self.note(next.head, NOTE_EVERY_EVENTS);
            if next.closed {
                self.closed();
            }
            if next.ended {
                return self.end();
            }
        }
    }

    /// What there is to do after the answers are taken, and the next batch is given.
    fn take(
        &mut self,
        answers: &mut Vec<Answer>,
        deserted: bool,
        settled: &mut Vec<Settled>,
    ) -> Next {
        let mut state = self.shared.state.lock();
        answers.drain(..).for_each(|answer| state.answered(answer, settled));
        if deserted {
            state.deserted(settled);
        }
        let mut gather = None;
        if state.batch_is_over() {
            gather = state.gather();
            if gather.is_none() {
                self.answers = go_on(&mut state, settled);
            }
        }
        Next::of(&state, gather)
    }

    /// Waits for those who were told a moment ago, and then gives the next batch.
    fn gather(&mut self, patience: Duration, settled: &mut Vec<Settled>) -> Next {
        let until = Instant::now() + patience;
        let mut state = self.shared.state.lock();
        let late = |wait: WaitTimeoutResult| wait.timed_out();
        while state.is_gathering() && !late(self.shared.together.wait_until(&mut state, until)) {}
        self.answers = go_on(&mut state, settled);
        Next::of(&state, None)
    }

    /// Not by this thread, on which callers wait.
    fn note(&mut self, head: Head, every: u64) {
        if head.position >= self.noted.plus(every) {
            self.noted = head.position;
            let shared = self.shared.clone();
            let _ = self.shared.pool.run(move || write_note(&shared, head));
        }
    }

    /// tephra must not write anything more, and what it could not write must not stay.
    fn closed(&mut self) {
        let store = self.shared.store.lock().take();
        if let Some(store) = store {
            drop(store);
            let acknowledged = self.shared.state.lock().head().position.get();
            let head = self.shared.reader.read().head().get();
            self.failed = Some(Failed { acknowledged, head });
            if let Err(error) = self.clear() {
                tracing::warn!(%error, "what failed is not removed yet; opening will");
            }
        }
        let waiters = self.shared.state.lock().reopening();
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
                self.shared.state.lock().open(writer, head);
                Ok(())
            }
            Err(error) => {
                let why = JournalFault::from(error);
                self.shared.state.lock().still_closed(why.clone());
                Err(ReopenError::StillClosed(why))
            }
        }
    }

    fn clear(&mut self) -> Result<(), OpenError> {
        if let Some(Failed { acknowledged, head }) = self.failed {
            recovery::clear_failed(self.shared.folder.path(), acknowledged, head)?;
            self.failed = None;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(Store, Head), OpenError> {
        self.clear()?;
        let folder = &self.shared.folder;
        if self.shared.state.lock().closed().is_some_and(|why| why.kind() == FaultKind::Full) {
            folder.must_have_room()?;
        }
        let store = Store::open(folder)?;
        let head = find_head(folder, &store.reader())?;
        let acknowledged = self.shared.state.lock().head().position;
        if head.position < acknowledged {
            return Err(lost(folder, acknowledged, head.position));
        }
        Ok((store, head))
    }

    fn end(mut self) {
        drop(self.shared.store.lock().take());
        let head = self.shared.state.lock().head();
        if head.position > std::mem::replace(&mut self.noted, head.position) {
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

struct Next {
    head: Head,
    closed: bool,
    ended: bool,
    /// How long to wait before the next batch.
    gather: Option<Duration>,
}

impl Next {
    fn of(state: &State, gather: Option<Duration>) -> Next {
        let ended = gather.is_none() && state.has_ended();
        Next { head: state.head(), closed: state.closed().is_some(), ended, gather }
    }
}

/// Gives the next batch; its answers come from there.
fn go_on(state: &mut State, settled: &mut Vec<Settled>) -> Receiver<Answer> {
    let (sender, answers) = flume::unbounded();
    state.go_on(sender, settled);
    answers
}

fn write_note(shared: &Shared, head: Head) {
    if let Err(error) = note::write(shared.folder.path(), head) {
        tracing::warn!(%error, "what was acknowledged cannot be noted; opening will take longer");
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if thread::panicking() {
            let mut settled = Vec::new();
            self.shared.state.lock().abandoned(&mut settled);
            settled.into_iter().for_each(Settled::tell);
        }
    }
}
