//! One process, one fault: it stops with a clear error, or is dead, and the next one finds everything.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bailiwick_journal::Options;
use tempfile::TempDir;

use super::Fault;
use super::calls::FIRST;
use crate::faults::audit::audit;
use crate::faults::bug::Bug;
use crate::faults::journal_copy;
use crate::faults::killing::{Ended, Process, in_one_thread};
use crate::faults::process::{DONE, NOT_OPENED, ProcessArgs, STOPPED};
use crate::faults::reports::Report;
use crate::invariant::Checked;
use crate::invariant::Invariant::{ClearError, Progress};

/// A few orders need more than that, in bytes, and two less.
const ROOM_LEFT: u64 = 2_500;

/// Whether there was a call to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// There was.
    Yes,
    /// The process made fewer calls, and came to its end.
    Beyond,
}

/// A journal, new or not, and a process that is traced on it.
pub struct Scene {
    program: PathBuf,
    folder: TempDir,
    told: Vec<Report>,
    next: u64,
    reopens: bool,
    bug: Option<Bug>,
}

impl Scene {
    /// There is no journal yet.
    pub fn new(program: impl AsRef<Path>, bug: Option<Bug>) -> Scene {
        let folder = tempfile::tempdir().expect("a folder");
        let (program, told) = (program.as_ref().to_owned(), Vec::new());
        Scene { program, folder, told, next: 1, reopens: false, bug }
    }

    /// A process was killed on it before, after it had told `lines` lines.
    pub fn after_a_kill(program: impl AsRef<Path>, lines: usize) -> Scene {
        let mut scene = Scene::new(program, None);
        let args = scene.args(u64::MAX);
        let mut process = Process::start(Command::new(&scene.program), &args);
        scene.told.extend(process.lines(lines));
        process.kill();
        scene.told.extend(process.end().rest);
        scene
    }

    /// Processes have ended well on it, and its first file is nearly full: the next one goes on in another.
    pub fn before_it_goes_on(program: impl AsRef<Path>) -> Scene {
        let mut scene = Scene::new(program, None);
        while scene.used() + ROOM_LEFT < Options::MIN_SEGMENT_BYTES {
            scene.works_well(2);
        }
        scene
    }

    /// Processes have ended well on it, it has several files, and what is derived from them was removed.
    pub fn without_what_is_derived(program: impl AsRef<Path>) -> Scene {
        let mut scene = Scene::before_it_goes_on(program);
        scene.works_well(20);
        for entry in fs::read_dir(scene.journal()).expect("a folder") {
            let path = entry.expect("a file").path();
            if path.extension().is_none_or(|extension| extension != "segment") {
                fs::remove_file(path).expect("it is there");
            }
        }
        scene
    }

    /// A process with so many orders, without strace.
    fn works_well(&mut self, orders: u64) {
        let args = self.args(orders);
        let ended: Ended = Process::start(Command::new(&self.program), &args).end();
        assert!(ended.status.success(), "{}", ended.complaints);
        self.told.extend(ended.rest);
    }

    /// How much of the first file has something in it, in bytes.
    fn used(&self) -> u64 {
        let bytes = fs::read(self.journal().join(FIRST)).unwrap_or_default();
        bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
    }

    /// The process has its journal opened again, and goes on.
    pub fn that_reopens(self) -> Scene {
        Scene { reopens: true, ..self }
    }

    /// The same once more, to be changed.
    pub fn copy(&self) -> Scene {
        let folder = tempfile::tempdir().expect("a folder");
        journal_copy::copy_all(self.folder.path(), folder.path()).expect("it can be copied");
        let (program, told) = (self.program.clone(), self.told.clone());
        Scene { program, folder, told, ..*self }
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    fn args(&mut self, orders: u64) -> ProcessArgs {
        let number = self.next;
        self.next += 1;
        ProcessArgs {
            folder: self.journal(),
            number,
            first: 1,
            clients: 1,
            orders,
            outlives_leases: false,
            reopens: self.reopens,
            bug: self.bug,
        }
    }

    /// A process with so many orders, behind strace with these arguments. With what strace saw.
    pub(super) fn traced(&mut self, arguments: &[String], orders: u64) -> (Ended, String) {
        let trace = self.folder.path().join("trace");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o"]).arg(&trace).args(arguments).arg(&self.program);
        let mut ended = Process::start(strace, &self.args(orders)).end();
        self.told.append(&mut ended.rest);
        (ended, fs::read_to_string(trace).expect("strace wrote it"))
    }

    pub(super) fn told(&self) -> &[Report] {
        &self.told
    }

    /// The `nth` call of a process fails; then another one goes on, and all is audited.
    ///
    /// # Errors
    /// With the first violation.
    pub fn fail(mut self, fault: Fault, nth: u64, orders: u64) -> Checked<Hit> {
        let Fault { call, effect, file } = fault;
        let mut arguments = vec!["-e".to_owned(), format!("trace={call}")];
        if let Some(file) = file {
            let file = self.journal().join(file);
            arguments.extend(["-P".to_owned(), file.display().to_string()]);
        }
        arguments.extend(["-e".to_owned(), format!("inject={call}:{effect}:when={nth}")]);
        let (ended, trace) = self.traced(&arguments, orders);
        let killed = ended.status.signal().is_some();
        self.must_have_stopped(&ended, effect.starts_with("signal"))?;
        self.goes_on()?;
        self.audit()?;
        Ok(if killed || trace.contains("(INJECTED)") { Hit::Yes } else { Hit::Beyond })
    }

    fn must_have_stopped(&self, ended: &Ended, may_be_killed: bool) -> Checked {
        let Ended { status, complaints, .. } = ended;
        // Or one above it, while it is made.
        let folder = self.folder.path().to_string_lossy();
        let names_it = complaints.contains(&*folder);
        let is_clear = names_it && complaints.contains("disk");
        match status.code().map(u8::try_from) {
            // Not every file matters.
            Some(Ok(DONE)) => Ok(()),
            Some(Ok(STOPPED)) if is_clear && !self.reopens => Ok(()),
            Some(Ok(NOT_OPENED)) if is_clear => Ok(()),
            None if may_be_killed => Ok(()),
            _ => Err(ClearError.broken(format!("it ended by {status}: {complaints}"))),
        }
    }

    fn goes_on(&mut self) -> Checked {
        let args = self.args(3);
        let Ended { rest, status, complaints } =
            Process::start(Command::new(&self.program), &args).end();
        self.told.extend(rest);
        match status.success() {
            true => Ok(()),
            false => {
                let what = format!("the next process ended by {status}: {complaints}");
                Err(Progress.broken(what))
            }
        }
    }

    fn audit(&self) -> Checked {
        in_one_thread(async {
            let events = journal_copy::of(&self.journal()).await?;
            audit(&events, &self.told, self.bug).await.map(drop)
        })
    }
}
