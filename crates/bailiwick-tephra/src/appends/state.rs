//! What waits, what tephra has, and whether the journal takes anything.
//!
//! All of it is behind one lock, held while the next batch is given to tephra: so appends are in
//! the order of the calls. Nothing is told under it.

use std::collections::VecDeque;
use std::error::Error as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bailiwick_core::{AppendError, Appended, FaultKind, Head, JournalFault, Position, ReopenError};
use tephra::{AppendError as Refused, PositionRange, WriteHandle};
use tokio::sync::oneshot;

use super::append::{Append, Settled, Stored};
use super::batch::Batch;
use super::recent::Recent;
use crate::Options;
use crate::error::fault;
use crate::faults;
use crate::folder::Folder;
use crate::store::{BATCH_APPENDS, BATCH_BYTES, append_bytes};

/// What tephra answers, and to which append of the batch.
pub(crate) type Answer = (u64, Result<PositionRange, Refused>);
pub(crate) type Answers = flume::Sender<Answer>;

/// How often an append is given to tephra whose `after` is above the head: each time the head is
/// nearer.
const TRIES: u8 = 16;

/// Why an append was not written although the journal is open.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("{appends} appends with {bytes} bytes wait to be written; no more may")]
    TooMany { appends: usize, bytes: usize },
    #[error("its condition was judged {TRIES} times, and the journal is still far from `after`")]
    FarAhead,
}

enum Writing {
    Open(WriteHandle),
    Closed(JournalFault),
}

pub(crate) struct State {
    folder: PathBuf,
    writing: Writing,
    waiting: VecDeque<Append>,
    waiting_bytes: usize,
    max_waiting: usize,
    max_waiting_bytes: usize,
    batch: Batch,
    /// Where tephra answers to. Only the appends of the batch have it while there is one: if it
    /// closes before all of them have an answer, tephra's writer is dead.
    answers: Option<Answers>,
    /// Of what was acknowledged.
    head: Head,
    recent: Recent,
    /// How many bytes tephra takes as one.
    append_bytes: usize,
    /// When tephra was given the batch.
    given_at: Instant,
    /// How many appends are waited for before the next batch is given, if any.
    gathering: Option<usize>,
    ending: bool,
    abandoned: bool,
    reopening: Vec<oneshot::Sender<Reopened>>,
}

pub(crate) type Reopened = Result<(), ReopenError>;

impl State {
    pub(crate) fn new(
        folder: &Folder,
        options: &Options,
        writer: WriteHandle,
        head: Head,
    ) -> State {
        let append_bytes = append_bytes(folder);
        State {
            folder: folder.path().to_owned(),
            writing: Writing::Open(writer),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            max_waiting: options.waiting_appends,
            max_waiting_bytes: options.waiting_bytes,
            batch: Batch::default(),
            answers: None,
            head,
            recent: Recent::behind(head.position),
            append_bytes,
            given_at: Instant::now(),
            gathering: None,
            ending: false,
            abandoned: false,
            reopening: Vec::new(),
        }
    }

    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// Why it is closed for writing, if it is.
    pub(crate) fn closed(&self) -> Option<&JournalFault> {
        match &self.writing {
            Writing::Open(_) => None,
            Writing::Closed(why) => Some(why),
        }
    }

    /// Nothing waits, and tephra has nothing.
    fn is_quiet(&self) -> bool {
        self.waiting.is_empty() && self.batch.is_over()
    }

    /// Takes an append, and gives it to tephra if nothing is before it. True if those are together
    /// that were [waited for](State::gather).
    pub(crate) fn take(&mut self, append: Append, settled: &mut Vec<Settled>) -> bool {
        if let Some(why) = self.closed() {
            settled.push(append.closed(why));
            return false;
        }
        let (appends, bytes) = (self.waiting.len(), self.waiting_bytes);
        if appends >= self.max_waiting
            || bytes.saturating_add(append.bytes) > self.max_waiting_bytes
        {
            let why = NotTaken::TooMany { appends, bytes };
            settled.push(append.settle(Err(AppendError::NotWritten(why.into()))));
            return false;
        }
        self.waiting_bytes += append.bytes;
        self.waiting.push_back(append);
        match self.gathering {
            Some(number) => self.waiting.len() == number,
            None => {
                if self.batch.is_over() {
                    self.give(settled);
                }
                false
            }
        }
    }

