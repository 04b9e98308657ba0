//! A panic of the domain's code, which goes on unless somebody asks for it.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

type Payload = Box<dyn Any + Send>;

/// A panic that was caught. It goes on where it is not asked about: at the latest where it is dropped.
pub(super) struct Panicked(Cell<Option<Payload>>);

/// Runs the domain's code. What it leaves behind when it panics is not to be used.
pub(super) fn catch<T>(domain: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(domain)).map_err(|payload| Panicked(Cell::new(Some(payload))))
}

impl Panicked {
    /// The panic goes on.
    pub(super) fn go_on(&self) -> ! {
        match self.0.take() {
            Some(payload) => resume_unwind(payload),
            None => unreachable!("it went on before"),
        }
    }

    /// The panic ends here, with its message.
    pub(super) fn message(self) -> String {
        let payload = self.0.take();
        let payload = payload.as_deref();
        let text = payload.and_then(|payload| match payload.downcast_ref::<&'static str>() {
            Some(text) => Some((*text).to_owned()),
            None => payload.downcast_ref::<String>().cloned(),
        });
        text.unwrap_or_else(|| "it panicked without a text".to_owned())
    }
}

impl Drop for Panicked {
    fn drop(&mut self) {
        if let Some(payload) = self.0.take()
            && !std::thread::panicking()
        {
            resume_unwind(payload);
        }
    }
}
