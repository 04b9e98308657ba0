//! Recording: what was decided becomes part of a batch and of the state, all of it or nothing.

use bailiwick_core::journal::{EncodedEvent, Idempotency, OverLimit, RecordedDeadline};
use bailiwick_core::{Aggregate, Timestamp};

use super::Cell;
use super::encode::{Source, encode, encode_answered, sign};
use super::judge::Turn;
use super::life::{Known, Live, Mend};
use crate::error::{Cause, caught};
use crate::request::entry::EventAt;
use crate::request::recorded::without_form;

/// Why events were not recorded.
pub(super) enum NotRecorded {
    Failed(Cause),
    /// They go into the next batch.
    NoRoom,
    /// The state is garbage.
    Garbage(Cause),
}

impl<A: Aggregate> Cell<A> {
    /// Records the events in the forming batch. Those that were read back are applied as they were read.
    pub(super) fn record(
        &self,
        live: &mut Live<A>,
        events: &mut [A::Event],
        turn: &mut Turn<'_, A>,
        source: Source<'_>,
    ) -> Result<(), NotRecorded> {
        if events.is_empty() && source.remembered.is_none() {
            return Ok(());
        }
        if let Some(fault) = self.kind.shared.journal_closed() {
            return Err(NotRecorded::Failed(self.kind.shared.closed_by(fault)));
        }
        let Live { known, forming, mend, .. } = live;
        if let Some(delivering) = source.delivering()
            && delivering.unsure
            && forming.deliveries.contains(&delivering.tag)
        {
            // The same delivery, sent before: the journal does not compare what comes at once.
            return Err(NotRecorded::Failed(Cause::Contended { attempts: 1 }));
        }
        if forming.events.is_empty() && forming.before.is_none() {
            forming.before = known.copy();
        }
        // What has no room in an empty one goes alone.
        let (held, most) = (forming.bytes, self.kind.shared.batch_bytes());
        let has_room = |bytes| held == 0 || held + bytes <= most;
        let recorded = self.record_in(&mut forming.events, known, events, turn, source, has_room);
        forming.full = matches!(recorded, Err(NotRecorded::NoRoom));
        if matches!(recorded, Err(NotRecorded::Garbage(_))) {
            *mend = Mend::FoldAnew;
        }
        forming.bytes += recorded?;
        if let Some(delivering) = source.delivering() {
            forming.deliveries.push(delivering.tag.clone());
        }
        if let Some(remembered) = source.remembered {
            Self::remember(live, remembered, turn.now);
        }
        Ok(())
    }

    /// Encodes the events, applies them to the state, and adds them to the batch: all, or none. Returns
    /// how many bytes they have, as the journal counts them.
    pub(super) fn record_in(
        &self,
        batch: &mut Vec<EncodedEvent>,
        known: &mut Known<A>,
        events: &mut [A::Event],
        turn: &mut Turn<'_, A>,
        source: Source<'_>,
        has_room: impl FnOnce(usize) -> bool,
    ) -> Result<usize, NotRecorded> {
        let (before, payload, unsealed) =
            (batch.len(), turn.tools.payload_bytes(), turn.tools.unsealed());
        let encoded = caught(|| {
            if events.is_empty() {
                return encode_answered(batch, turn, source);
            }
            events.iter_mut().try_for_each(|event| encode(batch, event, turn, source))
        });
        let recorded =
            encoded.map_err(Cause::panicked).flatten().map_err(NotRecorded::Failed).and_then(
                |()| {
                    let new = &mut batch[before..];
                    sign::<A>(new, &turn.tools.scope, source);
                    let payload = turn.tools.payload_bytes() - payload;
                    let bytes = match self.measure(new, payload) {
                        // It goes without: what is not recorded is no reason to refuse it.
                        Err(_) if without_form(new) => self.measure(new, payload)?,
                        bytes => bytes?,
                    };
                    if !has_room(bytes) {
                        return Err(NotRecorded::NoRoom);
                    }
                    self.apply(known, events, turn.now).map_err(NotRecorded::Garbage)?;
                    Ok(bytes)
                },
            );
        match &recorded {
            Ok(_) => says_deadline::<A>(&mut batch[before..], known.deadline),
            Err(_) => {
                batch.truncate(before);
                turn.tools.forget(unsealed);
                turn.tools.shrink();
            }
        }
        recorded
    }

    /// How many bytes these events have with so many bytes of payload, if a journal takes them.
    fn measure(&self, events: &[EncodedEvent], payload: usize) -> Result<usize, OverLimit> {
        let limits = &self.kind.shared.limits;
        let mut bytes = payload;
        for event in events {
            limits.check_names(event)?;
            bytes += event.counted_bytes();
        }
        limits.check_bytes(bytes)?;
        Ok(bytes)
    }

    fn remember(live: &mut Live<A>, remembered: &Idempotency, now: Timestamp) {
        let place = EventAt::Forming(live.forming.count());
        live.forming.keys.push(remembered.key.clone());
        let answers = live.known.answers.get_or_insert_default();
        answers.remember(remembered.clone(), place, now);
    }

    /// If it fails, the state is garbage.
    fn apply(
        &self,
        known: &mut Known<A>,
        events: &[A::Event],
        now: Timestamp,
    ) -> Result<(), Cause> {
        let applied = caught(|| {
            events.iter().for_each(|event| known.state.apply(event, now));
            known.state.deadline()
        });
        known.deadline = applied.map_err(|message| {
            self.named().panicked("`apply` or `deadline`", &message);
            Cause::Panicked { message }
        })?;
        Ok(())
    }
}

/// Records beside each of them the deadline that the aggregate has now.
fn says_deadline<A: Aggregate>(events: &mut [EncodedEvent], at: Option<Timestamp>) {
    for event in events {
        if let Some(origin) = &mut event.metadata.origin {
            origin.deadline = RecordedDeadline::new(at, A::DEADLINE_VERSION);
        }
    }
}

impl From<OverLimit> for NotRecorded {
    fn from(why: OverLimit) -> Self {
        NotRecorded::Failed(Cause::OverLimit(why))
    }
}
