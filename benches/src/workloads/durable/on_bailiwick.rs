//! Bailiwick on its durable journal.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::{Aggregates, FileJournal, Runtime};
use bailiwick_examples::streaming::{
    AccountId, AccountSessions, Acquire, Release, SessionId, SetLimit,
};

use super::accounts::{Keeper, LEASE_MS, LIMIT, Opens, Plan, Turn};
use super::written::Written;

/// The runtime and its accounts.
#[derive(Clone)]
pub(super) struct OnBailiwick {
    accounts: Aggregates<AccountSessions>,
    ids: Arc<[AccountId]>,
    sessions: Arc<[SessionId]>,
    runtime: Runtime,
}

/// How long a runtime may take to end.
const LIMIT_OF_THE_END: Duration = Duration::from_secs(10);

impl Opens for OnBailiwick {
    async fn open(folder: &Path, plan: Plan, _: &Written) -> Self {
        let journal = FileJournal::open(folder).expect("a journal");
        let builder = Runtime::builder(journal).aggregate::<AccountSessions>();
        let runtime = builder.start().await.expect("it starts");
        let accounts = runtime.aggregates::<AccountSessions>();
        let ids: Arc<[AccountId]> = (0..plan.accounts).map(account_id).collect();
        let mut asked = tokio::task::JoinSet::new();
        for id in ids.iter() {
            let account = accounts.get(id);
            asked.spawn(async move {
                account.ask(SetLimit { limit: LIMIT }).await.expect("a limit");
            });
        }
        asked.join_all().await;
        let sessions = (0..plan.callers).map(session_id).collect();
        OnBailiwick { accounts, ids, sessions, runtime }
    }
}

impl Keeper for OnBailiwick {
    async fn run(&self, turn: Turn) {
        let account = self.accounts.get(&self.ids[turn.account]);
        let session = self.sessions[turn.session].clone();
        if turn.takes {
            account.ask(Acquire { session, lease_ms: LEASE_MS }).await.expect("a slot");
        } else {
            account.ask(Release { session }).await.expect("it had a slot");
        }
    }

    async fn close(self) {
        self.runtime.shutdown(LIMIT_OF_THE_END).await;
    }
}

pub(super) fn account_id(n: usize) -> AccountId {
    format!("a{n:05}").parse().expect("a valid ID")
}

pub(super) fn session_id(n: usize) -> SessionId {
    format!("s{n:03}").parse().expect("a valid ID")
}