    /// After a batch of several: whether to wait for those who are told now, and how long. They often
    /// append again, at once but one after the other; without waiting, the first of them would be a
    /// batch, and all others had to wait for it. It is never longer than half of what writing took.
    pub(crate) fn gather(&mut self) -> Option<Duration> {
        let written = self.batch.number_written();
        let worth_it = self.closed().is_none() && !self.ending;
        if !worth_it || written < 2 || self.waiting.len() >= written {
            return None;
        }
        self.gathering = Some(written);
        Some(self.given_at.elapsed() / 2)
    }

    /// Whether those who are waited for are not together yet.
    pub(crate) fn is_gathering(&self) -> bool {
        self.gathering.is_some_and(|number| self.waiting.len() < number)
    }

    /// An answer of tephra.
    pub(crate) fn answered(&mut self, (token, answer): Answer, settled: &mut Vec<Settled>) {
        let Some(group) = self.batch.answered(token) else {
            return;
        };
        match answer {
            Ok(range) => self.written(group, Position::new(range.first.get()), settled),
            Err(why) => self.refused(group, &why, settled),
        }
    }

    /// What tephra had as one stands behind each other.
    fn written(&mut self, group: Vec<Append>, first: Position, settled: &mut Vec<Settled>) {
        let mut first = first;
        for append in group {
            let last = first.plus(append.events.len() as u64 - 1);
            let times = append.events.iter().map(|event| event.recorded_at);
            self.head.position = last;
            self.head.recorded_at = times.fold(self.head.recorded_at, Ord::max);
            self.recent.written(first, &append.events);
            self.batch.written(append, Appended { first, last }, settled);
            first = last.plus(1);
        }
    }

    fn refused(&mut self, group: Vec<Append>, why: &Refused, settled: &mut Vec<Settled>) {
        let refused = group.into_iter().filter_map(|append| {
            self.batch.refused(append, why.clone(), settled).map(|(append, _)| append)
        });
        let failed: Vec<Append> = refused.collect();
        if !failed.is_empty() {
            let why = self.fault_of(why.clone());
            settled.extend(failed.into_iter().map(|append| append.unknown(&why)));
            self.close(&why, settled);
        }
    }

    fn fault_of(&self, why: Refused) -> JournalFault {
        match why {
            Refused::Log(error) => faults::write_failed(&self.folder, error),
            Refused::Corrupt(error) => fault(FaultKind::Corrupt, &self.folder, error),
            why => fault(FaultKind::Died, &self.folder, why),
        }
    }

    /// tephra's writer is dead: it let go of appends without an answer.
    pub(crate) fn deserted(&mut self, settled: &mut Vec<Settled>) {
        if !self.batch.is_over() {
            let why = fault(FaultKind::Died, &self.folder, Refused::Shutdown);
            self.close(&why, settled);
        }
    }

    /// Whether all have an answer that tephra has.
    pub(crate) fn batch_is_over(&self) -> bool {
        self.batch.is_over()
    }

    /// Once all have an answer: gives tephra what has been waiting meanwhile.
    pub(crate) fn go_on(&mut self, answers: Answers, settled: &mut Vec<Settled>) {
        debug_assert!(self.batch.is_over());
        self.gathering = None;
        self.recent.forget(self.head.position);
        for append in self.batch.restart().into_iter().rev() {
            if append.tries >= TRIES {
                let why = AppendError::NotWritten(NotTaken::FarAhead.into());
                settled.push(append.settle(Err(why)));
                continue;
            }
            self.waiting_bytes += append.bytes;
            self.waiting.push_front(append);
        }
        self.answers = Some(answers);
        self.give(settled);
    }

