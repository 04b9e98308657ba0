//! The simplest journal there is, a list under a lock, and the ways in which it can be wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::journal::conformance::{Reopen, Subject};
use crate::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, FaultKind, Head,
    Health, Journal, JournalFault, JournalId, JournalReadError, LastMatch, Outline, Page, Query,
    Read, ReadValues, RecordedEvent, ReopenError, ValuesPage, Waiters,
};
use crate::position::Position;

/// What the journal does wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fault {
    Nothing,
    AfterInclusive,
    AfterAboveHeadRefused,
    BatchInPieces,
    BytesAreIgnored,
    BytesOfPayloadsOnly,
    ChangedIsLate,
    ChangedLooksNowhere,
    ChangedTellsOne,
    ChangedTellsTypesOnly,
    CheckThenInsert,
    ConditionsOnTypesUnlocked,
    ConflictNamesHead,
    EmptyAppendAccepted,
    EmptyTypeTaken,
    EventsAreLimited,
    EndIsHead,
    EndIsIgnored,
    EndIsLeftOut,
    FirstItemOnly,
    FirstTypeOnly,
    ForgetsOnReopening,
    IdChanges,
    IdForgotten,
    ItemsReadApart,
    LastOfFirstItem,
    LastIsFirst,
    LastUptoIsMatch,
    LastUptoIsLater,
    LimitBeforeFilter,
    LimitPerItem,
    LimitsNotTyped,
    MetadataLost,
    NeverIgnored,
    NeverKnowsAfter,
    NothingUntilPolled,
    OutlineLeavesOut,
    OutlineOfOthers,
    OutlineUptoIsLater,
    OwnEventsChecked,
    PartOfRefusedStays,
    PositionsFromZero,
    RefusalCloses,
    ReopeningForgets,
    RepeatsPerItem,
    ReturnsHead,
    TagsCaseFolded,
    TagsNotCounted,
    TagsOred,
    TimeOfLastEvent,
    TooLargeIsCut,
    UptoIsHead,
    UptoIsLastMatch,
    ValuesAfterInclusive,
    ValuesInOrderOfAppends,
    ValuesOfAnyType,
    ValuesOfNoTypeAreNone,
    ValuesOfPrefix,
    ValuesUptoIsLater,
}

use Fault::*;

#[derive(Clone)]
pub(super) struct Faulty {
    pub(super) fault: Fault,
    pub(super) log: Arc<Mutex<Log>>,
}

#[derive(Default)]
pub(super) struct Log {
    pub(super) events: Vec<RecordedEvent>,
    pub(super) refusals: u64,
    pub(super) waiters: Waiters,
    pub(super) id: u128,
}

impl Faulty {
    pub(super) fn new(fault: Fault) -> Faulty {
        Faulty { fault, log: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    pub(super) fn head(&self) -> Position {
        self.events.last().map_or(Position::START, |event| event.position)
    }
}

impl Journal for Faulty {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        if self.fault == NothingUntilPolled {
            let this = self.clone();
            return Answer::later(async move { this.append_now(events, condition.as_ref()) });
        }
        Answer::ready(self.append_now(events, condition.as_ref()))
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        Answer::ready(Ok(self.read_now(&read)))
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        Answer::ready(Ok(self.last_now(&query)))
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        self.changed_now(query, after)
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        Answer::ready(Ok(self.values_now(&read)))
    }

    fn id(&self) -> JournalId {
        let log = self.lock();
        let bits = match self.fault {
            IdChanges => log.events.len() as u128 + 1,
            _ => log.id + 1,
        };
        JournalId::from_u128(bits)
    }

    fn limits(&self) -> AppendLimits {
        AppendLimits::STANDARD
    }

    fn outline(&self) -> Answer<Result<Outline, JournalReadError>> {
        Answer::ready(Ok(self.outline_now()))
    }

    fn health(&self) -> Health {
        let refused = self.fault == RefusalCloses && self.lock().refusals > 0;
        if !refused {
            return Health::Open;
        }
        let why = JournalFault::new(FaultKind::Died, "memory", "open it again", "a refusal");
        Health::ClosedForWriting { why }
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        if self.fault == ReopeningForgets {
            self.lock().events.pop();
        }
        Answer::ready(Ok(()))
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        let log = self.lock();
        let times = log.events.iter().map(|e| e.event.recorded_at);
        let recorded_at = match self.fault {
            TimeOfLastEvent => times.last(),
            _ => times.max(),
        };
        let head = Head { position: log.head(), recorded_at: recorded_at.unwrap_or_default() };
        Answer::ready(Ok(head))
    }
}

impl Subject for Faulty {
    fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(self.clone())
    }
}

impl Reopen for Faulty {
    fn reopen(&mut self) {
        if self.fault == ForgetsOnReopening {
            self.lock().events.pop();
        }
        if self.fault == IdForgotten {
            self.lock().id += 1;
        }
    }
}
