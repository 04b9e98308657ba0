//! Which accounts have slots in use, as a projection: to be listed without touching an account.

use bailiwick_core::{BoxError, News, Projection};

use super::SessionEvent::{self, *};
use super::{AccountId, DEFAULT_LIMIT};

/// The slots of each account that has any in use, or another limit than the default.
///
/// It counts, so an event that was folded twice would be counted twice. That is fine because the mark is committed
/// with the rows.
#[derive(Debug, Clone, Copy)]
pub struct SlotsInUse;

/// The slots of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots {
    /// How many sessions have a lease that was not given back, nor reclaimed.
    pub in_use: u32,
    /// How many it may have.
    pub limit: usize,
}

impl Projection for SlotsInUse {
    const NAME: &'static str = "slots";
    const VERSION: u32 = 1;
    type Event = SessionEvent;
    type Key = AccountId;
    type Row = Slots;

    fn keys(
        &self,
        news: &News<SessionEvent>,
    ) -> Result<impl IntoIterator<Item = AccountId>, BoxError> {
        Ok(match news.event {
            LeaseRenewed { .. } => None,
            _ => Some(news.id()?),
        })
    }

    fn fold(
        &self,
        _: &AccountId,
        row: &mut Option<Slots>,
        news: &News<SessionEvent>,
    ) -> Result<(), BoxError> {
        let slots = row.get_or_insert(Slots::UNUSED);
        match news.event {
            SessionStarted { .. } => slots.in_use += 1,
            SessionEnded { .. } | LeaseExpired { .. } => {
                slots.in_use = slots.in_use.checked_sub(1).ok_or("no slot is in use")?;
            }
            LimitChanged { limit } => slots.limit = limit,
            LeaseRenewed { .. } => {}
        }
        if *slots == Slots::UNUSED {
            *row = None;
        }
        Ok(())
    }
}

impl Slots {
    /// Of an account that nobody has used.
    const UNUSED: Slots = Slots { in_use: 0, limit: DEFAULT_LIMIT };
}
