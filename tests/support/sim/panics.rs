//! Panics: those that a run asks for are silent, all others are a find.
//!
//! The runtime catches the panics of the domain's code and of the journal, and kameo those of ours.
//! So a panic that nobody asked for would show nowhere but in the panic hook.

use std::cell::RefCell;
use std::mem::take;
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::Once;

use crate::fixtures::messages::{EXPLODES, WEAK};

/// The message with which the simulated journal panics.
pub(super) const JOURNAL: &str = "sim: the journal has a bug";
/// The message with which a simulated read panics.
pub(super) const LOOK: &str = "sim: a careless look";

/// All that is asked for; the others are those of [`Counter`](crate::fixtures::counter::Counter).
const ASKED_FOR: [&str; 7] =
    [JOURNAL, LOOK, WEAK, EXPLODES, "on request", "poisoned", "the bell is broken"];

thread_local! {
    /// The unexpected panics of this thread while it is watched.
    static UNEXPECTED: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Watches the panics of this thread for as long as it lives.
pub(super) struct Watched(());

impl Watched {
    pub(super) fn new() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let usual = take_hook();
            set_hook(Box::new(move |panic| {
                if !watched(panic) {
                    usual(panic);
                }
            }));
        });
        UNEXPECTED.set(Some(Vec::new()));
        Watched(())
    }

    /// The unexpected panics since this was last called.
    pub(super) fn unexpected(&self) -> Vec<String> {
        UNEXPECTED.with_borrow_mut(|unexpected| unexpected.as_mut().map(take).unwrap_or_default())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        UNEXPECTED.set(None);
    }
}

fn watched(panic: &PanicHookInfo<'_>) -> bool {
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    UNEXPECTED.with_borrow_mut(|unexpected| {
        let Some(unexpected) = unexpected else {
            return false;
        };
        if !ASKED_FOR.contains(&message) {
            let place = panic.location().map(ToString::to_string);
            unexpected.push(format!("{message} ({})", place.unwrap_or_default()));
        }
        true
    })
}
