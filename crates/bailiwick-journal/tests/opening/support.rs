//! Opening folders and logs, and child processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bailiwick_journal::OpenError;
use bailiwick_journal::folder::Locked;
use bailiwick_journal::log::{Log, Options};

pub fn open(folder: &Path) -> Result<Locked, OpenError> {
    Locked::open(folder, Duration::ZERO)
}

#[track_caller]
pub fn refused(folder: &Path) -> OpenError {
    open(folder).expect_err("it was opened")
}

/// Opens a log as a journal would.
pub fn open_log(path: &Path, seed: u64) -> Result<Log, OpenError> {
    let locked = open(path)?;
    let mut entropy = fastrand::Rng::with_seed(seed);
    let options = Options { segment_bytes: Some(8_192) };
    let opened = Log::open(locked.folder(), options, Box::new(move || entropy.u64(..)));
    Ok(opened.map_err(|error| OpenError::of_log(locked.path(), error))?.log)
}

pub fn write(log: &mut Log) {
    for byte in 1..8 {
        log.write(&[[byte; 3_000]]).unwrap();
        log.sync().unwrap();
    }
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// This test program once more, to run an ignored test as a process of its own.
pub fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("JOURNAL_FOLDER", folder);
    command
}

/// In a child: the folder that it was given; none if nobody runs it as one.
pub fn given_folder() -> Option<PathBuf> {
    std::env::var_os("JOURNAL_FOLDER").map(PathBuf::from)
}

/// Runs a child that must succeed, behind a shell that runs `before` first in a name space of its own, in which it may
/// mount. Where that is not allowed it is left out; where `CI` is set it has failed by that.
#[track_caller]
pub fn run_in_name_space(before: &str, test: &str, folder: &Path) {
    let allowed = Command::new("unshare").args(["-rm", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        let missing = "name spaces are missing or not allowed: install unshare (`apt-get install util-linux mount`), \
                       and allow user name spaces (`sysctl kernel.unprivileged_userns_clone=1`, in a container \
                       `--cap-add SYS_ADMIN`)";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        println!("left out: {missing}");
        return;
    }
    let command = child(test, folder);
    let mut shell = Command::new("unshare");
    shell.args(["-rm", "sh", "-e", "-c", &format!("{before} && exec \"$@\""), "sh"]);
    shell.arg(command.get_program()).args(command.get_args()).env("JOURNAL_FOLDER", folder);
    let output = shell.output().expect("it can be started");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("1 passed"), "there is no test {test}");
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{printed}\n{complained}", output.status);
}
