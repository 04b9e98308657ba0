//! The same in Redis: a script sells and adds to a stream, a consumer of a group runs a script for each
//! entry, and acknowledges it after that. The scripts of a batch, and the acknowledgement behind them, go
//! in one pipeline. Everything is synced before it is answered.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redis::aio::MultiplexedConnection;
use redis::{Script, cmd};
use tokio::task::JoinHandle;

use super::chain::{AGGREGATES, Chain};
use super::paced::Times;
use crate::leases::redis_lua;
use crate::servers::redis::Server;

const SELL: &str = "\
    redis.call('HINCRBY', KEYS[1], 'sold', 1)
    return redis.call('XADD', KEYS[2], '*', 'n', ARGV[1])";

/// What was not acknowledged comes again: the entry that was packed last tells.
const PACK: &str = "\
    if redis.call('HGET', KEYS[1], 'last') == ARGV[1] then return 0 end
    redis.call('HINCRBY', KEYS[1], 'packed', 1)
    redis.call('HSET', KEYS[1], 'last', ARGV[1])
    return redis.call('INCR', 'effects')";

const STREAM: &str = "sold";
const GROUP: &str = "packing";
/// Entries that the consumer takes at once: with 256 it is as fast, with 64 a quarter slower.
const BATCH: usize = 1_024;
/// How long it waits for one, in milliseconds, before it asks again.
const BLOCK: usize = 100;
/// As for the other durable workloads: callers share them.
const CONNECTIONS: usize = 64;

/// A server, its connections and the consumer.
pub(super) struct RedisStreams {
    pool: Vec<MultiplexedConnection>,
    sell: Script,
    effects: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
    consumer: JoinHandle<()>,
    _server: Server,
}

/// What `XREADGROUP` answers: streams, their entries, the fields of these.
type Entries = Option<Vec<(String, Vec<(String, Vec<String>)>)>>;

impl Chain for RedisStreams {
    async fn open(folder: &Path, times: &'static Times) -> Self {
        let server = Server::start(folder, true);
        let client = redis::Client::open(server.url()).expect("a valid address");
        let mut pool = Vec::new();
        for _ in 0..CONNECTIONS {
            pool.push(redis_lua::connect(&client).await.expect("it listens"));
        }
        let (sell, pack) = (Script::new(SELL), Script::new(PACK));
        for script in [&sell, &pack] {
            script.load_async(&mut pool[0]).await.expect("a script");
        }
        let mut group = cmd("XGROUP");
        group.arg("CREATE").arg(STREAM).arg(GROUP).arg("$").arg("MKSTREAM");
        group.exec_async(&mut pool[0]).await.expect("a group");
        let (effects, ends) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let connection = redis_lua::connect(&client).await.expect("it listens");
        let consumes = consume(connection, pack, (effects.clone(), ends.clone()), times);
        RedisStreams {
            pool,
            sell,
            effects,
            ends,
            consumer: tokio::spawn(consumes),
            _server: server,
        }
    }

    fn sell(&self, n: usize) -> impl Future<Output = ()> + Send {
        let mut connection = self.pool[n % self.pool.len()].clone();
        async move {
            let mut call = self.sell.key(format!("stall:{:05}", n % AGGREGATES));
            let call = call.key(STREAM).arg(n);
            let _: String = call.invoke_async(&mut connection).await.expect("it answers");
        }
    }

    fn effects(&self) -> u64 {
        self.effects.load(Ordering::Relaxed)
    }

    fn notes(&self) {}

    async fn close(&self) -> u64 {
        self.ends.store(true, Ordering::Relaxed);
        while !self.consumer.is_finished() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let mut connection = self.pool[0].clone();
        cmd("GET").arg("effects").query_async(&mut connection).await.expect("it answers")
    }
}

async fn consume(
    mut connection: MultiplexedConnection,
    pack: Script,
    (effects, ends): (Arc<AtomicU64>, Arc<AtomicBool>),
    times: &'static Times,
) {
    let hash = pack.get_hash();
    while !ends.load(Ordering::Relaxed) {
        let mut read = cmd("XREADGROUP");
        read.arg("GROUP").arg(GROUP).arg("one").arg("COUNT").arg(BATCH).arg("BLOCK").arg(BLOCK);
        let read = read.arg("STREAMS").arg(STREAM).arg(">");
        let entries: Entries = read.query_async(&mut connection).await.expect("it answers");
        let Some(mut streams) = entries else { continue };
        let Some((_, entries)) = streams.pop() else { continue };
        let numbers: Vec<u64> =
            entries.iter().map(|(_, fields)| fields[1].parse().expect("a number")).collect();
        let mut batch = redis::pipe();
        for ((id, _), n) in entries.iter().zip(&numbers) {
            let depot = format!("depot:{:05}", *n as usize % AGGREGATES);
            batch.cmd("EVALSHA").arg(hash).arg(1).arg(depot).arg(id).ignore();
        }
        let acknowledged = batch.cmd("XACK").arg(STREAM).arg(GROUP);
        for (id, _) in &entries {
            acknowledged.arg(id);
        }
        acknowledged.ignore().exec_async(&mut connection).await.expect("it answers");
        numbers.iter().for_each(|n| times.is_durable(*n));
        effects.fetch_add(numbers.len() as u64, Ordering::Relaxed);
    }
}
