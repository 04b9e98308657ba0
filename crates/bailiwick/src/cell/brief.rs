//! Brief work: one poll without an actor, for a deadline that finds none attached.
//!
//! Most deadlines are decided and written in one poll, and nothing follows. An actor for each would
//! cost several times as much as the turn. Who works briefly is attached as an actor is, and gone
//! afterwards as one that was killed: if there is still work, or something to wait for, an actor
//! takes over and polls anew.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Waker};

use bailiwick_core::Aggregate;
use parking_lot::MutexGuard;

use super::encode::Tools;
use super::phase::Input;
use super::{Cell, Core};
use crate::error::panic_message;

impl<A: Aggregate> Cell<A> {
    /// Runs what is waiting in a cell without an actor.
    pub(super) fn work_briefly(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        core.phase = core.phase.after(Input::Work).0;
        core.attachments = core.attachments.wrapping_add(1);
        let number = core.attachments;
        let ground = self.desk(&mut core).ground.clone();
        drop(core);
        // Else the runtime is closed just now.
        let Some(journal) = self.shared().journal() else { return self.detached(number, false) };
        let mut tools = Tools::new(ground, journal);
        // Nobody is to be woken: whoever takes over looks for itself.
        let mut cx = Context::from_waker(Waker::noop());
        let driven = catch_unwind(AssertUnwindSafe(|| self.drive(number, &mut tools, &mut cx)));
        if let Err(panic) = driven {
            let message = panic_message(&*panic);
            self.named().panicked("a turn", &message);
        }
        self.detached(number, true);
    }
}
