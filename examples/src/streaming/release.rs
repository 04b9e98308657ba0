//! Giving a session's slot back before its lease runs out.

use bailiwick_core::{Context, Decide, require};
use serde::{Deserialize, Serialize};

use super::SessionEvent::{self, SessionEnded};
use super::{AccountSessions, SessionId};

/// Ends a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// Which session.
    pub session: SessionId,
}

/// The session has no lease, or none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session has no lease")]
pub struct NoSuchLease;

impl Decide<Release> for AccountSessions {
    type Reply = ();
    type Rejection = NoSuchLease;

    fn decide(
        &self,
        command: &Release,
        ctx: &mut Context<SessionEvent>,
    ) -> Result<(), NoSuchLease> {
        let active = self.lease(&command.session, ctx.now()).is_some();
        require(active, NoSuchLease)?;
        ctx.emit(SessionEnded { session: command.session.clone() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::given;

    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_released_slot_is_free_at_once() {
        given::<AccountSessions>("a")
            .events([limit_changed(1), started("s1", 10)])
            .at(9)
            .when(release("s1"))
            .emits([ended("s1")])
            .no_deadline()
            .when(acquire("s2", 10))
            .emits([started("s2", 19)]);
    }

    #[test]
    fn what_is_not_held_cannot_be_released() {
        given::<AccountSessions>("a")
            .when(release("s1"))
            .rejected(NoSuchLease)
            .events([started("s1", 10)])
            .when(release("s2"))
            .rejected(NoSuchLease)
            .when(release("s1"))
            .emits([ended("s1")])
            .when(release("s1"))
            .rejected(NoSuchLease);
    }

    #[test]
    fn a_lease_that_ran_out_is_not_released_but_expired() {
        given::<AccountSessions>("a")
            .events([started("s1", 10)])
            .at(10)
            .when(release("s1"))
            .expires_first([expired("s1")])
            .rejected(NoSuchLease);
    }
}
