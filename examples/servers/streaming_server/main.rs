//! An ordinary axum server with Bailiwick inside: who may run how many streams, over HTTP.
//!
//! The embedding is here and in `domains/accounts.rs` (the routes of one domain); what each other domain adds is in a
//! file of its own there.

mod answer;
mod description;
mod domains;
mod metrics;
mod options;
#[path = "../shared/mod.rs"]
mod shared;
mod show;

use std::error::Error;
use std::process::ExitCode;

use bailiwick::Runtime;
use bailiwick_axum::{Limits, Server};
use tokio::net::TcpListener;

use crate::domains::slots::Database;
use crate::options::Options;
use crate::shared::{log, signal};

#[tokio::main]
async fn main() -> ExitCode {
    shared::run(serve).await
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    log::listen(options.json_logs)?;
    let told_to_end = signal::told_to_end()?;
    let listener = TcpListener::bind(options.listen).await?;
    let collected = metrics::collect()?;
    let rows = Database::of(&options)?;
    let builder = Runtime::builder_shared(options.journal()?).metrics().reopen_journal();
    // It goes on where the process before it was.
    let runtime = domains::add(builder, &options, &rows)?.start().await?;
    options.print_urls(listener.local_addr()?);
    if options.show {
        show::sessions(&runtime).await?;
    }
    let routes = domains::routes(&runtime, &rows)?.merge(description::routes());
    let metrics = metrics::routes(&runtime, collected);
    let limits = Limits { requests: options.max_requests, ..Limits::default() };
    let server = Server::new(runtime).limits(limits).token(options.token).exempt(metrics);
    Ok(server.serve(listener, routes, told_to_end).await.in_order()?)
}
