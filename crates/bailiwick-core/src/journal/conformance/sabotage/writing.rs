//! How the faulty journal appends.

use std::thread::yield_now;

use super::faulty::{Fault::*, Faulty, Log};
use crate::journal::{
    AppendCondition, AppendError, Appended, EncodedEvent, Journal, Metadata, OverLimit,
    RecordedEvent,
};
use crate::position::Position;

impl Faulty {
    pub(super) fn append_now(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<&AppendCondition>,
    ) -> Result<Appended, AppendError> {
        if events.is_empty() && self.fault != EmptyAppendAccepted {
            return Err(AppendError::Empty);
        }
        let events = self.within_limits(events)?;
        let mut log = self.lock();
        if let Some(at) = condition.and_then(|condition| self.conflict(&log, condition)) {
            self.leave_behind(&mut log, events);
            return Err(AppendError::Conflict { at });
        }
        let mut places = Vec::new();
        for event in events {
            if self.lets_others_in(condition, !places.is_empty()) {
                drop(log);
                yield_now();
                log = self.lock();
            }
            let own = condition.filter(|_| self.fault == OwnEventsChecked && !places.is_empty());
            if let Some(at) = own.and_then(|condition| self.conflict(&log, condition)) {
                return Err(AppendError::Conflict { at });
            }
            places.push(self.push(&mut log, event));
        }
        let last = places.last().copied().unwrap_or_default();
        let first = match self.fault {
            ReturnsHead => last,
            _ => places.first().copied().unwrap_or_default(),
        };
        Ok(Appended { first, last })
    }

    /// Those that are taken.
    fn within_limits(
        &self,
        mut events: Vec<EncodedEvent>,
    ) -> Result<Vec<EncodedEvent>, AppendError> {
        let limits = self.limits();
        let refused = match (self.fault, limits.check(&events)) {
            (EventsAreLimited, Ok(_)) if events.len() > 1_000 => {
                Err(OverLimit::TooLarge { bytes: events.len(), most: 1_000 })
            }
            (EmptyTypeTaken, Err(OverLimit::TypeName { .. }))
            | (TagsNotCounted, Err(OverLimit::Tags { .. })) => Ok(()),
            (BytesOfPayloadsOnly, Err(OverLimit::TooLarge { .. })) => {
                limits.check_bytes(events.iter().map(|event| event.payload.len()).sum())
            }
            (TooLargeIsCut, Err(OverLimit::TooLarge { .. })) => {
                events.truncate(1);
                Ok(())
            }
            (_, checked) => checked.map(|_| ()),
        };
        match refused {
            Ok(()) => Ok(events),
            Err(why) if self.fault == LimitsNotTyped => Err(AppendError::NotWritten(why.into())),
            Err(why) => Err(AppendError::OverLimit(why)),
        }
    }

    fn push(&self, log: &mut Log, mut event: EncodedEvent) -> Position {
        let number = log.events.len() as u64 + 1;
        let position = match self.fault {
            PositionsFromZero => Position::new(number - 1),
            _ => Position::new(number),
        };
        if self.fault == MetadataLost {
            event.metadata = Metadata::default();
        }
        log.events.push(RecordedEvent { position, event: event.clone() });
        self.tell(&log.waiters, position, event);
        position
    }

    /// What a refused append changes all the same.
    fn leave_behind(&self, log: &mut Log, mut events: Vec<EncodedEvent>) {
        log.refusals += 1;
        if self.fault == PartOfRefusedStays {
            self.push(log, events.swap_remove(0));
        }
    }

    /// Between the check and the first event, or `within` the events.
    fn lets_others_in(&self, condition: Option<&AppendCondition>, within: bool) -> bool {
        let only_types = |condition: &AppendCondition| {
            let mut items = condition.query.items().into_iter().flatten();
            items.all(|item| item.tags().as_slice().is_empty())
        };
        match self.fault {
            BatchInPieces => within,
            CheckThenInsert => !within,
            ConditionsOnTypesUnlocked => !within && condition.is_some_and(only_types),
            _ => false,
        }
    }
}
