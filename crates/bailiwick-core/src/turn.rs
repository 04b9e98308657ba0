//! What a turn asks of the rules: the same in the runtime and in a test, because it is this code.
//!
//! 1. Expiry goes in rounds for as long as something is due. A turn takes [`EXPIRY_ROUNDS`] of them,
//!    the rest is for the turns after it: whatever was missed is caught up, however much it is.
//! 2. What the rounds decided stands as soon as the deadline has moved on. Rounds that leave it where
//!    it is may still lead somewhere (several leases that end at the same time, one per round), so
//!    there may be [`STILL_ROUNDS`] of them in a row; then it is a mistake, and they are undone.
//! 3. A turn's events come whole, before any of them is applied. A rejection has none.
//!
//! Nothing here changes the state: whoever owns it records the events in its own way, then applies
//! them.
//!
//! Why it is as it is: docs/decisions/deadlines.md.

use crate::context::Context;
use crate::time::Timestamp;
use crate::view::{Aggregate, Decide, View};

/// After how many rounds an [`Expiry`] leaves the rest to the next turn, as soon as the deadline has
/// moved on.
pub const EXPIRY_ROUNDS: usize = 64;

/// How many rounds of an [`Expiry`] in a row may leave the deadline where it is, or move it back. More
/// are a mistake in the aggregate.
pub const STILL_ROUNDS: usize = 1_024;

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
    /// Events were emitted, but the deadline did not move on.
    #[error(
        "the deadline at {deadline}, which is due at {now}, has not moved on in {STILL_ROUNDS} \
         rounds of `on_deadline`; what it emits must move the deadline to a later time, or away"
    )]
    Endless {
        /// The deadline after the last round.
        deadline: Timestamp,
        /// When it was judged.
        now: Timestamp,
    },
}

/// What comes next in an [`Expiry`].
#[derive(Debug)]
pub enum Round<E> {
    /// Nothing is due any more.
    Done,
    /// The deadline has moved on but is still due: the rest is for the next turn, by an [`Expiry`] of
    /// its own.
    Later,
    /// The events of a round, to be recorded and applied before the one after it.
    Events(Vec<E>),
}

/// The rounds in which what is due at one time expires.
#[derive(Debug)]
pub struct Expiry {
    now: Timestamp,
    rounds: usize,
    /// The latest deadline so far, and how many rounds there were since it was reached.
    latest: Option<Timestamp>,
    still: usize,
    moved: bool,
}

impl Expiry {
    /// Expires what is due at `now`.
    pub fn at(now: Timestamp) -> Expiry {
        Expiry { now, rounds: 0, latest: None, still: 0, moved: false }
    }

    /// The next round.
    ///
    /// # Errors
    /// If the state stays due. The rounds [before the deadline moved](Expiry::moved) stand, those
    /// since are to be undone.
    pub fn next_round<A: Aggregate>(&mut self, state: &A) -> Result<Round<A::Event>, Overdue> {
        self.moved = false;
        let now = self.now;
        let Some(deadline) = state.deadline().filter(|deadline| *deadline <= now) else {
            self.moved = true;
            return Ok(Round::Done);
        };
        if self.latest.is_none_or(|latest| deadline > latest) {
            self.moved = true;
            (self.latest, self.still) = (Some(deadline), 0);
            if self.rounds >= EXPIRY_ROUNDS {
                return Ok(Round::Later);
            }
        }
        if self.still == STILL_ROUNDS {
            return Err(Overdue::Endless { deadline, now });
        }
        self.rounds += 1;
        self.still += 1;
        let mut ctx = Context::new(now);
        state.on_deadline(&mut ctx);
        let events = ctx.into_events();
        // The state is as it was, so the next round would emit nothing either.
        if events.is_empty() {
            return Err(Overdue::Silent { deadline, now });
        }
        Ok(Round::Events(events))
    }

    /// Whether the last call of [`next_round`](Expiry::next_round) found the deadline later than ever
    /// before, or not due: then what all rounds before it decided stands, whatever comes of it.
    pub fn moved(&self) -> bool {
        self.moved
    }
}

/// The reply of an accepted command, and its events, not yet applied.
pub type Decided<A, C> = (<A as Decide<C>>::Reply, Vec<<A as View>::Event>);

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
