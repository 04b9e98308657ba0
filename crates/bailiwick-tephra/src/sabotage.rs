//! Bugs to switch on: a test that does not find them is not worth much.

use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_core::journal::{Answer, AppendCondition, AppendError, Appended, EncodedEvent};
use parking_lot::Mutex;

use crate::journal::Shared;

/// A bug that a journal can be given; see [`Options::sabotage`](crate::Options::sabotage).
///
/// For an example see [`Options`](crate::Options).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sabotage {
    /// An append is acknowledged as soon as it is on its way: nobody waits for its sync.
    SkippedSync,
    /// An append of several events is written as two, each with a sync of its own.
    HalfBatch,
}

/// What a journal with a bug needs for it.
pub(crate) struct Saboteur {
    bug: Sabotage,
    /// Where the next event will be, if nothing goes wrong.
    next: Mutex<Position>,
    /// One append at a time, so that no other comes between its halves.
    turn: Arc<Turn>,
}

type Turn = tokio::sync::Mutex<()>;

impl Saboteur {
    pub(crate) fn new(bug: Sabotage, head: Position) -> Saboteur {
        Saboteur { bug, next: Mutex::new(head.plus(1)), turn: Arc::default() }
    }

    pub(crate) fn append(
        &self,
        shared: &Arc<Shared>,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        match self.bug {
            Sabotage::SkippedSync => self.unsynced(shared, events, condition),
            Sabotage::HalfBatch => {
                Answer::later(in_halves(self.turn.clone(), shared.clone(), events, condition))
            }
        }
    }

    fn unsynced(
        &self,
        shared: &Shared,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        let mut next = self.next.lock();
        let first = *next;
        *next = first.plus(events.len() as u64);
        let last = first.plus(events.len() as u64 - 1);
        drop(shared.append(events, condition));
        Answer::ready(Ok(Appended { first, last }))
    }
}

async fn in_halves(
    turn: Arc<Turn>,
    shared: Arc<Shared>,
    mut events: Vec<EncodedEvent>,
    condition: Option<AppendCondition>,
) -> Result<Appended, AppendError> {
    let _turn = turn.lock().await;
    if events.len() == 1 {
        return shared.append(events, condition).await;
    }
    // Between two events of one command, where commands have two.
    let rest = events.split_off((events.len() / 2) | 1);
    let half = shared.append(events, condition).await?;
    let rest = shared.append(rest, None).await?;
    Ok(Appended { first: half.first, last: rest.last })
}
