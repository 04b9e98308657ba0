//! Snapshots of an aggregate: made of a durable state and what it remembers of idempotency keys, and gone on
//! from when it is loaded.

use std::sync::Arc;

use bailiwick_core::journal::RecordedDeadline;
use bailiwick_core::snapshot::{Declared, SnapshotOf};
use bailiwick_core::views::{Boundary, Form};
use bailiwick_core::{
    Aggregate, CodecError, ErrorReport, Position, SnapshotKey, Snapshots, Timestamp, codec,
};

use super::Cell;
use super::answers::Answers;
use super::beside::{Beside, Remembered};
use super::folding::{Folding, deadline_of};
use super::life::{Folded, Known, Life, Live, Mend};
use super::reading::Reading;
use crate::context::RuntimeContext;
use crate::error::{LoadError, caught};
use crate::journal::port;
use crate::snapshots::{Candidate, Comparison, Keeper, Offer, one};

/// How much more than its encoded form a state holds on the heap at most, and an answer counts for.
const HEAP_SHARE: usize = 8;
const ANSWER_SHARE: usize = 4;

/// Where an aggregate's snapshot would be.
pub(super) struct Lookup {
    keeper: Arc<Keeper>,
    declared: Declared,
    key: SnapshotKey,
}

impl<A: Aggregate> Cell<A> {
    /// Where its snapshot would be; none if it has none.
    pub(super) fn snapshot(&self) -> Option<Lookup> {
        A::SNAPSHOTS?;
        let (keeper, declared) = self.kind.snapshots.clone()?;
        let key = SnapshotOf::Aggregate.key::<A>(&self.id).ok()?;
        Some(Lookup { keeper, declared, key })
    }

    /// A batch is durable. While another one forms on top of it, the state before that, if there is a copy,
    /// is the durable one.
    pub(super) fn keep_snapshot_before(&self, live: &mut Live<A>) {
        let known = &mut *live.known;
        if live.mend == Mend::Nothing
            && !live.forming.events.is_empty()
            && let Some(before) = &live.forming.before
            && self.is_due(known)
            && let Ok(Some(copy)) = caught(|| before.state.try_clone())
        {
            known.unsaved = 0;
            self.offer(known.answers.as_deref(), before.deadline, known.version, encodes(copy));
        }
    }

    /// Leaves a snapshot of the state, which is durable, if it is time.
    pub(super) fn keep_snapshot(&self, known: &mut Known<A>) {
        if !self.is_due(known) {
            return;
        }
        let form = caught(|| match known.state.try_clone() {
            Some(copy) => encodes(copy),
            None => encoded(&known.state),
        });
        if let Ok(form) = form {
            // Offered or not, the next one is due after as many events.
            known.unsaved = 0;
            self.offer(known.answers.as_deref(), known.deadline, known.version, form);
        }
    }

    /// It is out of memory. Not under its lock: what is dropped is the domain's.
    pub(super) fn leaves_memory(&self, life: Life<A>) {
        let known = match life {
            Life::Quiet(known) | Life::Behind(known) => known,
            Life::Live(live) if live.is_durable() => live.known,
            _ => return,
        };
        if let Some((keeper, declared)) = &self.kind.snapshots
            && declared.is_due_leaving(known.unsaved.into())
            && !known.unsure
            && self.may_be_kept(keeper, declared, &known)
        {
            let Known { state, answers, deadline, version, .. } = *known;
            self.offer(answers.as_deref(), deadline, version, encodes(state));
        }
    }

    fn is_due(&self, known: &mut Known<A>) -> bool {
        let Some((keeper, declared)) = &self.kind.snapshots else { return false };
        if !declared.is_due(known.unsaved.into()) || known.unsure {
            return false;
        }
        let may_be = self.may_be_kept(keeper, declared, known);
        if !may_be {
            // Not looked at again after each command.
            known.unsaved = 0;
        }
        may_be
    }

    /// Whether it may fit, and there is room.
    fn may_be_kept(&self, keeper: &Keeper, declared: &Declared, known: &Known<A>) -> bool {
        // Before it is encoded in vain: there may be a lot.
        let most = self.kind.shared.config.snapshot_bytes;
        let answers = known.answers.as_ref().map_or(0, |answers| answers.bytes());
        let state = caught(|| known.state.heap_bytes()).unwrap_or(0);
        if answers / ANSWER_SHARE > most || state / HEAP_SHARE > most {
            one(&keeper.counters.too_large);
            return false;
        }
        keeper.has_room(declared)
    }

    fn offer(
        &self,
        answers: Option<&Answers>,
        deadline: Option<Timestamp>,
        position: Position,
        form: Form,
    ) {
        let Some(Lookup { keeper, declared, key }) = self.snapshot() else { return };
        // Nothing of it can fail to be encoded; if it did, so would the state.
        let (beside, form) = match self.beside(answers, deadline) {
            Ok(beside) => (beside, form),
            Err(error) => (Vec::new(), Box::new(move || Err(error)) as Form),
        };
        if let Ok(scope) = self.kind.scope(&self.id) {
            let reads = scope.boundary.clone();
            keeper.offer(Offer { declared, key, reads, position, beside, form });
        }
    }

