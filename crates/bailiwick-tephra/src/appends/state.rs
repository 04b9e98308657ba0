//! What tephra has, and whether it takes anything: of who is in charge.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendError, Appended, FaultKind, Head, JournalFault};
use flume::{Receiver, Sender};
use tephra::{AppendError as Refused, WriteHandle};

use super::Response;
use super::append::{Append, Settled, Stored};
use super::batch::Batch;
use super::recent::Recent;
use crate::error::fault;
use crate::faults;
use crate::folder::{Folder, Place};
use crate::store::append_bytes;

/// How often an append is given to tephra whose `after` is above the head: each time the head is
/// nearer.
const TRIES: u8 = 16;

/// No file begins beyond it.
const EVERY: Position = Position::new(u64::MAX);

/// Why an append was not written although the journal is open.
#[derive(Debug, thiserror::Error)]
#[error("its condition was judged {TRIES} times, and the journal is still far from `after`")]
struct FarAhead;

pub(super) struct State {
    folder: PathBuf,
    place: Place,
    /// None while it is closed for writing.
    writer: Option<WriteHandle>,
    /// Why it was closed, until somebody asks.
    failure: Option<JournalFault>,
    batch: Batch,
    /// Of what was acknowledged.
    head: Head,
    recent: Recent,
    /// How many bytes tephra takes as one.
    append_bytes: usize,
    /// When tephra was given the batch.
    given_at: Instant,
}

impl State {
    pub(super) fn new(folder: &Folder, writer: WriteHandle, head: Head) -> State {
        State {
            folder: folder.path().to_owned(),
            place: folder.place().clone(),
            writer: Some(writer),
            failure: None,
            batch: Batch::default(),
            head,
            recent: Recent::behind(head.position),
            append_bytes: append_bytes(folder),
            given_at: Instant::now(),
        }
    }

    pub(super) fn head(&self) -> Head {
        self.head
    }

    pub(super) fn is_open(&self) -> bool {
        self.writer.is_some()
    }

    /// Why it was closed, said once.
    pub(super) fn failure(&mut self) -> Option<JournalFault> {
        self.failure.take()
    }

    /// Whether all have an answer that tephra has.
    pub(super) fn is_over(&self) -> bool {
        self.batch.is_over()
    }

    /// Whether this append is all that tephra has.
    pub(super) fn is_only(&self, number: u64) -> bool {
        self.batch.is_only(number)
    }

    /// How many appends of the last batch were written.
    pub(super) fn number_written(&self) -> usize {
        self.batch.number_written()
    }

    /// How long ago tephra was given the batch.
    pub(super) fn since_given(&self) -> Duration {
        self.given_at.elapsed()
    }

    /// An answer of tephra.
    pub(super) fn answered(&mut self, (token, answer): Response, settled: &mut Vec<Settled>) {
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
    pub(super) fn deserted(&mut self, settled: &mut Vec<Settled>) {
        if !self.batch.is_over() {
            let why = fault(FaultKind::Died, &self.folder, Refused::Shutdown);
            self.close(&why, settled);
        }
    }

    /// Before anything is acknowledged: closes the journal if its folder, or a file of its events, is not
    /// there any more. What tephra has went into files that nobody will find, or under another name.
    /// Whether all is there.
    pub(super) fn is_in_place(&mut self, settled: &mut Vec<Settled>) -> bool {
        let checked = self.place.check().and_then(|()| self.place.check_files(EVERY));
        if let Err(error) = checked {
            self.close(&error.into(), settled);
            return false;
        }
        true
    }

    /// Begins a batch: gives back what is to be judged once more.
    pub(super) fn restart(&mut self, settled: &mut Vec<Settled>) -> Vec<Append> {
        self.recent.forget(self.head.position);
        let again = self.batch.restart().into_iter();
        let (again, far): (Vec<_>, Vec<_>) = again.partition(|append| append.tries < TRIES);
        let refused = |append: Append| append.settle(Err(AppendError::NotWritten(FarAhead.into())));
        settled.extend(far.into_iter().map(refused));
        again
    }

    /// Gives tephra a batch, if it has none; the answers come from there. None if nothing of it
    /// could be given.
    pub(super) fn give(
        &mut self,
        appends: Vec<Append>,
        settled: &mut Vec<Settled>,
    ) -> Option<Receiver<Response>> {
        let writer = self.writer.clone()?;
        let batch = self.stored(appends, settled);
        // Only the appends of the batch have it: if it closes before all of them have an answer,
        // tephra's writer is dead.
        let (sender, answers) = flume::unbounded();
        self.given_at = Instant::now();
        self.submit(&writer, batch, sender, settled);
        (!self.is_over()).then_some(answers)
    }

    fn submit(
        &mut self,
        writer: &WriteHandle,
        batch: Vec<Stored>,
        answers: Sender<Response>,
        settled: &mut Vec<Settled>,
    ) {
        // tephra refuses an `after` above the head. Nothing is on its way, so this is the head.
        let head = writer.head();
        for (token, Stored { events, condition }) in (0..).zip(batch) {
            let condition =
                condition.map(|c| tephra::AppendCondition { after: c.after.min(head), ..c });
            if let Err(why) = writer.append_submit(events, condition, token, answers.clone()) {
                let why = self.fault_of(why);
                self.batch.not_given(token, &why, settled);
                self.close(&why, settled);
                break;
            }
        }
    }

    /// Those that follow each other and need no condition are one for tephra. It begins to write as
    /// soon as it has something, so of many it would write some, and then the others.
    fn stored(&mut self, appends: Vec<Append>, settled: &mut Vec<Settled>) -> Vec<Stored> {
        let (mut stored, mut room) = (Vec::<Stored>::new(), 0);
        for mut append in appends {
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

    /// Nothing more is taken. What tephra has may be written.
    fn close(&mut self, why: &JournalFault, settled: &mut Vec<Settled>) {
        tracing::debug!(fault = %why, source = why.source(), "closed for writing");
        self.writer = None;
        self.failure = Some(why.clone());
        self.batch.give_up(why, settled);
    }

    /// What was written was read again.
    pub(super) fn open(&mut self, writer: WriteHandle, head: Head) {
        self.writer = Some(writer);
        self.head = head;
        self.recent = Recent::behind(head.position);
    }

    /// The thread ended, though it should not have: nobody gives anything to tephra any more.
    pub(super) fn abandoned(&mut self, settled: &mut Vec<Settled>) {
        let why = fault(FaultKind::Died, &self.folder, "the journal's own thread panicked");
        self.close(&why, settled);
    }
}
