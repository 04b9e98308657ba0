//! Runs the binary `resident`, which lies beside this executable.

use std::error::Error;
use std::process::{Command, Stdio};

use super::Figures;
use crate::servers::program::Program;

/// Measures `aggregates` of `system` in a process of its own.
///
/// # Panics
/// If that process cannot be built or run, or fails.
pub fn measure(system: &str, aggregates: usize) -> Figures {
    try_measure(system, aggregates).unwrap_or_else(|error| panic!("resident {system}: {error}"))
}

fn try_measure(system: &str, aggregates: usize) -> Result<Figures, Box<dyn Error>> {
    let mut command = Command::new(Program::Resident.built()?);
    command.arg(system).arg(aggregates.to_string()).stderr(Stdio::inherit());
    let output = command.output()?;
    if !output.status.success() {
        return Err(output.status.to_string().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
