//! A service that "runs" streams, each for as long as the orchestrator says that it has a lease. It may be slow, refuse
//! what it is told, or be killed at any moment: that is what it is for.

mod behaviour;
mod board;
mod options;
mod orchestrator;
mod service;
#[path = "../shared/mod.rs"]
mod shared;
mod stream;
mod streams;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::behaviour::SharedBehaviour;
use crate::board::Board;
use crate::options::Options;
use crate::orchestrator::Orchestrator;
use crate::service::Service;
use crate::shared::{http, log, signal};

/// How long streams have to end when the service does.
const END: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    shared::run(serve).await
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    log::listen(options.json_logs)?;
    let told_to_end = signal::told_to_end()?;
    let listener = TcpListener::bind(options.listen).await?;
    options.print_urls(listener.local_addr()?);
    let (url, token) = (&options.orchestrator, options.token.clone());
    let orchestrator = Orchestrator::new(url, token, http::CALL_TIMEOUT)?;
    let board = Board::new(!options.quiet);
    let service = Service::new(options.max_streams, orchestrator, options.length(), board);
    let routes = service.clone().routes(SharedBehaviour::new(options.behaviour()));
    let (ends, ending) = oneshot::channel::<()>();
    let serving =
        axum::serve(listener, routes).with_graceful_shutdown(async { drop(ending.await) });
    let serving = tokio::spawn(serving.into_future());
    told_to_end.await;
    drop(ends);
    // Who is being answered slowly is not waited for: the orders come again.
    let _ = timeout(END, service.end()).await;
    serving.abort();
    Ok(())
}
