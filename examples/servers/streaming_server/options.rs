//! What the server is told.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bailiwick::journal::Journal;
use bailiwick::{FileJournal, MemoryJournal};
use clap::Parser;

const EXAMPLES: &str = "\
Examples:
  Two terminals: streams, and who may run them.
    cargo run --example streaming_server -- --show --streaming-service http://127.0.0.1:8081
    cargo run --example streaming_service
  On a free port, with nothing kept:
    cargo run --example streaming_server -- --listen 127.0.0.1:0 --memory

The first line on standard output is the URL of the server. Logs go to standard
error, as RUST_LOG says: info, or targets with levels, such as
info,bailiwick=debug.

Exit status: 0 after SIGTERM or Ctrl-C, when all that was accepted is done;
1 if the server cannot start, or if not all was done in time; 2 if the
arguments are wrong.";

/// Says who may run how many streams, over HTTP: an axum server with Bailiwick
/// inside. Its journal is in the folder streaming_server.data; SIGTERM and Ctrl-C
/// end it when all that was accepted is done.
#[derive(Debug, Parser)]
#[command(name = "streaming_server", verbatim_doc_comment, after_help = EXAMPLES)]
pub struct Options {
    /// Where to listen; port 0 for a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The folder of the journal, and of rows that are made of it
    #[arg(long, value_name = "DIR", default_value = "streaming_server.data")]
    #[arg(conflicts_with = "memory")]
    pub data: PathBuf,
    /// A journal in memory, which ends with the program
    #[arg(long)]
    pub memory: bool,
    /// Who starts and stops the streams; nobody, if it is not said
    #[arg(long, value_name = "URL")]
    pub streaming_service: Option<String>,
    /// What every client but a health check has to send
    #[arg(long, value_name = "TOKEN", env = "STREAMING_SERVER_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// How many requests are answered at a time; others get 503
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub max_requests: usize,
    /// Print what happens to sessions, a line each
    #[arg(long)]
    pub show: bool,
    /// Logs as JSON, a line each
    #[arg(long)]
    pub json_logs: bool,
}

impl Options {
    /// The journal. One in a folder waits for a process that still has it.
    ///
    /// # Errors
    /// If it cannot be opened: it says why.
    pub fn journal(&self) -> Result<Arc<dyn Journal>, Box<dyn Error>> {
        Ok(match self.memory {
            true => Arc::new(MemoryJournal::new()),
            false => Arc::new(FileJournal::open(self.data.join("journal"))?),
        })
    }

    /// Says where the server is.
    pub fn print_urls(&self, address: SocketAddr) {
        let url = format!("http://{address}");
        let journal = match self.memory {
            true => "in memory".to_owned(),
            false => self.data.display().to_string(),
        };
        let text = format!(
            "{url}\n  accounts  {url}/accounts\n  ready     {url}/readyz\n  journal   {journal}"
        );
        // Nobody has to read it.
        let _ = writeln!(anstream::stdout(), "{text}");
    }
}
