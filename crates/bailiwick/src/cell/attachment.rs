//! What an actor brings to the cell that it is attached to.

use std::sync::Arc;
use std::task::Context;

use bailiwick_core::Aggregate;

use super::drive::Driver;
use super::encode::Tools;
use super::{Cell, Drive};
use crate::cell::actor::Driven;

/// A cell, and the actor `number` of it.
pub(super) struct Attachment<A: Aggregate> {
    pub(super) cell: Arc<Cell<A>>,
    pub(super) number: u32,
    pub(super) tools: Tools<A>,
}

impl<A: Aggregate> Driven for Attachment<A> {
    fn drive(&mut self, cx: &mut Context<'_>) -> Drive {
        self.cell.drive(self.number, &mut self.tools, Driver::Actor, cx)
    }

    fn detached(&mut self, ran: bool) {
        self.cell.detached(self.number, ran);
    }

    #[cfg(feature = "fault-injection")]
    fn set_kill(&mut self, kill: crate::cell::actor::Kill) {
        self.cell.set_kill(self.number, kill);
    }
}
