//! A journal that a test controls: slow, failing, or refusing, append by append.
//!
//! What is behind it is a real journal. An append passes the *gate*: while it is shut, appends wait
//! there, in order, and nothing of them is written. Each append consumes one planned fault.
//!
//! The gate is the sync of a disk, too: when the machine [crashes](FaultyJournal::crash), of the
//! appends that stand there some are on the disk, up to any of them, and the others are lost.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bailiwick::Position;
use bailiwick::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, FaultKind, Head,
    Health, Journal, JournalFault, JournalId, JournalReadError, LastMatch, Outline, Page, Query,
    Read, ReadValues, ReopenError, ValuesPage,
};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::coop::unconstrained;

/// What happens to an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It works.
    None,
    /// It is certainly not written.
    NotWritten,
    /// It is reported as unknown, and was not written.
    UnknownLost,
    /// It is reported as unknown, and was written.
    UnknownWritten,
    /// It is refused as if another writer had been faster.
    Conflict,
    /// The journal panics.
    Panic,
    /// It never answers, and nothing is written.
    Hangs,
}

/// A journal that a test controls. Cloning shares it.
#[derive(Clone)]
pub struct FaultyJournal {
    inner: Arc<dyn Journal>,
    plan: Arc<Mutex<VecDeque<Fault>>>,
    gate: Arc<watch::Sender<Gate>>,
    waiting: Arc<watch::Sender<usize>>,
    standing: Arc<Mutex<BTreeMap<u64, Parcel>>>,
    unreadable: Arc<Mutex<bool>>,
    hanging_reads: Arc<AtomicUsize>,
    reads: Arc<AtomicUsize>,
    hidden: Arc<Mutex<Option<Position>>>,
    stop: Arc<Mutex<Stop>>,
}

type Parcel = (Vec<EncodedEvent>, Option<AppendCondition>);

/// Who passes.
#[derive(Clone, Copy)]
struct Gate {
    open: bool,
    /// Those with a lower number pass although it is shut.
    upto: u64,
    /// The number of the next one who finds it shut.
    next: u64,
    crashed: bool,
}

/// Whether and how it closes itself for writing.
#[derive(Default)]
struct Stop {
    /// It does, after an append whose outcome is unknown.
    stops: bool,
    closed: Option<JournalFault>,
    /// How often it cannot be opened again.
    refusals: usize,
    /// How often somebody tried.
    tried: usize,
}

impl FaultyJournal {
    /// Around `inner`, with the gate open and nothing planned.
    pub fn new(inner: impl Journal) -> Self {
        FaultyJournal::around(Arc::new(inner))
    }

    /// As [`new`](Self::new), around one that others may have, too.
    pub fn around(inner: Arc<dyn Journal>) -> Self {
        FaultyJournal {
            inner,
            plan: Arc::default(),
            gate: Arc::new(watch::Sender::new(Gate {
                open: true,
                upto: 0,
                next: 0,
                crashed: false,
            })),
            waiting: Arc::new(watch::Sender::new(0)),
            standing: Arc::default(),
            unreadable: Arc::default(),
            stop: Arc::default(),
            hanging_reads: Arc::default(),
            reads: Arc::default(),
            hidden: Arc::default(),
        }
    }

    /// Appends wait from now on.
    pub fn shut(&self) {
        self.gate.send_modify(|gate| gate.open = false);
    }

    /// Lets all waiting appends pass.
    pub fn open(&self) {
        self.gate.send_modify(|gate| gate.open = true);
    }

    /// Lets the first `n` of the waiting appends pass; the gate stays shut.
    pub fn let_pass(&self, n: usize) {
        let upto = self.standing.lock().keys().take(n).next_back().map_or(0, |number| number + 1);
        self.gate.send_modify(|gate| gate.upto = gate.upto.max(upto));
    }

    /// The machine stops. Of the appends that stand at the gate the first `kept` are on the disk, the
    /// others are lost, and nobody is told of either: whoever waits for this journal, or asks it from
    /// now on, waits for ever. What has passed the gate is there.
    ///
    /// Returns the journal as it is found afterwards.
    pub async fn crash(&self, kept: usize) -> FaultyJournal {
        self.gate.send_modify(|gate| gate.crashed = true);
        let standing = std::mem::take(&mut *self.standing.lock());
        for (events, condition) in standing.into_values().take(kept) {
            // What its condition does not allow was not written.
            let _ = self.inner.append(events, condition).await;
        }
        FaultyJournal::around(self.inner.clone())
    }

    fn has_crashed(&self) -> bool {
        self.gate.borrow().crashed
    }

    /// From now on it closes itself for writing when an outcome is unknown, and then cannot be opened
    /// again for the first `refusals` times.
    pub fn fail_stop(&self, refusals: usize) {
        *self.stop.lock() = Stop { stops: true, refusals, ..Stop::default() };
    }

    /// How often somebody tried to open it again.
    pub fn reopenings(&self) -> usize {
        self.stop.lock().tried
    }

    /// Waits until `n` appends stand at the gate.
    pub async fn waiting(&self, n: usize) {
        let mut waiting = self.waiting.subscribe();
        waiting.wait_for(|waiting| *waiting == n).await.expect("never closed");
    }

    /// Waits until at least `n` appends stand at the gate.
    pub async fn waiting_at_least(&self, n: usize) {
        let mut waiting = self.waiting.subscribe();
        waiting.wait_for(|waiting| *waiting >= n).await.expect("never closed");
    }

