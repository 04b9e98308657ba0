//! What the service is told.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;

use crate::behaviour::{Behaviour, MOST_DELAY_MS};

const EXAMPLES: &str = "\
Examples:
  Beside a streaming_server that was told where this is:
    cargo run --example streaming_service
  Streams that end by themselves after half a minute:
    cargo run --example streaming_service -- --length 30
  Be slow, and then refuse everything, while it runs:
    curl -X PUT --json '{\"delay_ms\":5000}' http://127.0.0.1:8081/behaviour
    curl -X PUT --json '{\"status\":503}' http://127.0.0.1:8081/behaviour

The first line on standard output is the URL of the service.";

/// Runs streams, or rather says so: keeps the lease of each alive at the
/// orchestrator, and ends it when it is told to, when there is no lease any more,
/// or by itself. SIGTERM and Ctrl-C end all streams, and the orchestrator is told;
/// SIGKILL tells nobody, and their leases run out.
#[derive(Debug, Parser)]
#[command(name = "streaming_service", verbatim_doc_comment, after_help = EXAMPLES)]
pub struct Options {
    /// Where to listen; port 0 for a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8081")]
    pub listen: SocketAddr,
    /// Who is told that streams are alive, or have ended
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub orchestrator: String,
    /// The token that the orchestrator wants
    #[arg(long, value_name = "TOKEN", env = "STREAMING_SERVER_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Streams end by themselves after so long
    #[arg(long, value_name = "SECONDS")]
    pub length: Option<u64>,
    /// How many streams may run; further ones get 503
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_streams: usize,
    /// Be slow from the beginning: how long an order takes
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=MOST_DELAY_MS))]
    pub delay_ms: u64,
    /// Refuse every order from the beginning, with this status
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..600))]
    pub status: Option<u16>,
    /// Do not print what streams do
    #[arg(long)]
    pub quiet: bool,
    /// Logs as JSON, a line each
    #[arg(long)]
    pub json_logs: bool,
}

impl Options {
    pub fn behaviour(&self) -> Behaviour {
        Behaviour { delay_ms: self.delay_ms, status: self.status }
    }

    pub fn length(&self) -> Option<Duration> {
        self.length.map(Duration::from_secs)
    }

    /// Says where the service is.
    pub fn print_urls(&self, address: SocketAddr) {
        let url = format!("http://{address}");
        let text = format!(
            "{url}\n  streams       {url}/streams\n  behaviour     {url}/behaviour\n  orchestrator  {}",
            self.orchestrator
        );
        // Nobody has to read it.
        let _ = writeln!(anstream::stdout(), "{text}");
    }
}
