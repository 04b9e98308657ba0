//! An evening at an auction house, killed in the middle and continued; then what the journal proves.
//!
//! `cargo run --example auction -- --help` says how.

mod args;
mod audit;
#[path = "../../shared/color.rs"]
mod color;
#[cfg(test)]
#[path = "../../shared/encoded.rs"]
mod encoded;
#[path = "../../shared/failure.rs"]
mod failure;
mod house;
#[path = "../../shared/killed.rs"]
mod killed;
#[path = "../../shared/page.rs"]
mod page;
#[path = "../../shared/proof.rs"]
mod proof;
#[path = "../../shared/reader.rs"]
mod reader;
#[path = "../../shared/style.rs"]
#[allow(dead_code, reason = "of another program, too")]
mod style;
mod table;
#[path = "../../shared/usage.rs"]
mod usage;

use std::io::Write;
use std::path::Path;
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

fn run(args: &Args, out: &mut impl Write, again: Again<'_>) -> Result<(), Failure> {
    if let Some(folder) = &args.show.play {
        return house::play(folder, args);
    }
    let temporary = tempfile::Builder::new().prefix("auction-").tempdir()?;
    let folder = args.data.as_deref().unwrap_or(temporary.path());
    opening(out, folder)?;
    let begun = std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
    let when = "before its policy has done anything";
    Show { name: "house", when, folder, options: &args.show, again }.run(begun, out)?;
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    // Every process of the evening has ended: what is read back is what is kept.
    let findings = executor.block_on(audit::audit(&FileJournal::open(folder)?))?;
    table::print(out, &findings, args.data.as_deref())
}

fn opening(out: &mut impl Write, folder: &Path) -> Result<(), Failure> {
    writeln!(out, "\n {}\n", paint(BOLD, "auction: an evening at an auction house"))?;
    writeln!(out, " Three lots, four bidders, one of whom should not be there. A bid is checked")?;
    writeln!(
        out,
        " before it is put to its lot; what gets in meanwhile, a policy takes out again."
    )?;
    let place = format_args!("The journal is in {}.", folder.display());
    writeln!(out, "\n {}", paint(DIM, place))?;
    Ok(())
}

#[cfg(test)]
mod tests;
