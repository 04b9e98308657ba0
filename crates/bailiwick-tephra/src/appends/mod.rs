//! Appends on their way: in the order of the calls, a batch at a time.
//!
//! While tephra writes a batch, further appends wait here; they are the next batch. tephra would
//! take them at any time, but it goes on with what it was given after a write or a sync failed. So
//! it is given nothing until it is known what became of everything before, and what waits here is
//! then certainly not written.

mod append;
mod batch;
mod conflict;
mod recent;
mod state;

pub(crate) use append::{Append, Settled};
pub(crate) use state::{Answer, Reopened, State};
