//! The next segment, made ahead of its use: filling it with zeros takes as long as many syncs do.
//!
//! Whoever has the time makes it ([`Ahead::make`]). The log takes it when it needs one; it waits for one that is
//! being made, and makes one itself if nobody does.

use std::io;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::segment::Segment;
use crate::files::Folder;

/// The next segment of a log.
pub struct Ahead {
    folder: Arc<dyn Folder>,
    state: Mutex<State>,
    made: Condvar,
}

/// A segment that is to be made.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) log: u128,
    pub(super) number: u64,
    pub(super) seed: u64,
    pub(super) size: u64,
}

enum State {
    /// None is wanted, or making it failed: then the log tries when it needs it.
    Nothing,
    Wanted(Wanted),
    BeingMade,
    Made(Segment),
}

impl Ahead {
    pub(super) fn of(folder: Arc<dyn Folder>) -> Ahead {
        Ahead { folder, state: Mutex::new(State::Nothing), made: Condvar::new() }
    }

    /// Whether there is one to be made.
    pub fn is_wanted(&self) -> bool {
        matches!(*self.state.lock(), State::Wanted(_))
    }

    /// Makes it, if it is wanted.
    ///
    /// # Errors
    /// If there is no room for it, say. Nobody has to care: the log tries again when it needs it.
    pub fn make(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        let State::Wanted(wanted) = *state else { return Ok(()) };
        *state = State::BeingMade;
        drop(state);
        // Whatever happens meanwhile, whoever waits goes on.
        let mut making = Making { ahead: self, made: None };
        making.made = Some(wanted.make(&*self.folder)?);
        Ok(())
    }

    pub(super) fn want(&self, wanted: Wanted) {
        let mut state = self.state.lock();
        if let State::Nothing = *state {
            *state = State::Wanted(wanted);
        }
    }

    /// The segment that was taken was not used, and is as it was.
    pub(super) fn put_back(&self, segment: Segment) {
        *self.state.lock() = State::Made(segment);
    }

    /// The segment, if it was made, after one that is being made is finished. From here on none is wanted.
    pub(super) fn take(&self) -> Option<Segment> {
        let mut state = self.state.lock();
        while let State::BeingMade = *state {
            self.made.wait(&mut state);
        }
        match std::mem::replace(&mut *state, State::Nothing) {
            State::Made(segment) => Some(segment),
            _ => None,
        }
    }
}

impl Wanted {
    pub(super) fn make(self, folder: &dyn Folder) -> io::Result<Segment> {
        Segment::make(folder, (self.log, self.number), self.seed, self.size)
    }
}

struct Making<'a> {
    ahead: &'a Ahead,
    made: Option<Segment>,
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        let state = self.made.take().map_or(State::Nothing, State::Made);
        *self.ahead.state.lock() = state;
        self.ahead.made.notify_all();
    }
}
