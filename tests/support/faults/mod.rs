//! Crashes, and what must hold after them.
//!
//! | | what stops | how | what is left |
//! |---|---|---|---|
//! | [`losing`] | a runtime on a journal in memory | a machine that forgets what was not synced | any prefix of it |
//! | [`killing`] | a process on a journal in a folder | SIGKILL, after so many acknowledgements | what it had written |
//! | [`work`] | the same, at work that can be compared with that of a process that is not killed | the same | the same |
//! | [`tracing`] | the same | each write and sync fails, or is the last | what it had written |
//!
//! All but `work` give the same [orders](order), write down what callers were told in [reports], and have what
//! is left [audited](audit) by that.

pub mod ask;
pub mod audit;
pub mod bug;
pub mod fixture;
pub mod journal_copy;
pub mod killing;
pub mod losing;
pub mod order;
pub mod process;
pub mod reports;
pub mod tracing;
pub mod work;

pub use process::run_process;
