//! A show is a process of its own, is killed with SIGKILL, and started again.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::color::Color;
use crate::failure::Failure;
use crate::style::{NO, paint};

/// The show says so, in a line of its own, when it may be killed.
const DARK: &str = "\u{4}";

#[derive(Debug, Args)]
pub struct Options {
    /// With hardly a pause
    #[arg(long)]
    pub fast: bool,
    #[command(flatten)]
    pub color: Color,
    /// The show itself, on this folder: a process that can be killed
    #[arg(long, value_name = "DIR", hide = true)]
    pub play: Option<PathBuf>,
    /// The show comes to the moment when it is killed, and waits for that
    #[arg(long, hide = true)]
    pub dark: bool,
}

/// How this program is called again, with other arguments.
pub type Again<'a> = &'a dyn Fn(&[OsString]) -> io::Result<Command>;

/// This program, with other arguments.
pub fn again(args: &[OsString]) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(args);
    Ok(command)
}

/// Says, from within the show, that it may be killed now.
pub fn may_be_killed() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{DARK}")?;
    out.flush()
}

/// A show, seen from outside of its process.
pub struct Show<'a> {
    /// What is killed: `shop`.
    pub name: &'static str,
    /// In which moment it is killed.
    pub when: &'static str,
    pub folder: &'a Path,
    pub options: &'a Options,
    pub again: Again<'a>,
}

impl Show<'_> {
    /// The whole show. It is killed in the middle, unless it had `begun` before.
    pub fn run(&self, begun: bool, out: &mut impl Write) -> Result<(), Failure> {
        if !begun && self.process(true, out)? {
            let text = format_args!("✗ The {} is killed: SIGKILL, {}", self.name, self.when);
            writeln!(out, "\n {}", paint(NO.bold(), text))?;
        }
        self.process(false, out).map(drop)
    }

    /// Runs the process and prints what it says. Returns whether it was killed.
    fn process(&self, dark: bool, out: &mut impl Write) -> Result<bool, Failure> {
        let mut told: Vec<OsString> = vec!["--play".into(), self.folder.into()];
        told.extend(self.options.fast.then(|| "--fast".into()));
        told.extend(dark.then(|| "--dark".into()));
        let mut process = (self.again)(&told)?.stdout(Stdio::piped()).spawn()?;
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
        if status.success() { Ok(false) } else { Err(Failure::Ended { name: self.name, status }) }
    }
}
