//! What a server traces: to standard error, as `RUST_LOG` says.

use std::error::Error;
use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Writes what is traced from now on: lines for people, or JSON.
///
/// # Errors
/// If `RUST_LOG` is no filter: levels, or targets with levels, such as `info,bailiwick=debug`.
pub fn listen(json: bool) -> Result<(), Box<dyn Error>> {
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter: Targets = filter.parse().map_err(|error| format!("RUST_LOG={filter}: {error}"))?;
    let color = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(color);
    let all = tracing_subscriber::registry();
    match json {
        true => all.with(lines.json().with_filter(filter)).init(),
        false => all.with(lines.with_filter(filter)).init(),
    }
    Ok(())
}
