//! Every store keeps the same rules, and the limit, however many ask at once.

use tokio::task::JoinSet;

use super::in_memory::InMemory;
use super::postgres::{self, Optimistic, RowLock};
use super::redis_lua::RedisLua;
use super::{LeaseStore, MAX_LEASE_MS, MAX_LIMIT, Refused, now_ms};
use crate::servers;

const MINUTE: u64 = 60_000;
const CONNECTIONS: usize = 8;

/// What a store does with each of the rules.
async fn keeps_the_rules<S: LeaseStore>(store: S) {
    let empty = store.look("a").await.expect("a look");
    assert_eq!((empty.limit, empty.sessions.len()), (5, 0));

    let refused = store.acquire("a", "s", MAX_LEASE_MS + 1).await;
    assert!(matches!(refused, Err(Refused::InvalidLease)), "{refused:?}");
    let granted = store.acquire("a", "s", MINUTE).await.expect("a slot");
    assert_eq!((granted.in_use, granted.limit), (1, 5));
    assert!(granted.expires_at.abs_diff(now_ms() + MINUTE) < MINUTE / 2);
    let refused = store.acquire("a", "s", MINUTE).await;
    assert!(matches!(refused, Err(Refused::AlreadyActive)), "{refused:?}");

    let kept = store.keep_alive("a", "s", MINUTE).await.expect("it is held");
    assert_eq!(kept, granted.expires_at, "more than half of it is left");
    let kept = store.keep_alive("a", "s", 3 * MINUTE).await.expect("it is held");
    assert!(kept > granted.expires_at + MINUTE, "it was renewed");
    let seen = store.look("a").await.expect("a look").sessions;
    assert_eq!((&*seen[0].session, seen[0].expires_at), ("s", kept));
    let refused = store.keep_alive("a", "another", MINUTE).await;
    assert!(matches!(refused, Err(Refused::NoSuchLease)), "{refused:?}");

    store.acquire("a", "short", 1).await.expect("a slot");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let refused = store.release("a", "short").await;
    assert!(matches!(refused, Err(Refused::NoSuchLease)), "it ran out: {refused:?}");
    assert_eq!(store.look("a").await.expect("a look").sessions.len(), 1);
    assert_eq!(store.acquire("a", "short", MINUTE).await.expect("it is free").in_use, 2);

    store.set_limit("a", 2).await.expect("a limit");
    let refused = store.acquire("a", "third", MINUTE).await;
    assert!(matches!(refused, Err(Refused::LimitReached(2))), "{refused:?}");
    let refused = store.set_limit("a", MAX_LIMIT + 1).await;
    assert!(matches!(refused, Err(Refused::InvalidLimit)), "{refused:?}");
    store.release("a", "s").await.expect("it is held");
    let refused = store.release("a", "s").await;
    assert!(matches!(refused, Err(Refused::NoSuchLease)), "{refused:?}");

    let mut asked = JoinSet::new();
    for n in 0..40 {
        let store = store.clone();
        asked.spawn(async move { store.acquire("crowd", &format!("s{n}"), MINUTE).await });
    }
    let answers = asked.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5, "the limit");
    let full = |answer: &_| matches!(answer, Err(Refused::LimitReached(5)));
    assert_eq!(answers.iter().filter(|answer| full(answer)).count(), 35, "{answers:?}");
    assert_eq!(store.look("crowd").await.expect("a look").sessions.len(), 5);
}

#[tokio::test]
async fn the_map_in_memory() {
    keeps_the_rules(InMemory::default()).await;
}

#[tokio::test]
async fn redis() {
    if !servers::redis::installed() {
        eprintln!("left out: {}", servers::redis::ABSENT);
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let server = servers::redis::Server::start(folder.path(), true);
    let store = RedisLua::connect(&server.url(), CONNECTIONS).await.expect("it listens");
    keeps_the_rules(store).await;
}

async fn on_postgres<S: LeaseStore>(way: fn(deadpool_postgres::Pool) -> S) {
    if let Some(why) = servers::postgres::absent() {
        eprintln!("left out: {why}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let server = servers::postgres::Server::start(folder.path()).expect("a database");
    let pool = postgres::connect(&server.url(), CONNECTIONS).await.expect("it listens");
    keeps_the_rules(way(pool)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_with_a_lock() {
    on_postgres(RowLock).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_with_a_version() {
    on_postgres(Optimistic::new).await;
}
