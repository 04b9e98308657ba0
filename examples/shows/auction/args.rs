//! What the program is told.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::killed;

const EXAMPLES: &str = "\
Examples:
  The evening, in a temporary folder:
    cargo run --example auction
  Keep its journal, and prove what happened again whenever you like:
    cargo run --example auction -- --data /tmp/auction
  Kill it yourself, at any moment, and go on with the same command.

Exit status: 0 if the journal proves every rule; 1 if it does not, or something
failed; 2 if the arguments are wrong.";

/// Shows policies at an auction house: what happens to one aggregate reaches
/// others as commands, exactly once in effect, whatever crashes in between.
///
/// A bidder is suspended while her bid is on its way, so that it gets in. The house
/// is killed before its policy has taken the bid out, and started again. The last
/// bids come in the last second. In the end, every rule is proven from the journal
/// alone.
#[derive(Debug, Parser)]
#[command(name = "auction", verbatim_doc_comment, after_help = EXAMPLES)]
pub struct Args {
    /// The folder of the journal, which is kept
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub show: killed::Options,
}

impl Args {
    /// Between two steps.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(if self.show.fast { 10 } else { 450 })
    }

    /// How long the first lot is up for auction.
    pub fn short(&self) -> Duration {
        Duration::from_millis(if self.show.fast { 1_500 } else { 7_000 })
    }

    /// How long the last one is. Its last bids come at the end of that.
    pub fn last(&self) -> Duration {
        Duration::from_millis(if self.show.fast { 1_500 } else { 5_000 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::assert_help_fits;

    #[test]
    fn the_help_is_no_wider_than_a_terminal() {
        assert_help_fits::<Args>();
    }
}