    fn beside(
        &self,
        answers: Option<&Answers>,
        deadline: Option<Timestamp>,
    ) -> Result<Vec<u8>, CodecError> {
        let remembered = answers.into_iter().flat_map(Answers::durable);
        let remembered = remembered.map(|(key, answer, position, at)| Remembered {
            key: key.clone(),
            fingerprint: answer.fingerprint,
            reply: answer.reply.clone(),
            position: position.get(),
            at,
        });
        codec::encode_value(&Beside {
            deadline,
            rule: A::DEADLINE_VERSION,
            remembers_from: window(&self.kind.shared),
            answers: remembered.collect(),
        })
    }
}

/// What was decided before is not remembered any more.
fn window(shared: &RuntimeContext) -> Timestamp {
    let window = u64::try_from(shared.config.answers_for.as_millis()).unwrap_or(u64::MAX);
    Timestamp::from_millis(shared.now().as_millis().saturating_sub(window))
}

/// Of a state that nobody else has.
fn encodes<A: Aggregate>(state: A) -> Form {
    Box::new(move || declared::<A>().encode(&state))
}

/// At once, because no copy can be made.
fn encoded<A: Aggregate>(state: &A) -> Form {
    let form = declared::<A>().encode(state);
    Box::new(move || form)
}

fn declared<A: Aggregate>() -> Snapshots<A> {
    A::SNAPSHOTS.expect("only states of types that have snapshots are offered")
}

impl Lookup {
    /// The aggregate, gone on from its snapshot; none if it is to be folded from the beginning.
    ///
    /// # Errors
    /// If the journal cannot be read, or a snapshot is to be what its events fold to, and is not.
    pub(super) async fn gone_on_from<A: Aggregate>(
        self,
        reading: &Reading,
        mut folding: Folding<A>,
    ) -> Result<Option<Folded<A>>, LoadError> {
        let Lookup { keeper, declared, key } = self;
        let shared = &reading.shared;
        let Some(found) = keeper.find(shared, declared, key, None).await else { return Ok(None) };
        let read = shared.config.paged(found.read(reading.read.query.clone()));
        let page = port::read(&*reading.journal, read).await.map_err(LoadError::Unread)?;
        let Some(page) = keeper.confirm(shared, &found, page) else { return Ok(None) };
        let Some((state, beside)) = keeper.opened::<A>(reading, &found) else { return Ok(None) };
        folding.recorded = Some(RecordedDeadline::new(beside.deadline, beside.rule));
        folding.folded = Some((state, found.position()));
        folding.answers = beside.answers(shared.now());
        let boundary = Boundary::of::<A>(&folding.id);
        let reading = Reading { page: Some(page), ..reading.clone() };
        let folded = match reading.fold_into(&mut folding).await {
            Ok(seen) => folding.into_folded(seen)?,
            Err(LoadError::Unloadable(why)) => {
                let why = ErrorReport::of(&why).to_string();
                keeper.unusable(shared, &found.key, &why);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if let Some(why) = is_odd(&folded) {
            keeper.unusable(shared, &found.key, &why);
            return Ok(None);
        }
        one(&keeper.counters.used);
        if let Some(reading) = boundary.ok().and_then(|of| of.reading().first().cloned()) {
            let sampled = keeper.sample(shared, Comparison { reading, found }).await;
            sampled.map_err(|differs| LoadError::Unloadable(differs.into()))?;
        }
        #[cfg(feature = "fault-injection")]
        let folded = match shared.sabotaged(crate::sabotage::Sabotage::SnapshotShortensCondition) {
            true => Folded { seen: Position::new(u64::MAX / 2), ..folded },
            false => folded,
        };
        Ok(Some(folded))
    }
}

/// What cannot be of a state that its events made. Its history says what is true.
fn is_odd<A: Aggregate>(folded: &Folded<A>) -> Option<String> {
    let Ok(deadline) = deadline_of(folded) else { return Some("its deadline panics".into()) };
    let same_rule = folded.recorded.filter(|known| known.version() == A::DEADLINE_VERSION);
    let recorded = same_rule?.at();
    (recorded != deadline).then(|| "its deadline is not the one that was recorded".into())
}

impl Keeper {
    /// The state and what stands beside it, if both can be read, and it remembers as much as it has to.
    fn opened<A: Aggregate>(&self, reading: &Reading, found: &Candidate) -> Option<(A, Beside)> {
        let (shared, body) = (&reading.shared, &found.body);
        let (state, beside): (A, Beside) = self.decoded(shared, found, || {
            Ok((declared::<A>().decode(&body.state)?, codec::decode_value(&body.beside)?))
        })?;
        if beside.remembers_from > window(shared) {
            one(&self.counters.outdated);
            return None;
        }
        Some((state, beside))
    }
}
