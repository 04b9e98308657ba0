//! The morning when registration opens: hundreds of students after too few seats.
//!
//! `cargo run --example course_registration -- --help` says how.

mod args;
mod audit;
#[path = "../../shared/color.rs"]
mod color;
#[path = "../../shared/dice.rs"]
#[allow(dead_code, reason = "of another program, too")]
mod dice;
mod failure;
mod morning;
mod place;
#[path = "../../shared/proof.rs"]
mod proof;
#[path = "../../shared/style.rs"]
#[allow(dead_code, reason = "of another program, too")]
mod style;
mod table;
#[path = "../../shared/usage.rs"]
mod usage;

use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use args::Args;
use bailiwick::ErrorReport;
use failure::Failure;
use place::Place;

fn main() -> ExitCode {
    let args: Args = match usage::parse() {
        Ok(args) => args,
        Err(code) => return code,
    };
    args.color.choose();
    let executor = match tokio::runtime::Builder::new_multi_thread().enable_time().build() {
        Ok(executor) => executor,
        Err(error) => return failed(&error.into()),
    };
    let mut out = anstream::stdout();
    let live = std::io::stdout().is_terminal();
    match executor.block_on(run(&args, &mut out, live)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closed the pipe has read enough.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => failed(&failure),
    }
}

fn failed(failure: &Failure) -> ExitCode {
    anstream::eprintln!("error: {}", ErrorReport::of(failure));
    ExitCode::FAILURE
}

/// Plays the morning, unless the journal has one already, and proves the rules from the journal.
///
/// The runtime is gone by then and the journal was closed: what is read back is what is kept.
async fn run(args: &Args, out: &mut impl Write, live: bool) -> Result<(), Failure> {
    let place = Place::new(args)?;
    let journal = place.open()?;
    let head = journal.head().await?.position;
    let answers = if head == bailiwick::Position::START {
        Some(morning::play(out, journal, &place, args, live).await?)
    } else {
        morning::over(out, &place, head)?;
        drop(journal);
        None
    };
    let findings = audit::audit(&*place.open()?).await?;
    table::print(out, &findings, answers, &place)
}

#[cfg(test)]
mod tests;
