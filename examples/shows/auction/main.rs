//! An evening at an auction house, killed in the middle and continued; then what the journal proves.
//!
//! `cargo run --example auction -- --help` says how.

mod args;
mod audit;
#[path = "../../shared/color.rs"]
mod color;
mod failure;
mod house;
mod lights;
#[path = "../../shared/style.rs"]
#[allow(dead_code, reason = "of another program, too")]
mod style;
mod table;
#[path = "../../shared/usage.rs"]
mod usage;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

use args::Args;
use bailiwick::{ErrorReport, TephraJournal};
use failure::Failure;
use style::{BOLD, DIM, paint};

fn main() -> ExitCode {
    let args: Args = match usage::parse() {
        Ok(args) => args,
        Err(code) => return code,
    };
    args.color.choose();
    let again = |args: &[OsString]| {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(args);
        Ok(command)
    };
    match run(&args, &mut anstream::stdout(), &again) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closed the pipe has read enough.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("error: {}", ErrorReport::of(&failure));
            ExitCode::FAILURE
        }
    }
}

/// How this program is called again, with other arguments.
type Again<'a> = &'a dyn Fn(&[OsString]) -> std::io::Result<Command>;

fn run(args: &Args, out: &mut impl Write, again: Again<'_>) -> Result<(), Failure> {
    if let Some(folder) = &args.house {
        return house::play(folder, args);
    }
    let temporary = tempfile::Builder::new().prefix("auction-").tempdir()?;
    let folder = args.data.as_deref().unwrap_or(temporary.path());
    opening(out, folder)?;
    lights::evening(folder, args, out, again)?;
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    // Every process of the evening has ended: what is read back is what is kept.
    let findings = executor.block_on(audit::audit(&TephraJournal::open(folder)?))?;
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
