//! What both servers are made of.
#![allow(dead_code)] // Each of them needs most of it.

pub mod http;
pub mod log;
pub mod signal;
#[path = "../../shared/style.rs"]
pub mod style;
pub mod time_of_day;
#[path = "../../shared/usage.rs"]
pub mod usage;

use std::error::Error;
use std::process::ExitCode;

use bailiwick::ErrorReport;
use clap::Parser;

/// Runs a program with its arguments. What goes wrong is one line on standard error, and exit status 1; 2 if it is
/// the arguments.
pub async fn run<A: Parser>(
    program: impl AsyncFnOnce(A) -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    let arguments = match usage::parse() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    match program(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {}", ErrorReport::of(&*error));
            ExitCode::FAILURE
        }
    }
}
