//! What the program is told.

use std::path::PathBuf;

use clap::Parser;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use crate::color::Color;
use crate::journal::Place;

const EXAMPLES: &str = "\
Examples:
  Tell the story, in real time:
    cargo run --example lease_expiry
  Go on with it after it was killed: the same command. Begin anew:
    rm -r lease_expiry.data
  Replay the evening that comes with the examples, as fast as possible:
    cargo run --example lease_expiry -- --trace examples/data/evening.jsonl
  Replay ten minutes of a recording in a second:
    cargo run --example lease_expiry -- --trace FILE --speed 600

A trace has one JSON object a line. Times are in milliseconds since the
recording began, and never go back:
  {\"at\":0,\"account\":\"a17\",\"what\":\"set_limit\",\"limit\":2}
  {\"at\":50,\"account\":\"a17\",\"session\":\"tv\",\"what\":\"acquire\",\"lease_ms\":9000}
  {\"at\":60,\"account\":\"a17\",\"session\":\"tv\",\"what\":\"keep_alive\",\"lease_ms\":9000}
  {\"at\":70,\"account\":\"a17\",\"session\":\"tv\",\"what\":\"release\"}
The example record_evening makes such recordings.

Exit status: 0 if all went as it should; 1 if the story or the journal says
otherwise, or a file cannot be read; 2 if the arguments are wrong.";

/// Shows how leases run out by themselves when nobody says goodbye.
///
/// Without arguments it tells a story in real time, in about ten seconds: two
/// slots, three screens, and a streaming side that falls silent. The journal is
/// in the folder lease_expiry.data: kill the program at any moment and start it
/// again, and the story goes on.
///
/// With --trace it replays a recorded evening of hundreds of households under a
/// driven clock, and proves from the journal that no account ever had more
/// streams than its limit.
#[derive(Debug, Parser)]
#[command(name = "lease_expiry", verbatim_doc_comment, after_help = EXAMPLES)]
pub struct Args {
    /// Replay this recording instead of telling the story
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// The folder of the journal
    #[arg(long, value_name = "DIR", default_value = "lease_expiry.data")]
    #[arg(conflicts_with_all = ["memory", "trace"])]
    pub data: PathBuf,
    /// A journal in memory, which ends with the program
    #[arg(long, conflicts_with = "trace")]
    pub memory: bool,
    /// Times as fast as recorded [default: as fast as possible]
    #[arg(long, value_name = "N", requires = "trace", value_parser = speed)]
    pub speed: Option<u32>,
    /// Also print what the runtime traces, to standard error
    ///
    /// A level, or targets with levels: debug, bailiwick=trace.
    #[arg(long, value_name = "FILTER")]
    pub log: Option<Targets>,
    #[command(flatten)]
    pub color: Color,
}

impl Args {
    /// Where the story has its journal.
    pub fn place(&self) -> Place {
        match self.memory {
            true => Place::Memory,
            false => Place::Folder(self.data.clone()),
        }
    }

    /// Prints what the runtime traces from now on, if told so. Without this nobody listens, and the
    /// runtime traces nothing.
    pub fn listen(&self) {
        if let Some(filter) = self.log.clone() {
            let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
            tracing_subscriber::registry().with(lines.with_filter(filter)).init();
        }
    }
}

fn speed(text: &str) -> Result<u32, &'static str> {
    let speed = text.parse().ok().filter(|speed| *speed > 0);
    speed.ok_or("expected a whole number from 1, for example 600 for ten minutes a second")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::assert_help_fits;
    use crate::usage::one_line;

    fn wrong(args: &[&str]) -> String {
        let args = ["lease_expiry"].iter().chain(args);
        one_line(&Args::try_parse_from(args).unwrap_err())
    }

    #[test]
    fn wrong_arguments_are_named_in_one_line() {
        assert_eq!(
            wrong(&["--trace", "x", "--speed", "fast"]),
            "invalid value 'fast' for '--speed <N>': expected a whole number from 1, for example \
             600 for ten minutes a second; see --help"
        );
        assert_eq!(
            wrong(&["--spede", "600"]),
            "unexpected argument '--spede' found; a similar argument exists: '--speed'; see --help"
        );
        assert_eq!(
            wrong(&["--speed", "600"]),
            "the following required arguments were not provided: --trace <FILE>; see --help"
        );
        assert_eq!(
            wrong(&["--trace"]),
            "a value is required for '--trace <FILE>' but none was supplied; see --help"
        );
        assert_eq!(
            wrong(&["--color", "red"]),
            "invalid value 'red' for '--color <WHEN>' [possible values: auto, always, never]; \
             see --help"
        );
    }

    #[test]
    fn the_help_is_no_wider_than_a_terminal() {
        assert_help_fits::<Args>();
    }
}
