//! What there is to do for the journal's own thread.

use bailiwick_core::Position;
use bailiwick_core::journal::Head;
use flume::Receiver;
use tokio::sync::oneshot;

use super::{Reopened, Response};

/// How many events may be acknowledged between two notes: so many are read for the latest time when
/// the journal is opened after a crash.
const NOTE_EVERY_EVENTS: u64 = 1 << 16;

/// One thing at a time.
pub(crate) enum Call {
    /// To take the answers to a batch.
    Answers(Receiver<Response>),
    /// To see to tephra after it failed, and to open it again for those that want that.
    Closed(Vec<oneshot::Sender<Reopened>>),
    /// To note what was acknowledged.
    Note(Head),
    End,
}

pub(super) struct Calls {
    pub(super) answers: Option<Receiver<Response>>,
    /// After a failure, until the thread has seen to it.
    pub(super) failed: bool,
    reopening: Vec<oneshot::Sender<Reopened>>,
    pub(super) ending: bool,
    /// The thread is gone, though it should not be.
    abandoned: bool,
    /// Up to here is noted.
    noted: Position,
}

impl Calls {
    pub(super) fn new(noted: Position) -> Calls {
        Calls {
            answers: None,
            failed: false,
            reopening: Vec::new(),
            ending: false,
            abandoned: false,
            noted,
        }
    }

    /// Whether there is something to do. `idle`: nothing waits, and tephra has nothing.
    pub(super) fn any(&self, head: Position, idle: bool) -> bool {
        self.answers.is_some()
            || self.needs_care()
            || self.needs_a_note(head)
            || (self.ending && idle)
    }

    /// The next of them.
    pub(super) fn next(&mut self, head: Head, idle: bool) -> Option<Call> {
        if let Some(answers) = self.answers.take() {
            return Some(Call::Answers(answers));
        }
        if self.needs_care() {
            self.failed = false;
            return Some(Call::Closed(std::mem::take(&mut self.reopening)));
        }
        if let Some(head) = self.note(head) {
            return Some(Call::Note(head));
        }
        (self.ending && idle).then_some(Call::End)
    }

    fn needs_care(&self) -> bool {
        self.failed || !self.reopening.is_empty()
    }

    fn needs_a_note(&self, head: Position) -> bool {
        head >= self.noted.plus(NOTE_EVERY_EVENTS)
    }

    /// What is to be noted now, if anything; it counts as noted.
    pub(super) fn note(&mut self, head: Head) -> Option<Head> {
        self.needs_a_note(head.position).then(|| {
            self.noted = head.position;
            head
        })
    }

    /// What is to be noted at the end, if anything.
    pub(super) fn last_note(&self, head: Head) -> Option<Head> {
        (head.position > self.noted).then_some(head)
    }

    pub(super) fn reopen(&mut self) -> oneshot::Receiver<Reopened> {
        let (waiter, told) = oneshot::channel();
        if !self.abandoned {
            self.reopening.push(waiter);
        }
        told
    }

    /// There is no thread any more.
    pub(super) fn abandoned(&mut self) {
        *self = Calls { abandoned: true, ..Calls::new(self.noted) };
    }
}
