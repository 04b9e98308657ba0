//! What makes the writer's work short, and can be done later: the next segment, filled with zeros, by one thread; and the
//! indexes and the checkpoint of those that the log has left, by another: merging takes long, and a segment is needed
//! soon.

use parking_lot::{Condvar, Mutex};

use crate::journal::Shared;

/// Rung when there may be something to do.
#[derive(Default)]
pub(crate) struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Default)]
struct State {
    is_rung: bool,
    is_over: bool,
}

impl Bell {
    pub(crate) fn ring(&self) {
        self.state.lock().is_rung = true;
        self.rung.notify_one();
    }

    pub(crate) fn end(&self) {
        self.state.lock().is_over = true;
        self.rung.notify_one();
    }

    fn is_over(&self) -> bool {
        self.state.lock().is_over
    }

    /// Whether it goes on.
    fn wait(&self) -> bool {
        let mut state = self.state.lock();
        while !state.is_rung && !state.is_over {
            self.rung.wait(&mut state);
        }
        state.is_rung = false;
        !state.is_over
    }
}

/// Makes the next segments, on a thread of its own, until the end.
pub(crate) fn run_ahead(shared: &Shared) {
    while shared.ahead_bell.wait() {
        make_ahead(shared);
    }
}

/// Makes the next segment; whether one was wanted.
pub(crate) fn make_ahead(shared: &Shared) -> bool {
    let ahead = shared.ahead();
    let is_wanted = ahead.is_wanted();
    if let Err(error) = ahead.make() {
        tracing::debug!(%error, "the next file of the journal cannot be made yet");
    }
    is_wanted
}

/// Writes what is derived, on a thread of its own, until the end.
pub(crate) fn run(shared: &Shared) {
    lower_priority();
    while shared.bell.wait() {
        shared.reads.view().keep_filters();
        while step(shared) {}
    }
}

/// Writes one file; whether there was any to be written.
pub(crate) fn step(shared: &Shared) -> bool {
    let _alone = shared.tidying.lock();
    let view = shared.reads.view();
    let done = match view.seal() {
        Ok(false) => view.merge().map_err(|error| error.to_string()),
        sealed => sealed.map_err(|error| error.to_string()),
    };
    let done = match done {
        // The checkpoint of a long log takes long: nobody who ends waits for it.
        Ok(false) if !shared.bell.is_over() => view.checkpoint().map_err(|error| error.to_string()),
        done => done,
    };
    done.unwrap_or_else(|error| {
        tracing::debug!(error, "an index or the checkpoint cannot be written to a file yet");
        false
    })
}

/// Of this thread, by a little: it is not to make the syncs of others slow. Not by much: where the processors are never
/// idle it would not come to its turn, and in the end who appends waits for it.
#[cfg(target_os = "linux")]
fn lower_priority() {
    const LOWER: i32 = 5;
    // If that is not permitted it goes on as others do.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), LOWER);
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}
