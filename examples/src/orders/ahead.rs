//! Decisions of several events, where the later ones follow from the earlier ones.

use bailiwick_core::{Context, View};

/// The state as it will be after what was decided so far.
pub(super) struct Ahead<'a, V: View> {
    /// That state.
    pub(super) state: V,
    ctx: &'a mut Context<V::Event>,
}

impl<'a, V: View> Ahead<'a, V> {
    /// Begins with this state.
    pub(super) fn of(state: V, ctx: &'a mut Context<V::Event>) -> Self {
        Ahead { state, ctx }
    }

    /// Emits an event, on which what comes next is decided.
    pub(super) fn emit(&mut self, event: V::Event) {
        self.state.apply(&event, self.ctx.now());
        self.ctx.emit(event);
    }
}
