//! Inline turns: who brings work to a cell with nothing to do runs it, on its own task.
//!
//! Most commands, reads and deadlines are decided in one turn, and answered if the journal answers at
//! once: an actor for each would cost several times as much as the turn. What others have brought
//! meanwhile is run along with it up to a bound ([`drive`](super::drive)); what is left then, or waits
//! for the journal with nobody to [attend](super::attend) to it, is an actor's.

use std::sync::Arc;
use std::task::{Context, Waker};

use bailiwick_core::Aggregate;
use parking_lot::MutexGuard;

use super::attend::Attending;
use super::drive::{Drive, Driver};
use super::inbox::Scope;
use super::lifecycle::Input;
use super::{Cell, Core};
use crate::error::caught;

/// What became of a cell whose turn was run inline.
pub(crate) enum Ran<A: Aggregate> {
    /// There is nothing left to do.
    Done,
    /// It waits for the journal, and whoever ran it is to attend to that.
    Attended(Attending<A>),
    /// What is left is somebody else's to do.
    HandedOver,
}

impl<A: Aggregate> Ran<A> {
    /// What whoever ran it is to attend to.
    pub(super) fn attending(self) -> Option<Attending<A>> {
        match self {
            Ran::Attended(attending) => Some(attending),
            Ran::Done | Ran::HandedOver => None,
        }
    }
}

impl<A: Aggregate> Cell<A> {
    /// Runs what is waiting in a cell with nothing to do. `attends`: the waker of whoever will attend to
    /// it if it has to wait.
    pub(super) fn run_inline(
        self: &Arc<Self>,
        mut core: MutexGuard<'_, Core<A>>,
        attends: Option<&Waker>,
    ) -> Ran<A> {
        let number = self.begin(&mut core);
        let scope = self.inbox(&mut core).scope.clone();
        drop(core);
        self.go_on_inline(number, scope, attends)
    }

    /// Whoever has found it idle runs it from now on. Returns its number: one higher for each who runs the cell.
    pub(super) fn begin(&self, core: &mut Core<A>) -> u32 {
        core.phase = core.phase.after(Input::Begins).0;
        self.hint.is_idle(false);
        core.attachments = core.attachments.wrapping_add(1);
        core.attachments
    }

    /// As the `number`th who runs it.
    pub(super) fn go_on_inline(
        self: &Arc<Self>,
        number: u32,
        scope: Arc<Scope>,
        attends: Option<&Waker>,
    ) -> Ran<A> {
        let Some(mut tools) = self.kind.tools.take(scope, &self.kind.shared) else {
            // The runtime is closed just now.
            self.detached(number, false);
            return Ran::HandedOver;
        };
        let driver = Driver::Caller { attends };
        // Nobody is to be woken if nobody attends to it: who takes over looks for itself.
        let of_the_cell = attends.map(|_| Waker::from(self.clone()));
        let mut cx = Context::from_waker(of_the_cell.as_ref().unwrap_or(Waker::noop()));
        let driven = match caught(|| self.drive(number, &mut tools, driver, &mut cx)) {
            Ok(driven) => {
                self.kind.tools.put_back(Some(tools));
                driven
            }
            Err(message) => {
                self.named().panicked("a turn", &message);
                drop(tools);
                self.kind.tools.put_back(None);
                Drive::Yield
            }
        };
        match driven {
            Drive::Leave => Ran::Done,
            Drive::Queued => Ran::HandedOver,
            Drive::Park => Ran::Attended(Attending::new(self.clone(), number)),
            Drive::Yield => {
                self.detached(number, true);
                Ran::HandedOver
            }
        }
    }
}
