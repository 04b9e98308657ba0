//! What the callers do, whoever keeps the accounts.

use std::future::Future;
use std::path::Path;

use super::written::Written;
use crate::rounds::{self, Round};

/// A day: no lease runs out.
pub(super) const LEASE_MS: u64 = 24 * 60 * 60 * 1_000;
/// As many as the domain allows: nobody is refused.
pub(super) const LIMIT: usize = 10_000;

/// How many do how much.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) accounts: usize,
    pub(super) callers: usize,
    /// The commands of each caller: an even number.
    pub(super) each: usize,
}

/// One command.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) account: usize,
    /// The session is the caller's own.
    pub(super) session: usize,
    /// Takes the slot, or gives it back.
    pub(super) takes: bool,
}

impl Plan {
    pub(super) fn new(accounts: usize, callers: usize, commands: usize, quick: bool) -> Plan {
        let commands = if quick { commands / 10 } else { commands };
        Plan { accounts, callers, each: (commands / callers).next_multiple_of(2) }
    }

    /// The same for all systems; spread evenly over the accounts.
    fn turn(&self, caller: usize, k: usize) -> Turn {
        let mut x = (caller * 1_000_003 + k / 2) as u64;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let account = ((x ^ (x >> 31)) % self.accounts as u64) as usize;
        Turn { account, session: caller, takes: k.is_multiple_of(2) }
    }
}

/// Whoever keeps the accounts, durably.
pub(super) trait Keeper: Clone + Send + Sync + 'static {
    /// Ends when what the command changed is durable.
    fn run(&self, turn: Turn) -> impl Future<Output = ()> + Send;
    /// Lets everything go, so that the folder can be removed.
    fn close(self) -> impl Future<Output = ()>;
}

/// Who keeps them in a folder, in this process.
pub(super) trait Opens: Keeper {
    /// Makes one in an empty folder. Every account is there, with its limit.
    fn open(folder: &Path, plan: Plan, written: &Written) -> impl Future<Output = Self>;
}

/// All callers, each with its commands, one after the other.
pub(super) async fn storm<K: Keeper>(keeper: K, plan: Plan) -> Round {
    let round = rounds::storm(plan.callers, plan.each, |caller| {
        let keeper = keeper.clone();
        move |k| {
            let (keeper, turn) = (keeper.clone(), plan.turn(caller, k));
            async move {
                keeper.run(turn).await;
                0
            }
        }
    })
    .await;
    keeper.close().await;
    round
}
