//! What can go wrong, by what is certain about the command.
//!
//! Why it is as it is: docs/decisions/api.md.

mod ask;
mod cause;
mod class;
mod client;
mod load;
mod reach;
mod reaction;
mod read;
mod samples;
mod subscribe;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bailiwick_core::{BoxError, ErrorReport};

pub use ask::{AlreadyRun, AskError, NotRun, Unknown, UnreadableReply};
pub use cause::{Cause, Unloadable};
pub(crate) use load::LoadError;
pub use reach::ReachError;
pub use reaction::ReactionError;
pub use read::ReadError;
pub use subscribe::SubscribeError;

/// Runs code of the domain. Fails with the message of a panic.
pub(crate) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, Arc<str>> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| panic_message(&*panic))
}

/// The same, with the message as operators read it.
pub(crate) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    caught(code).map_err(|message| format!("it panics: {message}"))
}

/// The same for code that fails by itself, too: with its report, which is code of the domain as well.
pub(crate) fn tried<T, E: Into<BoxError>>(
    code: impl FnOnce() -> Result<T, E>,
) -> Result<T, String> {
    guarded(|| code().map_err(report)).flatten()
}

/// An error with all its sources, as operators read it.
pub(crate) fn report(error: impl Into<BoxError>) -> String {
    ErrorReport::of(&*error.into()).to_string()
}

/// The text of a panic.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .into()
}
