//! Taking a slot of the account for a session.

use bailiwick_core::{Context, Decide, Timestamp, require};
use serde::{Deserialize, Serialize};

use super::SessionEvent::{self, SessionStarted};
use super::lease_time::{InvalidLease, lease_until};
use super::{AccountSessions, SessionId};

/// Asks for a slot for a session, for a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acquire {
    /// For which session.
    pub session: SessionId,
    /// For how long, in milliseconds.
    pub lease_ms: u64,
}

/// A slot was granted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Granted {
    /// To which session.
    pub session: SessionId,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// How many of the account's slots are in use, this one included.
    pub in_use: usize,
}

/// Why a slot was not granted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AcquireRefused {
    /// A lease cannot last that long.
    #[error(transparent)]
    InvalidLease(#[from] InvalidLease),
    /// The session has a slot already; it keeps it with `KeepAlive`.
    #[error("the session is active already")]
    AlreadyActive,
    /// No slot is free.
    #[error("the account runs as many sessions as it may: {limit}")]
    LimitReached {
        /// How many the account may run.
        limit: usize,
    },
}

impl Decide<Acquire> for AccountSessions {
    type Reply = Granted;
    type Rejection = AcquireRefused;

    fn decide(
        &self,
        command: &Acquire,
        ctx: &mut Context<SessionEvent>,
    ) -> Result<Granted, AcquireRefused> {
        let (now, limit) = (ctx.now(), self.limit());
        let expires_at = lease_until(now, command.lease_ms)?;
        let active = self.lease(&command.session, now).is_some();
        require(!active, AcquireRefused::AlreadyActive)?;
        let free = self.leases.free(now) > 0;
        require(free, AcquireRefused::LimitReached { limit })?;
        ctx.emit(SessionStarted { session: command.session.clone(), expires_at });
        Ok(Granted { session: command.session.clone(), expires_at, in_use: self.in_use(now) + 1 })
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::given;

    use super::super::MAX_LEASE_MS;
    use super::super::sample::*;
    use super::AcquireRefused::{AlreadyActive, LimitReached};
    use super::*;

    fn granted(session: &'static str, expires_at: u64, in_use: usize) -> Granted {
        Granted { session: session.into(), expires_at: expires_at.into(), in_use }
    }

    #[test]
    fn a_slot_is_granted_with_the_slots_in_use() {
        given::<AccountSessions>("a")
            .at(3)
            .when(acquire("s1", 10))
            .emits([started("s1", 13)])
            .replies(granted("s1", 13, 1))
            .deadline(13)
            .at(4)
            .when(acquire("s2", 5))
            .emits([started("s2", 9)])
            .replies(granted("s2", 9, 2))
            .deadline(9)
            .state(|account, now| {
                assert_eq!(account.in_use(now), 2);
                assert_eq!(account.lease(&"s1".into(), now), Some(13.into()));
            });
    }

    #[test]
    fn a_lease_lasts_from_a_millisecond_to_a_day() {
        for lease_ms in [0, MAX_LEASE_MS + 1, u64::MAX] {
            given::<AccountSessions>("a")
                .when(acquire("s1", lease_ms))
                .rejected(InvalidLease { lease_ms })
                .no_deadline();
        }
        given::<AccountSessions>("a")
            .when(acquire("s1", 1))
            .emits([started("s1", 1)])
            .when(acquire("s2", MAX_LEASE_MS))
            .emits([started("s2", 86_400_000)]);
    }

    #[test]
    fn an_active_session_cannot_acquire_again() {
        given::<AccountSessions>("a")
            .events([started("s1", 10)])
            .at(9)
            .when(acquire("s1", 10))
            .rejected(AlreadyActive)
            .deadline(10);
    }

    #[test]
    fn the_default_limit_is_five() {
        given::<AccountSessions>("a")
            .events([started("s1", 10), started("s2", 10), started("s3", 10), started("s4", 10)])
            .at(9)
            .when(acquire("s5", 10))
            .replies(granted("s5", 19, 5))
            .when(acquire("s6", 10))
            .rejected(LimitReached { limit: 5 });
    }

    #[test]
    fn refusals_are_judged_in_order() {
        given::<AccountSessions>("a")
            .events([limit_changed(1), started("s1", 10)])
            .when(acquire("s1", 0))
            .rejected(InvalidLease { lease_ms: 0 })
            .when(acquire("s2", 0))
            .rejected(InvalidLease { lease_ms: 0 })
            .when(acquire("s1", 10))
            .rejected(AlreadyActive)
            .when(acquire("s2", 10))
            .rejected(LimitReached { limit: 1 });
    }

    #[test]
    fn a_lease_counts_until_just_before_its_expiry() {
        let full = || given::<AccountSessions>("a").events([limit_changed(1), started("s1", 10)]);
        full().at(9).when(acquire("s2", 10)).rejected(LimitReached { limit: 1 });
        full()
            .at(10)
            .when(acquire("s2", 10))
            .expires_first([expired("s1")])
            .emits([started("s2", 20)])
            .replies(granted("s2", 20, 1))
            .deadline(20);
    }

    #[test]
    fn a_session_whose_lease_ran_out_may_acquire_again_before_any_timer_came() {
        given::<AccountSessions>("a")
            .events([limit_changed(1), started("s1", 10)])
            .at(1_000)
            .when(acquire("s1", 10))
            .expires_first([expired("s1")])
            .emits([started("s1", 1_010)])
            .replies(granted("s1", 1_010, 1));
    }

    #[test]
    fn what_expired_first_stands_though_the_command_is_refused() {
        given::<AccountSessions>("a")
            .events([started("s1", 10), started("s2", 20)])
            .at(10)
            .when(acquire("s2", 10))
            .expires_first([expired("s1")])
            .rejected(AlreadyActive)
            .deadline(20)
            .state(|account, now| assert_eq!(account.in_use(now), 1));
    }
}
