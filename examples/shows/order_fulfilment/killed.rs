//! The shop is a process of its own, is killed with SIGKILL, and started again.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use crate::Again;
use crate::args::Args;
use crate::failure::Failure;
use crate::style::{NO, paint};

/// The shop says so, in a line of its own, when it may be killed.
pub const DARK: &str = "\u{4}";

/// The whole day. The shop is killed in the middle, unless it was before.
pub fn day(
    folder: &Path,
    args: &Args,
    out: &mut impl Write,
    again: Again<'_>,
) -> Result<(), Failure> {
    let begun = crate::journal(folder).exists();
    if !begun && shop(folder, args, out, again, true)? {
        let text = "✗ The shop is killed: SIGKILL, when the mail has gone out and nobody noted it";
        writeln!(out, "\n {}", paint(NO.bold(), text))?;
    }
    shop(folder, args, out, again, false).map(drop)
}

/// Runs the shop and prints what it says. Returns whether it was killed.
fn shop(
    folder: &Path,
    args: &Args,
    out: &mut impl Write,
    again: Again<'_>,
    dark: bool,
) -> Result<bool, Failure> {
    let mut told: Vec<OsString> = vec!["--shop".into(), folder.into()];
    told.extend(args.fast.then(|| "--fast".into()));
    told.extend(dark.then(|| "--dark".into()));
    let mut process = again(&told)?.stdout(Stdio::piped()).spawn()?;
    let said = process.stdout.take().map(BufReader::new);
    for line in said.into_iter().flat_map(BufRead::lines) {
        let line = line?;
        if line == DARK {
            process.kill()?;
            process.wait()?;
            return Ok(true);
        }
        writeln!(out, "{line}")?;
        out.flush()?;
    }
    let status = process.wait()?;
    if status.success() { Ok(false) } else { Err(Failure::Shop(status)) }
}
