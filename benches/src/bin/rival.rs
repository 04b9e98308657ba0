//! A rival of Bailiwick behind the routes of its example server: for the comparisons, which start it.

use std::net::SocketAddr;

use axum::Router;
use axum::serve::ListenerExt;
use benches::leases::in_memory::InMemory;
use benches::leases::postgres::{self, Optimistic, RowLock};
use benches::leases::redis_lua::RedisLua;
use benches::leases::routes::routes;
use benches::servers::{CONNECTIONS, System};
use clap::Parser;

/// Serves the routes of accounts from a store. Prints where, and runs until it is killed.
#[derive(Parser)]
struct Arguments {
    /// Which way.
    system: System,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The URL of the Redis or PostgreSQL server.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// How many connections to it there are.
    #[arg(long, default_value_t = CONNECTIONS)]
    connections: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { system, listen, store, connections } = Arguments::parse();
    let store = store.ok_or("--store is needed");
    let router: Router = match system {
        System::AxumAlone => routes(InMemory::default()),
        System::RedisLua => routes(RedisLua::connect(&store?, connections).await?),
        System::PostgresRowLock | System::PostgresOptimistic => {
            let pool = postgres::connect(&store?, connections).await?;
            tokio::spawn(postgres::sweep(pool.clone()));
            match system {
                System::PostgresRowLock => routes(RowLock(pool)),
                _ => routes(Optimistic::new(pool)),
            }
        }
        System::Bailiwick => return Err("that is the example streaming_server".into()),
    };
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}
