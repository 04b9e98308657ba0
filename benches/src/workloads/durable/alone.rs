//! tephra without Bailiwick: a lock for each account, held from the judgement until the append, which
//! is on the condition that nobody else wrote to the account, is durable.

use std::path::Path;
use std::sync::Arc;

use bailiwick::{Clock, LeaseSet, SystemClock};
use bailiwick_examples::streaming::SessionId;
use tephra::{
    AppendCondition, EventType, Position, Query, QueryItem, SegmentConfig, SegmentSet, Tag, Tags,
    WriteCoordinator, WriteHandle, WriterConfig,
};
use tokio::sync::Mutex;

use super::accounts::{Keeper, LEASE_MS, LIMIT, Opens, Plan, Turn};
use super::on_bailiwick::{account_id, session_id};
use super::written::{ACCOUNT, Written};

/// The store and what is known of the accounts.
#[derive(Clone)]
pub(super) struct Alone(Arc<Shared>);

struct Shared {
    writer: WriteHandle,
    coordinator: WriteCoordinator,
    accounts: Vec<Mutex<Account>>,
    tags: Vec<Tag>,
    types: Vec<EventType>,
    sessions: Vec<SessionId>,
    written: Written,
    clock: SystemClock,
}

struct Account {
    leases: LeaseSet<SessionId>,
    /// Of its last event.
    last: Position,
}

const TYPES: [&str; 5] =
    ["SessionStarted", "LeaseRenewed", "SessionEnded", "LeaseExpired", "LimitChanged"];
const SEGMENT_BYTES: usize = 32 << 20;

impl Opens for Alone {
    async fn open(folder: &Path, plan: Plan, written: &Written) -> Self {
        let set = SegmentSet::open(folder, SegmentConfig::new(SEGMENT_BYTES)).expect("a log");
        let (coordinator, writer) =
            WriteCoordinator::start(set, WriterConfig::default()).expect("a writer");
        let account = || Account { leases: LeaseSet::new(LIMIT), last: Position::ZERO };
        let tag = |n| Tag::new(format!("{ACCOUNT}{}", account_id(n))).expect("a tag");
        let keeper = Alone(Arc::new(Shared {
            writer,
            coordinator,
            accounts: (0..plan.accounts).map(|_| Mutex::new(account())).collect(),
            tags: (0..plan.accounts).map(tag).collect(),
            types: TYPES.map(|name| EventType::new(name).expect("a type")).into(),
            sessions: (0..plan.callers).map(session_id).collect(),
            written: written.clone(),
            clock: SystemClock::new(),
        }));
        let mut asked = tokio::task::JoinSet::new();
        for n in 0..plan.accounts {
            let shared = keeper.0.clone();
            asked.spawn(async move {
                let mut account = shared.accounts[n].lock().await;
                let turn = Turn { account: n, session: 0, takes: true };
                account.last = shared.append(turn, account.last).await;
            });
        }
        asked.join_all().await;
        keeper
    }
}

impl Keeper for Alone {
    async fn run(&self, turn: Turn) {
        let shared = &*self.0;
        let session = &shared.sessions[turn.session];
        let now = shared.clock.now();
        let mut account = shared.accounts[turn.account].lock().await;
        assert_eq!(account.leases.valid(session, now).is_none(), turn.takes);
        account.last = shared.append(turn, account.last).await;
        if turn.takes {
            account.leases.grant(session.clone(), now.plus_millis(LEASE_MS));
        } else {
            account.leases.end(session);
        }
    }

    async fn close(self) {
        if let Ok(shared) = Arc::try_unwrap(self.0) {
            drop(shared.writer);
            drop(shared.coordinator);
        }
    }
}

impl Shared {
    async fn append(&self, turn: Turn, after: Position) -> Position {
        let tag = &self.tags[turn.account];
        let event = self.written.of(turn).event(tag);
        let own = Tags::new([tag.clone()]).expect("a set");
        let boundary = QueryItem::new(self.types.clone(), own);
        let condition = AppendCondition::new(Query::item(boundary)).after(after);
        let appended = self.writer.append_async(vec![event], Some(condition)).await;
        appended.expect("nobody else wrote").last
    }
}
