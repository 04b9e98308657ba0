//! Keeping a session's lease. Frequent, so it is cheap: most of the time nothing is appended.

use bailiwick_core::{Context, Decide, Timestamp};
use serde::{Deserialize, Serialize};

use super::SessionEvent::{self, LeaseRenewed};
use super::lease_time::{InvalidLease, lease_until};
use super::{AccountSessions, NoSuchLease, SessionId};

/// Says that a session still runs, and asks for its lease to last. Replies with the expiry that
/// holds, which is never earlier than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeepAlive {
    /// Which session.
    pub session: SessionId,
    /// For how long from now, in milliseconds.
    pub lease_ms: u64,
}

/// Why a lease was not kept.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum KeepAliveRefused {
    /// A lease cannot last that long.
    #[error(transparent)]
    InvalidLease(#[from] InvalidLease),
    /// There is nothing to keep; whoever runs the session must stop it.
    #[error(transparent)]
    NoSuchLease(#[from] NoSuchLease),
}

impl Decide<KeepAlive> for AccountSessions {
    type Reply = Timestamp;
    type Rejection = KeepAliveRefused;

    fn decide(
        &self,
        command: &KeepAlive,
        ctx: &mut Context<SessionEvent>,
    ) -> Result<Timestamp, KeepAliveRefused> {
        let KeepAlive { session, lease_ms } = command;
        let now = ctx.now();
        let renewed = lease_until(now, *lease_ms)?;
        let held = self.lease(session, now).ok_or(NoSuchLease)?;
        // As DHCP does it: not before half time, so that a renewal every few seconds does not fill
        // the journal. What is renewed then always ends later than what was held.
        if held.since(now).as_millis() * 2 >= u128::from(*lease_ms) {
            return Ok(held);
        }
        ctx.emit(LeaseRenewed { session: session.clone(), expires_at: renewed });
        Ok(renewed)
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::{Given, given};

    use super::super::MAX_LEASE_MS;
    use super::super::sample::*;
    use super::*;

    fn leased(expires_at: u64) -> Given<AccountSessions> {
        given::<AccountSessions>("a").events([started("s1", expires_at)])
    }

    #[test]
    fn a_lease_is_renewed_when_less_than_half_of_it_is_left() {
        leased(20)
            .at(11)
            .when(keep_alive("s1", 20))
            .emits([renewed("s1", 31)])
            .replies(31.into())
            .deadline(31);
    }

    #[test]
    fn with_half_of_it_left_or_more_nothing_is_appended() {
        leased(20)
            .at(1)
            .when(keep_alive("s1", 20))
            .emits_nothing()
            .replies(20.into())
            .at(10)
            .when(keep_alive("s1", 20))
            .emits_nothing()
            .replies(20.into())
            .deadline(20);
    }

    #[test]
    fn half_of_an_odd_lease_is_not_rounded() {
        leased(5)
            .at(2)
            .when(keep_alive("s1", 5))
            .emits_nothing()
            .at(3)
            .when(keep_alive("s1", 5))
            .emits([renewed("s1", 8)]);
        leased(1).when(keep_alive("s1", 1)).emits_nothing();
    }

    #[test]
    fn a_shorter_lease_never_shortens_what_is_held() {
        leased(100)
            .at(10)
            .when(keep_alive("s1", 20))
            .emits_nothing()
            .replies(100.into())
            .at(91)
            .when(keep_alive("s1", 20))
            .emits([renewed("s1", 111)])
            .replies(111.into());
    }

    #[test]
    fn a_longer_lease_is_renewed_at_once_when_it_more_than_doubles_what_is_left() {
        leased(20)
            .when(keep_alive("s1", 40))
            .emits_nothing()
            .when(keep_alive("s1", 41))
            .emits([renewed("s1", 41)])
            .replies(41.into());
    }

    #[test]
    fn it_may_be_kept_up_to_the_last_moment_and_not_longer() {
        leased(20).at(19).when(keep_alive("s1", 20)).replies(39.into());
        leased(20)
            .at(20)
            .when(keep_alive("s1", 20))
            .expires_first([expired("s1")])
            .rejected(NoSuchLease)
            .no_deadline();
    }

    #[test]
    fn refusals_are_judged_in_order() {
        for lease_ms in [0, MAX_LEASE_MS + 1] {
            leased(20)
                .when(keep_alive("s1", lease_ms))
                .rejected(InvalidLease { lease_ms })
                .when(keep_alive("unknown", lease_ms))
                .rejected(InvalidLease { lease_ms });
        }
        leased(20)
            .when(keep_alive("unknown", 20))
            .rejected(NoSuchLease)
            .at(1)
            .when(keep_alive("s1", MAX_LEASE_MS))
            .emits([renewed("s1", 1 + MAX_LEASE_MS)]);
    }

    #[test]
    fn a_session_above_a_lowered_limit_is_kept() {
        leased(20)
            .events([limit_changed(0)])
            .at(15)
            .when(keep_alive("s1", 20))
            .emits([renewed("s1", 35)]);
    }
}
