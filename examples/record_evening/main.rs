//! Makes a recorded evening: what hundreds of households do to their accounts, and what a streaming
//! side does that has an outage in the middle.
//!
//! Nothing is random but by the seed, and nothing depends on the machine: the same arguments give
//! the same file, byte for byte. The one that is shipped is what no arguments give.

#[path = "../shared/dice.rs"]
mod dice;
mod evening;
mod household;
mod outage;
mod queue;
#[path = "../shared/usage.rs"]
mod usage;
mod viewers;

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use bailiwick_examples::trace::Step;
use clap::Parser;

/// Where the recorded evening is shipped.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/evening.jsonl");

const EXAMPLES: &str = "\
Examples:
  Make the evening that comes with the examples anew:
    cargo run --example record_evening
  Make the evening of a town, and replay it:
    cargo run --example record_evening -- --accounts 5000 --out town.jsonl
    cargo run --example lease_expiry -- --trace town.jsonl";

/// Records an evening of streaming, for the example lease_expiry to replay.
///
/// Households start streams through the evening, some of them more than their
/// account may run. In the middle the streaming side has an outage of eleven
/// minutes: one site is cut off, another is killed, and their leases run out.
/// The same arguments always make the same recording.
#[derive(Debug, Parser)]
#[command(name = "record_evening", verbatim_doc_comment, after_help = EXAMPLES)]
struct Args {
    /// Which evening: another seed, another evening
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many households there are, each with an account (up to 100000)
    #[arg(long, value_name = "N", default_value_t = 240)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    accounts: u32,
    /// Where to write it [default: the place of the one that is shipped]
    #[arg(long, value_name = "FILE", default_value = SHIPPED, hide_default_value = true)]
    out: PathBuf,
}

fn main() -> ExitCode {
    let args: Args = match usage::parse() {
        Ok(args) => args,
        Err(code) => return code,
    };
    let steps = evening::record(args.seed, args.accounts);
    match std::fs::write(&args.out, text(&steps)) {
        Ok(()) => {
            let (out, accounts) = (args.out.display(), args.accounts);
            println!("{out}: {} steps of {accounts} accounts", steps.len());
            ExitCode::SUCCESS
        }
        Err(error) => {
            anstream::eprintln!("error: {}: {error}", args.out.display());
            ExitCode::FAILURE
        }
    }
}

fn text(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |mut text, step| {
        let _ = writeln!(text, "{step}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bailiwick_examples::trace::{Attempt, read_trace};

    use super::*;
    use crate::outage::MINUTE;

    #[test]
    fn the_shipped_evening_is_what_no_arguments_give() {
        let args = Args::try_parse_from(["record_evening"]).unwrap();
        let recorded = text(&evening::record(args.seed, args.accounts));
        // Not `assert_eq`, which would print both.
        assert!(recorded == include_str!("../data/evening.jsonl"), "record it anew");
    }

    #[test]
    fn another_seed_is_another_evening() {
        assert_eq!(evening::record(7, 10), evening::record(7, 10));
        assert_ne!(evening::record(7, 10), evening::record(8, 10));
    }

    #[test]
    fn the_shipped_evening_is_large_and_has_an_outage() {
        let shipped = include_bytes!("../data/evening.jsonl");
        let steps = read_trace(shipped).unwrap();
        let accounts: BTreeSet<_> = steps.iter().map(|step| &step.account).collect();
        assert!(steps.len() >= 20_000 && accounts.len() >= 200 && shipped.len() < 2_500_000);
        let beats = |from: u64, until: u64| {
            let during = steps.iter().filter(|step| (from..until).contains(&step.at.as_millis()));
            during.filter(|step| matches!(step.attempt, Attempt::KeepAlive(_))).count()
        };
        let before = beats(outage::KILLED_AT - 10 * MINUTE, outage::KILLED_AT);
        let during = beats(outage::KILLED_AT, outage::KILLED_AT + 10 * MINUTE);
        assert!(during > 0 && during * 2 < before, "{before} before, {during} during");
    }
}
