//! Who has a folder, as it has noted itself in the file that it has locked.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process;

/// A process, if it is known.
pub(super) struct Holder {
    pub(super) pid: Option<u32>,
    /// It is this very process.
    pub(super) by_itself: bool,
}

impl Holder {
    /// Who has locked the file. Where others may not read what is locked (Windows), nobody is known.
    pub(super) fn of(file: &Path) -> Holder {
        let noted = fs::read_to_string(file).unwrap_or_default();
        let mut numbers = noted.split_whitespace().map(str::parse);
        let mut number = || numbers.next()?.ok();
        let noted: (Option<u64>, Option<u64>) = (number(), number());
        let by_itself = noted == (Some(process::id().into()), Some(began()));
        Holder { pid: noted.0.and_then(|pid| pid.try_into().ok()), by_itself }
    }

    /// Notes that this process has it.
    pub(super) fn note(mut file: &File) -> io::Result<()> {
        file.set_len(0)?;
        writeln!(file, "{} {}", process::id(), began())
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            _ if self.by_itself => f.write_str("this process itself"),
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("a process that it does not name"),
        }
    }
}

/// When this process began, in the system's own unit; 0 if that is not known. In containers many processes have the
/// same number.
fn began() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Its name, in brackets, may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields.split_whitespace().nth(19).and_then(|began| began.parse().ok()).unwrap_or(0)
}