    /// How many appends stand at the gate just now.
    pub fn at_the_gate(&self) -> usize {
        *self.waiting.borrow()
    }

    /// The faults of the next appends, in the order in which they pass the gate.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.plan.lock().extend(faults);
    }

    /// Whether reads fail.
    pub fn set_unreadable(&self, unreadable: bool) {
        *self.unreadable.lock() = unreadable;
    }

    /// The next `n` reads are never answered.
    pub fn hang_reads(&self, n: usize) {
        self.hanging_reads.store(n, Ordering::SeqCst);
    }

    /// From now on, readers see nothing of what comes, or everything again: as of a journal that
    /// shows what was acknowledged only.
    pub async fn hide(&self, hide: bool) {
        let head = self.inner.head().await.expect("it can be read").position;
        *self.hidden.lock() = hide.then_some(head);
    }

    /// How many reads there were so far.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// Reads around every fault.
    pub fn inner(&self) -> Arc<dyn Journal> {
        self.inner.clone()
    }

    fn shown(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        let (page, hidden) = (self.inner.read(read), *self.hidden.lock());
        Answer::later(async move {
            let mut page = page.await?;
            if let Some(head) = hidden {
                page.events.retain(|recorded| recorded.position <= head);
                page.upto = page.upto.min(head);
                page.more &= page.upto < head;
            }
            Ok(page)
        })
    }

    async fn pass(
        self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Result<Appended, AppendError> {
        if let Some(fault) = &self.stop.lock().closed {
            return Err(AppendError::Closed(fault.clone()));
        }
        let fault = self.plan.lock().pop_front().unwrap_or(Fault::None);
        if matches!(fault, Fault::UnknownLost | Fault::UnknownWritten) && self.stop.lock().stops {
            self.stop.lock().closed =
                Some(JournalFault::new(FaultKind::Full, "data/1.log", "make room", "it is full"));
        }
        match fault {
            Fault::None => self.inner.append(events, condition).await,
            Fault::NotWritten => Err(AppendError::NotWritten("the disk is full".into())),
            Fault::UnknownLost => Err(AppendError::Unknown("the sync failed".into())),
            Fault::UnknownWritten => match self.inner.append(events, condition).await {
                Ok(_) => Err(AppendError::Unknown("the sync failed".into())),
                Err(error) => Err(error),
            },
            Fault::Conflict => Err(AppendError::Conflict { at: Position::new(1) }),
            Fault::Panic => panic!("the journal has a bug"),
            Fault::Hangs => std::future::pending().await,
        }
    }
}

/// An append at the gate, until it has passed or nobody waits for it any more.
struct Standing {
    journal: FaultyJournal,
    number: u64,
}

impl Standing {
    fn new(journal: &FaultyJournal, parcel: Parcel) -> Standing {
        let mut number = 0;
        journal.gate.send_modify(|gate| {
            number = gate.next;
            gate.next += 1;
        });
        journal.standing.lock().insert(number, parcel);
        journal.waiting.send_modify(|waiting| *waiting += 1);
        Standing { journal: journal.clone(), number }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.journal.standing.lock().remove(&self.number);
        self.journal.waiting.send_modify(|waiting| *waiting -= 1);
    }
}

impl Journal for FaultyJournal {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        let journal = self.clone();
        Answer::later(async move {
            if !journal.gate.borrow().open {
                let standing = Standing::new(&journal, (events.clone(), condition.clone()));
                let number = standing.number;
                let mut gate = journal.gate.subscribe();
                let passes = |gate: &Gate| !gate.crashed && (gate.open || gate.upto > number);
                // Whatever else the task that waits has done in its turn.
                let _ = unconstrained(gate.wait_for(passes)).await;
            }
            if journal.has_crashed() {
                return std::future::pending().await;
            }
            journal.pass(events, condition).await
        })
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.has_crashed() {
            return Answer::later(std::future::pending());
        }
        if *self.unreadable.lock() {
            let error: Box<dyn std::error::Error + Send + Sync> = "the disk is gone".into();
            return Answer::ready(Err(JournalReadError::Unavailable(error.into())));
        }
        let one_less = |n: usize| n.checked_sub(1);
        match self.hanging_reads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => Answer::later(std::future::pending()),
            Err(_) => self.shown(read),
        }
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        self.inner.last(query)
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        self.inner.head()
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        self.inner.changed(query, after)
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        self.inner.values(read)
    }

    fn outline(&self) -> Answer<Result<Outline, JournalReadError>> {
        self.inner.outline()
    }

    fn id(&self) -> JournalId {
        self.inner.id()
    }

    fn limits(&self) -> AppendLimits {
        self.inner.limits()
    }

    fn health(&self) -> Health {
        match &self.stop.lock().closed {
            Some(why) => Health::ClosedForWriting { why: why.clone() },
            None => Health::Open,
        }
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        let mut stop = self.stop.lock();
        stop.tried += 1;
        let result = match (stop.closed.clone(), stop.refusals) {
            (Some(fault), 1..) => Err(ReopenError::StillClosed(fault)),
            _ => Ok(()),
        };
        stop.refusals = stop.refusals.saturating_sub(1);
        if result.is_ok() {
            stop.closed = None;
        }
        Answer::ready(result)
    }
}
