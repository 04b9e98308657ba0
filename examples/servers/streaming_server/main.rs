//! An ordinary axum server with Bailiwick inside: who may run how many streams, over HTTP.
//!
//! The embedding is here, in `start.rs` (the runtime) and in `accounts.rs` (the routes of one domain); what each other
//! domain adds is in a file of its own.

mod accounts;
mod answer;
mod bidders;
mod description;
mod following;
#[path = "../shared/http.rs"]
mod http;
mod listings;
#[path = "../shared/log.rs"]
mod log;
mod metrics;
mod money;
mod notices;
mod options;
mod orders;
mod parcels;
mod registration;
mod show;
#[path = "../shared/signal.rs"]
mod signal;
mod slots;
mod start;
mod streams;
#[path = "../../shared/style.rs"]
#[allow(dead_code)] // The palette is for all programs.
mod style;
#[path = "../../shared/usage.rs"]
mod usage;

use std::error::Error;
use std::process::ExitCode;

use axum::Router;
use bailiwick::{ErrorReport, Runtime};
use bailiwick_axum::{Limits, Server};
use tokio::net::TcpListener;

use crate::options::Options;

#[tokio::main]
async fn main() -> ExitCode {
    let options = match usage::parse::<Options>() {
        Ok(options) => options,
        Err(code) => return code,
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {}", ErrorReport::of(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    log::listen(options.json_logs)?;
    let told_to_end = signal::told_to_end()?;
    let listener = TcpListener::bind(options.listen).await?;
    let collected = metrics::collect()?;
    let rows = slots::Database::of(&options)?;
    let runtime = start::start(&options, &rows).await?;
    options.print_urls(listener.local_addr()?);
    if options.show {
        show::sessions(&runtime).await?;
    }
    let routes = routes(&runtime, &rows)?;
    let metrics = metrics::routes(&runtime, collected);
    let limits = Limits { requests: options.max_requests, ..Limits::default() };
    let server = Server::new(runtime).limits(limits).token(options.token).exempt(metrics);
    let ended = server.serve(listener, routes, told_to_end).await;
    tracing::info!(?ended, "ended");
    Ok(())
}

/// What is served, one file for each domain.
fn routes(runtime: &Runtime, rows: &slots::Database) -> Result<Router, Box<dyn Error>> {
    Ok(accounts::routes(runtime)
        .merge(slots::routes(runtime, rows)?)
        .merge(following::routes(runtime))
        .merge(listings::routes(runtime))
        .merge(bidders::routes(runtime))
        .merge(orders::routes(runtime))
        .merge(parcels::routes(runtime))
        .merge(registration::routes(runtime))
        .merge(description::routes()))
}
