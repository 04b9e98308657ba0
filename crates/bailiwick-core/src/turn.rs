//! What a turn asks of the rules: the same in the runtime and in a test, because it is this code.
//!
//! 1. Expiry goes in rounds for as long as something is due, and never more than [`EXPIRY_ROUNDS`].
//! 2. A turn's events come whole, before any of them is applied. A rejection has none.
//!
//! Nothing here changes the state: whoever owns it records the events in its own way, then applies
//! them.

use crate::{Aggregate, Context, Decide, Timestamp};

/// The most rounds of an [`Expiry`] before it gives up on an aggregate that stays due.
pub const EXPIRY_ROUNDS: usize = 64;

/// A deadline that stays due whatever `on_deadline` does: a mistake in the aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overdue {
    /// Nothing was emitted, so nothing can ever change.
    #[error(
        "the deadline at {deadline} is due at {now} but `on_deadline` emits nothing; it must emit \
         what moves the deadline"
    )]
    Silent {
        /// The deadline.
        deadline: Timestamp,
        /// When it was judged.
        now: Timestamp,
    },
    /// Events were emitted, but the deadline never moved beyond now.
    #[error(
        "the deadline at {deadline} is still due at {now} after {EXPIRY_ROUNDS} rounds of \
         `on_deadline`; what it emits must move the deadline beyond now"
    )]
    Endless {
        /// The deadline after the last round.
        deadline: Timestamp,
        /// When it was judged.
        now: Timestamp,
    },
}

/// The rounds in which what is due at one time expires.
#[derive(Debug)]
pub struct Expiry {
    now: Timestamp,
    rounds: usize,
}

impl Expiry {
    /// Expires what is due at `now`.
    pub fn at(now: Timestamp) -> Expiry {
        Expiry { now, rounds: 0 }
    }

    /// The events of the next round, to be recorded and applied before the one after it; `None` if
    /// nothing is due any more.
    ///
    /// # Errors
    /// If the state stays due. The rounds before this one stand, unless the caller throws them away
    /// together with the state.
    pub fn next_round<A: Aggregate>(
        &mut self,
        state: &A,
    ) -> Result<Option<Vec<A::Event>>, Overdue> {
        let now = self.now;
        let Some(deadline) = state.deadline().filter(|deadline| *deadline <= now) else {
            return Ok(None);
        };
        if self.rounds == EXPIRY_ROUNDS {
            return Err(Overdue::Endless { deadline, now });
        }
        self.rounds += 1;
        let mut ctx = Context::new(now);
        state.on_deadline(&mut ctx);
        let events = ctx.into_events();
        // The state is as it was, so the next round would emit nothing either.
        if events.is_empty() {
            return Err(Overdue::Silent { deadline, now });
        }
        Ok(Some(events))
    }
}

/// The reply of an accepted command, and its events, not yet applied.
pub type Decided<A, C> = (<A as Decide<C>>::Reply, Vec<<A as crate::View>::Event>);

/// Decides a command, on a state of which nothing is due any more.
///
/// # Errors
/// The rejection; what was emitted before it is forgotten.
pub fn decide<A: Decide<C>, C>(
    state: &A,
    command: &C,
    now: Timestamp,
) -> Result<Decided<A, C>, A::Rejection> {
    let mut ctx = Context::new(now);
    let reply = state.decide(command, &mut ctx)?;
    Ok((reply, ctx.into_events()))
}
