//! Which calls of the system fail, and how.

/// A call, and what becomes of it instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The name of the call, or its names.
    pub call: &'static str,
    /// As strace calls it.
    pub effect: &'static str,
    /// Only where it is about this file of the journal, if one is named.
    pub file: Option<&'static str>,
}

impl Fault {
    /// Whether every process makes such a call that has a reason to.
    pub fn is_certain(&self) -> bool {
        self.file.is_some_and(|file| file != CHECKPOINT_UNFINISHED)
    }
}

const WRITE: &str = "pwrite64";
const SYNC: &str = "fdatasync";
/// By whatever name it goes here.
const RENAME: &str = "?rename,?renameat,?renameat2";
const MKDIR: &str = "?mkdir,?mkdirat";
const REMOVE: &str = "?unlink,?unlinkat";

const EFFECTS: [&str; 3] = ["error=EIO", "error=ENOSPC", "signal=SIGKILL"];

/// The file that the journal begins with.
pub(super) const FIRST: &str = "0000000001.segment";
/// The one that it goes on in, while it is made, and then.
const NEXT_UNFINISHED: &str = "0000000002.segment.unfinished";
const NEXT: &str = "0000000002.segment";
/// What is derived from the first.
const DERIVED_UNFINISHED: [&str; 3] = [
    "0000000001.offsets.unfinished",
    "0000000001-0000000001.index.unfinished",
    CHECKPOINT_UNFINISHED,
];
/// Written in the background, which nobody waits for.
const CHECKPOINT_UNFINISHED: &str = "checkpoint.unfinished";

/// Every call that writes, syncs, names or removes, counted in each thread: what opens a journal, too.
pub fn everywhere() -> Vec<Fault> {
    let calls = ["write", WRITE, SYNC, "fsync", "ftruncate", RENAME, MKDIR, REMOVE];
    of(None, &calls).collect()
}

/// The first calls of the thread that writes, which are hidden [there](everywhere): the thread that opens has as
/// many, and fails before.
pub fn in_the_first_file() -> Vec<Fault> {
    of(Some(FIRST), &[WRITE, SYNC]).collect()
}

/// Where the journal goes on in another file: the first calls of whoever makes that and writes there, hidden
/// for the same reason.
pub fn where_it_goes_on() -> Vec<Fault> {
    of(Some(NEXT_UNFINISHED), &[WRITE, SYNC, RENAME])
        .chain(of(Some(NEXT), &[WRITE, SYNC]))
        .collect()
}

/// Where something is written that the journal could do without.
pub fn of_what_is_derived() -> Vec<Fault> {
    let files = DERIVED_UNFINISHED.into_iter();
    files.flat_map(|file| of(Some(file), &[WRITE, SYNC, RENAME])).collect()
}

fn of(file: Option<&'static str>, calls: &[&'static str]) -> impl Iterator<Item = Fault> {
    calls.iter().flat_map(move |call| EFFECTS.map(|effect| Fault { call, effect, file }))
}
