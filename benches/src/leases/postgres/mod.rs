//! Leases in PostgreSQL: a row for each account, with its limit and its version, and a row for each
//! session. Two ways of keeping the limit: a lock on the account's row, and a check of its version when
//! something is written. A sweep deletes what has run out.

mod optimistic;
mod row_lock;

use std::time::Duration;

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row};

use super::{Account, DEFAULT_LIMIT, Lease, Refused, check_limit, now_ms};

pub use optimistic::Optimistic;
pub use row_lock::RowLock;

const TABLES: &str = "\
    CREATE TABLE IF NOT EXISTS account (
        id text PRIMARY KEY, slots bigint NOT NULL, version bigint NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS session (
        account text NOT NULL REFERENCES account, id text NOT NULL, expires_at bigint NOT NULL,
        PRIMARY KEY (account, id));
    CREATE INDEX IF NOT EXISTS session_expires_at ON session (expires_at);";
const CREATE: &str = "INSERT INTO account (id, slots) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
const SET_LIMIT: &str = "\
    INSERT INTO account (id, slots) VALUES ($1, $2) \
    ON CONFLICT (id) DO UPDATE SET slots = excluded.slots, version = account.version + 1";
const SLOTS: &str = "SELECT slots FROM account WHERE id = $1";
const SESSIONS: &str = "SELECT id, expires_at FROM session WHERE account = $1 AND expires_at > $2";
const SWEEP: &str = "DELETE FROM session WHERE expires_at <= $1";

/// How often what has run out is deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How often a server that begins is asked, and how long after another.
const TRIES: usize = 1_000;
const AGAIN: Duration = Duration::from_millis(20);

/// A pool of `connections` to the server that `url` names, which may still begin; it has the tables.
///
/// # Errors
/// It does not answer in time, or has no such tables.
pub async fn connect(url: &str, connections: usize) -> Result<Pool, Refused> {
    let config: tokio_postgres::Config = url.parse().map_err(Refused::failed)?;
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, NoTls, recycling);
    let pool = Pool::builder(manager).max_size(connections).build().map_err(Refused::failed)?;
    let mut tries = 1;
    let client = loop {
        match pool.get().await {
            Ok(client) => break client,
            Err(error) if tries == TRIES => return Err(error.into()),
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
        tries += 1;
    };
    client.batch_execute(TABLES).await?;
    Ok(pool)
}

/// Deletes what has run out, for as long as it is polled.
pub async fn sweep(pool: Pool) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let swept = match pool.get().await {
            Ok(client) => execute(&client, SWEEP, &[&time(now_ms())]).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = swept {
            eprintln!("the sweep: {error:?}");
        }
    }
}

async fn set_limit(pool: &Pool, account: &str, limit: usize) -> Result<(), Refused> {
    check_limit(limit)?;
    execute(&pool.get().await?, SET_LIMIT, &[&account, &(limit as i64)]).await.map(drop)
}

async fn look(pool: &Pool, account: &str) -> Result<Account, Refused> {
    let client = pool.get().await?;
    let slots = client.query_opt(&client.prepare_cached(SLOTS).await?, &[&account]).await?;
    let limit = slots.map_or(DEFAULT_LIMIT as i64, |row| row.get(0));
    let sessions = client.prepare_cached(SESSIONS).await?;
    let rows = client.query(&sessions, &[&account, &time(now_ms())]).await?;
    let lease = |row: &Row| Lease { session: row.get(0), expires_at: row.get::<_, i64>(1) as u64 };
    Ok(Account { limit: limit as usize, sessions: rows.iter().map(lease).collect() })
}

async fn execute(
    client: &Client,
    statement: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<u64, Refused> {
    Ok(client.execute(&client.prepare_cached(statement).await?, values).await?)
}

/// As it is stored.
fn time(ms: u64) -> i64 {
    ms as i64
}

impl From<tokio_postgres::Error> for Refused {
    fn from(error: tokio_postgres::Error) -> Refused {
        Refused::failed(error)
    }
}

impl From<deadpool_postgres::PoolError> for Refused {
    fn from(error: deadpool_postgres::PoolError) -> Refused {
        Refused::failed(error)
    }
}
