//! What the program is told.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::killed;

const EXAMPLES: &str = "\
Examples:
  The day, in a temporary folder:
    cargo run --example order_fulfilment
  Keep its journal, and prove what happened again whenever you like:
    cargo run --example order_fulfilment -- --data /tmp/shop
  Kill it yourself, at any moment, and go on with the same command.

Exit status: 0 if the journal proves every rule; 1 if it does not, or something
failed; 2 if the arguments are wrong.";

/// Shows small aggregates that agree later: orders, payments and parcels, with
/// policies that carry the news, a process manager, and an effect.
///
/// Three customers order and pay in parts. Parcels are scanned in whatever order,
/// one customer wants his money back in the middle. The shop is killed when a
/// customer was told that her order is complete, and before that is on record. In
/// the end, every rule is proven from the journal alone.
#[derive(Debug, Parser)]
#[command(name = "order_fulfilment", verbatim_doc_comment, after_help = EXAMPLES)]
pub struct Args {
    /// The folder of the journal and of the mail, which is kept
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub show: killed::Options,
}

impl Args {
    /// Between two steps.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(if self.show.fast { 5 } else { 350 })
    }

    /// How long the mail asks to be left alone when it is down.
    pub fn outage(&self) -> Duration {
        Duration::from_millis(if self.show.fast { 200 } else { 1_500 })
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
