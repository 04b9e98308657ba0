//! Leases that run out by themselves: a story in real time, or a recorded evening replayed.
//!
//! `cargo run --example lease_expiry -- --help` says how.

mod args;
mod audit;
#[path = "../../shared/color.rs"]
mod color;
mod failure;
mod journal;
mod replay;
mod story;
#[path = "../../shared/style.rs"]
mod style;
#[path = "../../shared/usage.rs"]
mod usage;

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use args::Args;
use bailiwick::ErrorReport;
use bailiwick_examples::trace::{Step, read_trace};
use failure::Failure;
use replay::Manner;
use style::{BOLD, counted, paint};

fn main() -> ExitCode {
    let args: Args = match usage::parse() {
        Ok(args) => args,
        Err(code) => return code,
    };
    args.color.choose();
    args.listen();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closed the pipe has read enough.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("error: {}", ErrorReport::of(&failure));
            ExitCode::FAILURE
        }
    }
}

/// One thread is enough: an account is busy for microseconds at a time.
fn run(args: &Args) -> Result<(), Failure> {
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let mut out = anstream::stdout();
    let Some(path) = &args.trace else {
        return executor.block_on(story::tell(&mut out, &args.place()));
    };
    let steps = load(path)?;
    let live = std::io::stdout().is_terminal();
    let manner = Manner { speed: args.speed, live };
    let (path, number) = (path.display(), counted(steps.len(), "step"));
    writeln!(out, "\n {}\n {path}, {number}\n", paint(BOLD, "lease_expiry: a recorded evening"))?;
    executor.block_on(replay::replay(&mut out, &steps, manner))
}

fn load(path: &Path) -> Result<Vec<Step>, Failure> {
    let bytes = std::fs::read(path)
        .map_err(|source| Failure::Unreadable { path: path.to_owned(), source })?;
    read_trace(&bytes).map_err(|problem| Failure::NotATrace { path: path.to_owned(), problem })
}

#[cfg(test)]
mod killed;
#[cfg(test)]
mod tests;