    /// As much as tephra writes at once. It never waits: there is room for a batch, and no other.
    fn give(&mut self, settled: &mut Vec<Settled>) {
        let Writing::Open(writer) = &self.writing else {
            return;
        };
        let writer = writer.clone();
        let batch = self.next_batch(settled);
        self.given_at = Instant::now();
        // tephra refuses an `after` above the head. Nothing is on its way, so this is the head.
        let head = writer.head();
        let last = batch.len();
        for (number, Stored { events, condition }) in (1..).zip(batch) {
            let answers = if number == last { self.answers.take() } else { self.answers.clone() };
            let Some(answers) = answers else {
                break;
            };
            let condition =
                condition.map(|c| tephra::AppendCondition { after: c.after.min(head), ..c });
            let token = number as u64 - 1;
            if let Err(why) = writer.append_submit(events, condition, token, answers) {
                let why = self.fault_of(why);
                self.batch.not_given(token, &why, settled);
                self.close(&why, settled);
                break;
            }
        }
    }

    /// Those that follow each other and need no condition are one for tephra. It begins to write as
    /// soon as it has something, so of many it would write some, and then the others.
    fn next_batch(&mut self, settled: &mut Vec<Settled>) -> Vec<Stored> {
        let (mut stored, mut appends, mut bytes) = (Vec::<Stored>::new(), 0, 0);
        let mut room = 0;
        while let Some(next) = self.waiting.front()
            && appends < BATCH_APPENDS
            && (appends == 0 || bytes + next.bytes <= BATCH_BYTES)
        {
            bytes += next.bytes;
            self.waiting_bytes -= next.bytes;
            let Some(mut append) = self.waiting.pop_front() else {
                break;
            };
            appends += 1;
            append.tries += 1;
            let form = match append.stored(&self.recent) {
                Ok(form) => form,
                Err(why) => {
                    settled.push(append.settle(Err(AppendError::NotWritten(why.into()))));
                    continue;
                }
            };
            self.recent.being_written(&append.events);
            match stored.last_mut() {
                Some(last) if last.joins(&form) && append.bytes <= room => {
                    room -= append.bytes;
                    last.events.extend(form.events);
                    self.batch.join(append);
                }
                _ => {
                    room = self.append_bytes.saturating_sub(append.bytes);
                    stored.push(form);
                    self.batch.push(append);
                }
            }
        }
        stored
    }

    /// Nothing more is taken. What tephra has may be written, what waits is not.
    fn close(&mut self, why: &JournalFault, settled: &mut Vec<Settled>) {
        tracing::error!(fault = %why, source = why.source(), "the journal is closed for writing");
        self.writing = Writing::Closed(why.clone());
        self.batch.give_up(why, settled);
        settled.extend(self.waiting.drain(..).map(|append| append.closed(why)));
        self.waiting_bytes = 0;
        self.wake();
    }

    /// What was written was read again.
    pub(crate) fn open(&mut self, writer: WriteHandle, head: Head) {
        tracing::info!(head = %head.position, "the journal is open for writing again");
        self.writing = Writing::Open(writer);
        self.head = head;
        self.recent = Recent::behind(head.position);
    }

    /// It could not be opened again.
    pub(crate) fn still_closed(&mut self, why: JournalFault) {
        tracing::error!(fault = %why, source = why.source(), "the journal stays closed for writing");
        self.writing = Writing::Closed(why);
    }

    /// Asks the thread to open it again; false if it is open.
    pub(crate) fn reopen(&mut self, waiter: oneshot::Sender<Reopened>) -> bool {
        let closed = self.closed().is_some();
        if closed && !self.abandoned {
            self.reopening.push(waiter);
            self.wake();
        }
        closed
    }

    /// Wakes the thread that waits for answers. While tephra has a batch, they will come anyway.
    fn wake(&self) {
        let no_answer = (u64::MAX, Err(Refused::Empty));
        let _ = self.answers.as_ref().map(|answers| answers.send(no_answer));
    }

    /// Who waits for it to be opened again.
    pub(crate) fn reopening(&mut self) -> Vec<oneshot::Sender<Reopened>> {
        std::mem::take(&mut self.reopening)
    }

    /// Nothing more will come: what waits is written, then the thread ends.
    pub(crate) fn end(&mut self) {
        self.ending = true;
        self.wake();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ending && self.is_quiet()
    }

    /// The thread ended, though it should not have: nobody gives anything to tephra any more.
    pub(crate) fn abandoned(&mut self, settled: &mut Vec<Settled>) {
        let why = fault(FaultKind::Died, &self.folder, "the journal's own thread panicked");
        self.close(&why, settled);
        self.reopening.clear();
        self.abandoned = true;
    }
}
