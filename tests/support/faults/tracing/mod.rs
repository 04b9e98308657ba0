//! The same process under `strace`, which makes its calls of the system fail, or kills it in one of
//! them, and sees in which order they come.
//!
//! What a thread has written stays, since the system goes on. That nothing is told before it is synced
//! is therefore seen in the order of the calls, not in what is lost.

mod calls;
mod order;
mod scene;

use std::process::{Command, Stdio};

pub use calls::{Fault, everywhere, in_the_first_file, of_what_is_derived, where_it_goes_on};
pub use order::told_after_sync;
pub use scene::{Hit, Scene};

/// Whether there is an `strace` that may be used; if not, says so.
///
/// # Panics
/// If there is none although `CI` is set: a test that is left out there has failed.
pub fn is_possible() -> bool {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null());
    let possible = strace.status().is_ok_and(|status| status.success());
    if !possible {
        let missing = "strace is missing or may not trace: install it (`apt-get install strace`), \
                       in a container with `--cap-add SYS_PTRACE`";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        println!("left out: {missing}");
    }
    possible
}
