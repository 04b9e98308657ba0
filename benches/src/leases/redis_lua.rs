//! Leases in Redis: one script over three keys. A string for each session that runs out by itself, a set
//! of the sessions of each account, and all sessions sorted by when they run out. The limit of an account
//! is a fourth key, where it is not the default.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, Script};

use super::{
    Account, DEFAULT_LIMIT, Granted, Lease, LeaseStore, Refused, check_lease, check_limit, now_ms,
};

/// What ran out is reclaimed first. -1: active already, -2: the limit is reached.
const ACQUIRE: &str = "\
    for _, m in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[3], 'LIMIT', 0, 16)) do
      redis.call('ZREM', KEYS[3], m)
      local account, session = string.match(m, '(.*)/(.*)')
      redis.call('SREM', 'sessions:' .. account, session)
    end
    local limit = tonumber(redis.call('GET', KEYS[4]) or ARGV[5])
    if redis.call('EXISTS', KEYS[1]) == 1 then return {-1, limit, 0} end
    local in_use = redis.call('SCARD', KEYS[2])
    if in_use >= limit then return {-2, limit, 0} end
    redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
    redis.call('SADD', KEYS[2], ARGV[2])
    redis.call('ZADD', KEYS[3], ARGV[3] + ARGV[4], ARGV[1] .. '/' .. ARGV[2])
    return {in_use + 1, limit, ARGV[3] + ARGV[4]}";

/// Until when it lasts. -1: it has no lease.
const KEEP_ALIVE: &str = "\
    if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
    local member = ARGV[1] .. '/' .. ARGV[2]
    local at = tonumber(redis.call('ZSCORE', KEYS[3], member) or 0)
    if (at - ARGV[3]) * 2 >= tonumber(ARGV[4]) then return at end
    redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
    redis.call('ZADD', KEYS[3], ARGV[3] + ARGV[4], member)
    return ARGV[3] + ARGV[4]";

/// -1: it has no lease.
const RELEASE: &str = "\
    if redis.call('DEL', KEYS[1]) == 0 then return -1 end
    redis.call('SREM', KEYS[2], ARGV[2])
    redis.call('ZREM', KEYS[3], ARGV[1] .. '/' .. ARGV[2])
    return 0";

/// The limit, and the sessions, each with when it runs out.
const LOOK: &str = "\
    local sessions = {}
    for _, session in ipairs(redis.call('SMEMBERS', KEYS[2])) do
      local at = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[1] .. '/' .. session) or 0)
      if at > tonumber(ARGV[3]) then table.insert(sessions, {session, at}) end
    end
    return {tonumber(redis.call('GET', KEYS[4]) or ARGV[5]), sessions}";

/// How often a server that begins is asked, and how long after another.
const TRIES: usize = 1_000;
const AGAIN: Duration = Duration::from_millis(10);

/// The connections, and the scripts that the server knows.
#[derive(Clone)]
pub struct RedisLua(Arc<Shared>);

struct Shared {
    pool: Vec<MultiplexedConnection>,
    acquire: Script,
    keep_alive: Script,
    release: Script,
    look: Script,
}

impl RedisLua {
    /// So many connections to the server at `url`, which may still begin; calls share them.
    ///
    /// # Errors
    /// Who listens there is no Redis server, or nobody does.
    pub async fn connect(url: &str, connections: usize) -> redis::RedisResult<RedisLua> {
        let client = redis::Client::open(url)?;
        let mut pool = Vec::new();
        for _ in 0..connections {
            pool.push(connect(&client).await?);
        }
        let [acquire, keep_alive, release, look] =
            [ACQUIRE, KEEP_ALIVE, RELEASE, LOOK].map(Script::new);
        for script in [&acquire, &keep_alive, &release, &look] {
            script.load_async(&mut pool[0]).await?;
        }
        Ok(RedisLua(Arc::new(Shared { pool, acquire, keep_alive, release, look })))
    }

    /// All scripts have the same keys and arguments.
    async fn run<T: FromRedisValue>(
        &self,
        script: impl FnOnce(&Shared) -> &Script,
        (account, session, lease_ms): (&str, &str, u64),
    ) -> Result<T, Refused> {
        // What concerns one session goes over one connection, in order.
        let at = session.bytes().fold(0_usize, |sum, byte| sum * 31 % 65_521 + usize::from(byte));
        let mut connection = self.0.pool[at % self.0.pool.len()].clone();
        let mut call = script(&self.0).key(format!("session:{account}/{session}"));
        call.key(format!("sessions:{account}")).key("leases").key(format!("limit:{account}"));
        call.arg(account).arg(session).arg(now_ms()).arg(lease_ms).arg(DEFAULT_LIMIT);
        call.invoke_async(&mut connection).await.map_err(Refused::failed)
    }
}

/// A connection to a server that may still begin.
///
/// # Errors
/// It does not answer in time.
pub async fn connect(client: &redis::Client) -> redis::RedisResult<MultiplexedConnection> {
    // However slow it is: that is what is measured.
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    for _ in 1..TRIES {
        if let Ok(connection) = client.get_multiplexed_async_connection_with_config(&config).await {
            return Ok(connection);
        }
        tokio::time::sleep(AGAIN).await;
    }
    client.get_multiplexed_async_connection_with_config(&config).await
}

impl LeaseStore for RedisLua {
    async fn acquire(&self, account: &str, session: &str, ms: u64) -> Result<Granted, Refused> {
        check_lease(ms)?;
        let asked = (account, session, ms);
        let (in_use, limit, expires_at): (i64, usize, u64) =
            self.run(|own| &own.acquire, asked).await?;
        match in_use {
            -1 => Err(Refused::AlreadyActive),
            -2 => Err(Refused::LimitReached(limit)),
            _ => Ok(Granted { expires_at, in_use: in_use as usize, limit, token: None }),
        }
    }

    async fn keep_alive(&self, account: &str, session: &str, ms: u64) -> Result<u64, Refused> {
        check_lease(ms)?;
        let at: i64 = self.run(|own| &own.keep_alive, (account, session, ms)).await?;
        u64::try_from(at).map_err(|_| Refused::NoSuchLease)
    }

    async fn release(&self, account: &str, session: &str) -> Result<(), Refused> {
        let done: i64 = self.run(|own| &own.release, (account, session, 0)).await?;
        if done < 0 { Err(Refused::NoSuchLease) } else { Ok(()) }
    }

    async fn set_limit(&self, account: &str, limit: usize) -> Result<(), Refused> {
        check_limit(limit)?;
        let mut connection = self.0.pool[0].clone();
        let mut set = redis::cmd("SET");
        set.arg(format!("limit:{account}")).arg(limit);
        set.exec_async(&mut connection).await.map_err(Refused::failed)
    }

    async fn look(&self, account: &str) -> Result<Account, Refused> {
        let asked = (account, "", 0);
        let (limit, sessions): (usize, Vec<(String, u64)>) =
            self.run(|own| &own.look, asked).await?;
        let lease = |(session, expires_at)| Lease { session, expires_at };
        Ok(Account { limit, sessions: sessions.into_iter().map(lease).collect() })
    }
}
