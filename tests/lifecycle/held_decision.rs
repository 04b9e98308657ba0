//! A decision that takes until a test lets it go.

use std::sync::mpsc::{Receiver, Sender, channel};

use bailiwick::{Context, Decide};
use bailiwick_tests::fixtures::counter::{Counter, CounterEvent};

/// A count that holds the thread on which it is decided.
pub struct Hold {
    begun: Sender<()>,
    go: Receiver<()>,
}

/// The other end of a [`Hold`].
pub struct Held {
    begun: Receiver<()>,
    go: Sender<()>,
}

impl Hold {
    pub fn new() -> (Hold, Held) {
        let ((begun, has_begun), (go, wait)) = (channel(), channel());
        (Hold { begun, go: wait }, Held { begun: has_begun, go })
    }
}

impl Held {
    /// Waits, on this thread, until it is being decided.
    pub fn has_begun(&self) {
        self.begun.recv().expect("it begins");
    }

    pub fn let_go(&self) {
        self.go.send(()).expect("it is held");
    }
}

impl Decide<Hold> for Counter {
    type Reply = u64;
    type Rejection = std::convert::Infallible;

    fn decide(&self, hold: &Hold, ctx: &mut Context<CounterEvent>) -> Result<u64, Self::Rejection> {
        hold.begun.send(()).expect("somebody waits");
        hold.go.recv().expect("somebody lets it go");
        let value = self.value + 1;
        ctx.emit(CounterEvent::Counted { value });
        Ok(value)
    }
}
