//! A lock on the row of the account, from before what is read until what is written is durable.

use deadpool_postgres::{Client, Pool, Transaction};

use super::{CREATE, time};
use crate::leases::{
    Account, DEFAULT_LIMIT, Granted, LeaseStore, Refused, check_lease, lasts, now_ms,
};

/// One transaction for each change.
#[derive(Clone)]
pub struct RowLock(pub Pool);

const LOCK: &str = "SELECT slots FROM account WHERE id = $1 FOR UPDATE";
const COUNT: &str = "\
    SELECT count(*), coalesce(bool_or(id = $2), false) FROM session \
    WHERE account = $1 AND expires_at > $3";
const BEGIN: &str = "\
    INSERT INTO session (account, id, expires_at) VALUES ($1, $2, $3) \
    ON CONFLICT (account, id) DO UPDATE SET expires_at = excluded.expires_at";
const EXPIRY: &str = "SELECT expires_at FROM session WHERE account = $1 AND id = $2";
const RENEW: &str = "UPDATE session SET expires_at = $3 WHERE account = $1 AND id = $2";
const END: &str = "DELETE FROM session WHERE account = $1 AND id = $2 AND expires_at > $3";

impl LeaseStore for RowLock {
    async fn acquire(&self, account: &str, session: &str, ms: u64) -> Result<Granted, Refused> {
        check_lease(ms)?;
        let mut client = self.0.get().await?;
        let (transaction, limit) = lock(&mut client, account).await?;
        let (now, expires_at) = (now_ms(), now_ms() + ms);
        let count = transaction.prepare_cached(COUNT).await?;
        let row = transaction.query_one(&count, &[&account, &session, &time(now)]).await?;
        let (in_use, active): (i64, bool) = (row.get(0), row.get(1));
        if active {
            return Err(Refused::AlreadyActive);
        }
        if in_use >= limit {
            return Err(Refused::LimitReached(limit as usize));
        }
        let begin = transaction.prepare_cached(BEGIN).await?;
        transaction.execute(&begin, &[&account, &session, &time(expires_at)]).await?;
        transaction.commit().await?;
        let (in_use, limit) = (in_use as usize + 1, limit as usize);
        Ok(Granted { expires_at, in_use, limit, token: None })
    }

    async fn keep_alive(&self, account: &str, session: &str, ms: u64) -> Result<u64, Refused> {
        check_lease(ms)?;
        let mut client = self.0.get().await?;
        let (transaction, _) = lock(&mut client, account).await?;
        let (now, expiry) = (now_ms(), transaction.prepare_cached(EXPIRY).await?);
        let row = transaction.query_opt(&expiry, &[&account, &session]).await?;
        let at = row.map(|row| row.get::<_, i64>(0) as u64).filter(|at| *at > now);
        let at = at.ok_or(Refused::NoSuchLease)?;
        if lasts(at, now, ms) {
            return Ok(at);
        }
        let renew = transaction.prepare_cached(RENEW).await?;
        transaction.execute(&renew, &[&account, &session, &time(now + ms)]).await?;
        transaction.commit().await?;
        Ok(now + ms)
    }

    async fn release(&self, account: &str, session: &str) -> Result<(), Refused> {
        let mut client = self.0.get().await?;
        let (transaction, _) = lock(&mut client, account).await?;
        let end = transaction.prepare_cached(END).await?;
        let ended = transaction.execute(&end, &[&account, &session, &time(now_ms())]).await?;
        transaction.commit().await?;
        if ended == 0 { Err(Refused::NoSuchLease) } else { Ok(()) }
    }

    async fn set_limit(&self, account: &str, limit: usize) -> Result<(), Refused> {
        super::set_limit(&self.0, account, limit).await
    }

    async fn look(&self, account: &str) -> Result<Account, Refused> {
        super::look(&self.0, account).await
    }
}

/// A transaction that has the account's row, which it makes if there is none, and how many slots it has.
async fn lock<'a>(
    client: &'a mut Client,
    account: &str,
) -> Result<(Transaction<'a>, i64), Refused> {
    let transaction = client.transaction().await?;
    let lock = transaction.prepare_cached(LOCK).await?;
    if let Some(row) = transaction.query_opt(&lock, &[&account]).await? {
        return Ok((transaction, row.get(0)));
    }
    let create = transaction.prepare_cached(CREATE).await?;
    transaction.execute(&create, &[&account, &(DEFAULT_LIMIT as i64)]).await?;
    let slots = transaction.query_one(&lock, &[&account]).await?.get(0);
    Ok((transaction, slots))
}
