//! Nothing is locked while it is read. What is written is written only if the version of the account is
//! still the one that was read, in one statement; else all is read again.

use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use parking_lot::Mutex;

use super::{CREATE, execute, time};
use crate::dice::Dice;
use crate::leases::{
    Account, DEFAULT_LIMIT, Granted, LeaseStore, Refused, check_lease, lasts, now_ms,
};

/// One statement that reads and one that writes for each change, as often as it takes.
#[derive(Clone)]
pub struct Optimistic {
    pool: Pool,
    dice: std::sync::Arc<Mutex<Dice>>,
}

const COUNT: &str = "\
    SELECT account.slots, account.version, count(session.id), \
        coalesce(bool_or(session.id = $2), false) \
    FROM account LEFT JOIN session ON session.account = account.id AND session.expires_at > $3 \
    WHERE account.id = $1 GROUP BY account.id";
const BEGIN: &str = "\
    WITH own AS (UPDATE account SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id) \
    INSERT INTO session (account, id, expires_at) SELECT id, $3, $4 FROM own \
    ON CONFLICT (account, id) DO UPDATE SET expires_at = excluded.expires_at";
const EXPIRY: &str = "\
    SELECT account.version, session.expires_at FROM account \
    JOIN session ON session.account = account.id AND session.id = $2 WHERE account.id = $1";
const RENEW: &str = "\
    WITH own AS (UPDATE account SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id) \
    UPDATE session SET expires_at = $4 FROM own WHERE session.account = own.id AND session.id = $3";
const END: &str = "\
    WITH own AS (UPDATE account SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id) \
    DELETE FROM session USING own WHERE session.account = own.id AND session.id = $3";

/// How often it is tried before it is refused.
const TRIES: u32 = 1_000;
/// How long it waits before another try at most, after the first; twice as long after each.
const WAIT: Duration = Duration::from_micros(500);
/// And after all others.
const LONGEST_WAIT: Duration = Duration::from_millis(32);

impl Optimistic {
    /// On this pool.
    pub fn new(pool: Pool) -> Optimistic {
        Optimistic { pool, dice: std::sync::Arc::new(Mutex::new(Dice::new(1))) }
    }

    /// Somebody else was faster: waits, for longer each time, unless it was the last try.
    async fn again(&self, tries: &mut u32) -> Result<(), Refused> {
        *tries += 1;
        if *tries == TRIES {
            return Err(Refused::Contended(TRIES));
        }
        let longest = WAIT.saturating_mul(1 << (*tries).min(16)).min(LONGEST_WAIT);
        let wait = self.dice.lock().below(longest.as_micros() as u64);
        tokio::time::sleep(Duration::from_micros(wait)).await;
        Ok(())
    }
}

/// The version of the account, and when the lease runs out.
async fn held(
    client: &Client,
    account: &str,
    session: &str,
    now: u64,
) -> Result<(i64, u64), Refused> {
    let expiry = client.prepare_cached(EXPIRY).await?;
    let row = client.query_opt(&expiry, &[&account, &session]).await?;
    let held = row.map(|row| (row.get(0), row.get::<_, i64>(1) as u64));
    held.filter(|(_, at)| *at > now).ok_or(Refused::NoSuchLease)
}

impl LeaseStore for Optimistic {
    async fn acquire(&self, account: &str, session: &str, ms: u64) -> Result<Granted, Refused> {
        check_lease(ms)?;
        let mut tries = 0;
        loop {
            let client = self.pool.get().await?;
            let (now, expires_at) = (now_ms(), now_ms() + ms);
            let count = client.prepare_cached(COUNT).await?;
            let Some(row) = client.query_opt(&count, &[&account, &session, &time(now)]).await?
            else {
                execute(&client, CREATE, &[&account, &(DEFAULT_LIMIT as i64)]).await?;
                continue;
            };
            let (limit, version, in_use): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
            if row.get(3) {
                return Err(Refused::AlreadyActive);
            }
            if in_use >= limit {
                return Err(Refused::LimitReached(limit as usize));
            }
            let until = time(expires_at);
            if execute(&client, BEGIN, &[&account, &version, &session, &until]).await? > 0 {
                let (in_use, limit, token) =
                    (in_use as usize + 1, limit as usize, version as u64 + 1);
                return Ok(Granted { expires_at, in_use, limit, token: Some(token) });
            }
            // Others use the connection meanwhile.
            drop(client);
            self.again(&mut tries).await?;
        }
    }

    async fn keep_alive(&self, account: &str, session: &str, ms: u64) -> Result<u64, Refused> {
        check_lease(ms)?;
        let mut tries = 0;
        loop {
            let client = self.pool.get().await?;
            let now = now_ms();
            let (version, at) = held(&client, account, session, now).await?;
            if lasts(at, now, ms) {
                return Ok(at);
            }
            let until = time(now + ms);
            if execute(&client, RENEW, &[&account, &version, &session, &until]).await? > 0 {
                return Ok(now + ms);
            }
            drop(client);
            self.again(&mut tries).await?;
        }
    }

    async fn release(&self, account: &str, session: &str) -> Result<(), Refused> {
        let mut tries = 0;
        loop {
            let client = self.pool.get().await?;
            let (version, _) = held(&client, account, session, now_ms()).await?;
            if execute(&client, END, &[&account, &version, &session]).await? > 0 {
                return Ok(());
            }
            drop(client);
            self.again(&mut tries).await?;
        }
    }

    async fn set_limit(&self, account: &str, limit: usize) -> Result<(), Refused> {
        super::set_limit(&self.pool, account, limit).await
    }

    async fn look(&self, account: &str) -> Result<Account, Refused> {
        super::look(&self.pool, account).await
    }
}
