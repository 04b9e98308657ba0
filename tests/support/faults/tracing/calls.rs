//! Which calls of the system fail, and how.

/// A call, and what becomes of it instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The name of the call, or its names.
    pub call: &'static str,
    /// As strace calls it.
    pub effect: &'static str,
    /// Only where it is about the first file of events: by the journal's own thread.
    pub first_file_only: bool,
}

/// By whatever name it goes here.
const RENAME: &str = "?rename,?renameat,?renameat2";
const MKDIR: &str = "?mkdir,?mkdirat";

const EIO: &str = "error=EIO";
const ENOSPC: &str = "error=ENOSPC";
const SIGKILL: &str = "signal=SIGKILL";

const fn everywhere(call: &'static str, effect: &'static str) -> Fault {
    Fault { call, effect, first_file_only: false }
}

const fn in_the_first_file(call: &'static str, effect: &'static str) -> Fault {
    Fault { call, effect, first_file_only: true }
}

/// Every call that writes, makes room or syncs, counted in each thread: what opens a journal, too.
pub const EVERYWHERE: [Fault; 21] = [
    everywhere("write", EIO),
    everywhere("write", ENOSPC),
    everywhere("write", SIGKILL),
    everywhere("pwrite64", EIO),
    everywhere("pwrite64", ENOSPC),
    everywhere("pwrite64", SIGKILL),
    everywhere("fdatasync", EIO),
    everywhere("fdatasync", ENOSPC),
    everywhere("fdatasync", SIGKILL),
    everywhere("fsync", EIO),
    everywhere("fsync", ENOSPC),
    everywhere("fsync", SIGKILL),
    everywhere("fallocate", ENOSPC),
    everywhere("fallocate", SIGKILL),
    everywhere("ftruncate", EIO),
    everywhere("ftruncate", SIGKILL),
    everywhere(RENAME, EIO),
    everywhere(RENAME, ENOSPC),
    everywhere(RENAME, SIGKILL),
    everywhere(MKDIR, ENOSPC),
    everywhere(MKDIR, SIGKILL),
];

/// The first calls of the thread that writes, which are hidden [there](EVERYWHERE): the thread that
/// opens has as many, and fails before.
pub const IN_THE_FIRST_FILE: [Fault; 6] = [
    in_the_first_file("write", EIO),
    in_the_first_file("write", ENOSPC),
    in_the_first_file("write", SIGKILL),
    in_the_first_file("fdatasync", EIO),
    in_the_first_file("fdatasync", ENOSPC),
    in_the_first_file("fdatasync", SIGKILL),
];
