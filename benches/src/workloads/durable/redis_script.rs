//! The same in Redis: one script over three keys. A string for each session that runs out by itself,
//! a set of the sessions of each account, and all sessions sorted by when they run out.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::{Clock, SystemClock};
use redis::Script;
use redis::aio::MultiplexedConnection;

use super::accounts::{Keeper, LEASE_MS, LIMIT, Plan, Turn};
use super::redis_server::Server;
use super::written::Written;

/// What ran out is reclaimed first. -1: active already, -2: the limit is reached.
const ACQUIRE: &str = "\
    for _, m in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[2], 'LIMIT', 0, 16)) do
      redis.call('ZREM', KEYS[3], m)
      local account, session = string.match(m, '(.*)/(.*)')
      redis.call('SREM', 'sessions:' .. account, session)
    end
    if redis.call('EXISTS', KEYS[1]) == 1 then return -1 end
    if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[4]) then return -2 end
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    redis.call('SADD', KEYS[2], ARGV[1])
    redis.call('ZADD', KEYS[3], ARGV[2] + ARGV[3], ARGV[5] .. '/' .. ARGV[1])
    return redis.call('SCARD', KEYS[2])";

/// -1: it has no lease.
const RELEASE: &str = "\
    if redis.call('DEL', KEYS[1]) == 0 then return -1 end
    redis.call('SREM', KEYS[2], ARGV[1])
    redis.call('ZREM', KEYS[3], ARGV[2] .. '/' .. ARGV[1])
    return 0";

/// How many connections there are at most; callers share them.
const CONNECTIONS: usize = 64;
/// How often a server that begins is asked, and how long after another.
const TRIES: usize = 1_000;
const AGAIN: Duration = Duration::from_millis(10);

/// Whether an answer waits for the disk.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Durability {
    Always,
    None,
}

/// A server and its connections.
#[derive(Clone)]
pub(super) struct Redis {
    pool: Arc<[MultiplexedConnection]>,
    acquire: Arc<Script>,
    release: Arc<Script>,
    clock: Arc<SystemClock>,
    server: Arc<Server>,
}

impl Redis {
    pub(super) async fn start(folder: &Path, durability: Durability, plan: Plan) -> Redis {
        let server = Server::start(folder, durability == Durability::Always);
        let client = redis::Client::open(server.url()).expect("a valid address");
        let mut pool = Vec::new();
        for _ in 0..plan.callers.min(CONNECTIONS) {
            pool.push(connect(&client).await);
        }
        let (acquire, release) = (Script::new(ACQUIRE), Script::new(RELEASE));
        for script in [&acquire, &release] {
            script.load_async(&mut pool[0]).await.expect("a script");
        }
        Redis {
            pool: pool.into(),
            acquire: Arc::new(acquire),
            release: Arc::new(release),
            clock: Arc::new(SystemClock::new()),
            server: Arc::new(server),
        }
    }
}

pub(in crate::workloads) async fn connect(client: &redis::Client) -> MultiplexedConnection {
    // However slow it is: that is what is measured.
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    for _ in 0..TRIES {
        let connected = client.get_multiplexed_async_connection_with_config(&config);
        if let Ok(connection) = connected.await {
            return connection;
        }
        tokio::time::sleep(AGAIN).await;
    }
    panic!("the server does not listen");
}

impl Keeper for Redis {
    async fn open(folder: &Path, plan: Plan, _: &Written) -> Self {
        Redis::start(folder, Durability::Always, plan).await
    }

    async fn run(&self, turn: Turn) {
        let mut connection = self.pool[turn.session % self.pool.len()].clone();
        let (account, session) = (format!("a{:05}", turn.account), format!("s{:03}", turn.session));
        let script = if turn.takes { &self.acquire } else { &self.release };
        let mut call = script.key(format!("session:{account}/{session}"));
        call.key(format!("sessions:{account}")).key("leases").arg(&session);
        if turn.takes {
            call.arg(self.clock.now().as_millis()).arg(LEASE_MS).arg(LIMIT);
        }
        let answer: i64 =
            call.arg(&account).invoke_async(&mut connection).await.expect("it answers");
        assert!(answer >= 0, "refused: {answer}");
    }

    async fn close(self) {
        drop(self.pool);
        drop(self.server);
    }
}
