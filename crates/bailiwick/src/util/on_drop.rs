//! What is done when a scope is left before its end: by an error, a panic, or because its task is dropped.

/// Does this when it is dropped, unless it was [disarmed](Self::disarm).
pub(crate) struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub(crate) fn new(work: F) -> Self {
        OnDrop(Some(work))
    }

    pub(crate) fn disarm(mut self) {
        self.0 = None;
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}
