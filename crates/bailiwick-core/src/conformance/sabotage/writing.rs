//! How the faulty journal appends.

use std::thread::yield_now;

use super::faulty::{Fault::*, Faulty, Log};
use crate::{
    AppendCondition, AppendError, Appended, EncodedEvent, Metadata, Position, RecordedEvent,
};

impl Faulty {
    pub(super) fn append_now(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<&AppendCondition>,
    ) -> Result<Appended, AppendError> {
        if events.is_empty() && self.fault != EmptyAppendAccepted {
            return Err(AppendError::Empty);
        }
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

    fn push(&self, log: &mut Log, mut event: EncodedEvent) -> Position {
        let number = log.events.len() as u64 + log.gaps + 1;
        let position = match self.fault {
            PositionsFromZero => Position::new(number - 1),
            _ => Position::new(number),
        };
        if self.fault == MetadataLost {
            event.metadata = Metadata::default();
        }
        log.events.push(RecordedEvent { position, event });
        position
    }

    /// What a refused append changes all the same.
    fn leave_behind(&self, log: &mut Log, mut events: Vec<EncodedEvent>) {
        log.refusals += 1;
        match self.fault {
            RefusalLeavesGap => log.gaps += 1,
            PartOfRefusedStays => {
                self.push(log, events.swap_remove(0));
            }
            _ => {}
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
