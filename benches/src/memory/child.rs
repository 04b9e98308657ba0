//! Runs the binary `resident`, which lies beside this executable.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Figures;

/// Measures `aggregates` of `system` in a process of its own.
///
/// # Panics
/// If that process cannot be built or run, or fails.
pub fn measure(system: &str, aggregates: usize) -> Figures {
    try_measure(system, aggregates).unwrap_or_else(|error| panic!("resident {system}: {error}"))
}

fn try_measure(system: &str, aggregates: usize) -> Result<Figures, Box<dyn Error>> {
    let own = std::env::current_exe()?;
    let folder = own.parent().ok_or("no folder")?;
    if let Some(cargo) = std::env::var_os("CARGO") {
        build(Path::new(&cargo), folder)?;
    }
    let resident = folder.join(format!("resident{}", std::env::consts::EXE_SUFFIX));
    if !resident.exists() {
        return Err("it is missing: cargo build --release -p benches".into());
    }
    let mut command = Command::new(resident);
    command.arg(system).arg(aggregates.to_string()).stderr(Stdio::inherit());
    let output = command.output()?;
    if !output.status.success() {
        return Err(output.status.to_string().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// `cargo run` builds only the binary that it runs: the other may be missing, or older.
fn build(cargo: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--bin", "resident", "--manifest-path", manifest]);
    command.arg("--target-dir").arg(folder.parent().ok_or("no target folder")?);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let built = command.status()?.success();
    built.then_some(()).ok_or_else(|| "it cannot be built".into())
}
