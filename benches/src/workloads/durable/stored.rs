//! Those who keep leases as rivals over HTTP, asked directly: Redis, and PostgreSQL in two ways.

use std::path::Path;
use std::sync::Arc;

use super::accounts::{Keeper, LEASE_MS, LIMIT, Plan, Turn};
use crate::leases::LeaseStore;
use crate::leases::postgres;
use crate::leases::redis_lua::RedisLua;
use crate::servers;

/// How many connections to Redis there are at most; callers share them.
const CONNECTIONS: usize = 64;
/// Commands for PostgreSQL are fewer by this, as it takes so much longer for each.
const FEWER: usize = 8;

/// A store, and the server under it.
#[derive(Clone)]
pub(super) struct Stored<S> {
    store: S,
    server: Arc<dyn Send + Sync>,
}

/// On a server of our own, whose answers wait for the disk or not.
pub(super) async fn redis(folder: &Path, synced: bool, plan: Plan) -> Stored<RedisLua> {
    let server = servers::redis::Server::start(folder, synced);
    let connected = RedisLua::connect(&server.url(), plan.callers.min(CONNECTIONS)).await;
    Stored::new(connected.expect("it listens"), server, plan).await
}

/// On a server of our own, with the store that `way` makes of a pool.
pub(super) async fn on_postgres<S: LeaseStore>(
    folder: &Path,
    way: fn(deadpool_postgres::Pool) -> S,
    plan: Plan,
) -> Stored<S> {
    let server = servers::postgres::Server::start(folder).expect("a database");
    let pool = postgres::connect(&server.url(), servers::CONNECTIONS).await.expect("it listens");
    Stored::new(way(pool), server, plan).await
}

/// The same plan, with fewer commands.
pub(super) fn fewer(plan: Plan) -> Plan {
    Plan { each: (plan.each / FEWER).next_multiple_of(2), ..plan }
}

impl<S: LeaseStore> Stored<S> {
    async fn new(store: S, server: impl Send + Sync + 'static, plan: Plan) -> Stored<S> {
        let mut asked = tokio::task::JoinSet::new();
        for n in 0..plan.accounts {
            let store = store.clone();
            asked.spawn(async move { store.set_limit(&account(n), LIMIT).await });
        }
        asked.join_all().await.into_iter().for_each(|set| set.expect("a limit"));
        Stored { store, server: Arc::new(server) }
    }
}

impl<S: LeaseStore> Keeper for Stored<S> {
    async fn run(&self, turn: Turn) {
        let (account, session) = (account(turn.account), format!("s{:03}", turn.session));
        if turn.takes {
            self.store.acquire(&account, &session, LEASE_MS).await.expect("a slot");
        } else {
            self.store.release(&account, &session).await.expect("it had a slot");
        }
    }

    async fn close(self) {
        drop(self.store);
        drop(self.server);
    }
}

fn account(n: usize) -> String {
    format!("a{n:05}")
}
