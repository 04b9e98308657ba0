//! A day at a shop, killed in the middle and continued; then what the journal proves.
//!
//! `cargo run --example order_fulfilment -- --help` says how.

#![allow(clippy::inconsistent_digit_grouping, reason = "cents stand apart, as in 240_00")]

mod args;
mod audit;
#[path = "../../shared/color.rs"]
mod color;
#[cfg(test)]
#[path = "../../shared/encoded.rs"]
mod encoded;
#[path = "../../shared/failure.rs"]
mod failure;
#[path = "../../shared/killed.rs"]
mod killed;
#[path = "../../shared/page.rs"]
mod page;
#[path = "../../shared/proof.rs"]
mod proof;
#[path = "../../shared/reader.rs"]
mod reader;
mod shop;
#[path = "../../shared/style.rs"]
#[allow(dead_code, reason = "of another program, too")]
mod style;
mod table;
#[path = "../../shared/usage.rs"]
mod usage;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use args::Args;
use bailiwick::FileJournal;
use failure::Failure;
use killed::{Again, Show};
use style::{BOLD, DIM, paint};

fn main() -> ExitCode {
    let args: Args = match usage::parse() {
        Ok(args) => args,
        Err(code) => return code,
    };
    args.show.color.choose();
    failure::exit_code(run(&args, &mut anstream::stdout(), &killed::again))
}

/// Where the journal is.
fn journal(folder: &Path) -> PathBuf {
    folder.join("journal")
}

/// Where the mail is, which knows nothing of the journal.
fn mail(folder: &Path) -> PathBuf {
    folder.join("mail.txt")
}

fn run(args: &Args, out: &mut impl Write, again: Again<'_>) -> Result<(), Failure> {
    if let Some(folder) = &args.show.play {
        return shop::play(folder, args);
    }
    let temporary = tempfile::Builder::new().prefix("shop-").tempdir()?;
    let folder = args.data.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder)?;
    opening(out, folder)?;
    let when = "when the mail has gone out and nobody noted it";
    let show = Show { name: "shop", when, folder, options: &args.show, again };
    show.run(journal(folder).exists(), out)?;
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    // Every process of the day has ended: what is read back is what is kept.
    let sent = audit::sent(&mail(folder))?;
    let journal = FileJournal::open(journal(folder))?;
    let findings = executor.block_on(audit::audit(&journal, sent))?;
    table::print(out, &findings, args.data.as_deref())
}

fn opening(out: &mut impl Write, folder: &Path) -> Result<(), Failure> {
    writeln!(out, "\n {}\n", paint(BOLD, "order_fulfilment: a day at a shop for the outdoors"))?;
    writeln!(out, " Orders, payments and parcels are small aggregates of their own. A command")?;
    writeln!(out, " changes one of them, and policies carry the news: so they agree a moment")?;
    writeln!(out, " later, whatever comes twice, in parts, too late or in the wrong order.")?;
    let legend = "○○○ unpaid   ●○○ paid   ●●○ in delivery   ●●● complete   ✗ refunded";
    writeln!(out, "\n {}", paint(DIM, legend))?;
    let place = format_args!("#1 is a place in the journal, which is in {}.", folder.display());
    writeln!(out, " {}", paint(DIM, place))?;
    Ok(())
}

#[cfg(test)]
mod tests;
