//! The threads that read: a disk may take its time, and that must not be a thread that others need.

mod pool;

pub(crate) use pool::Pool;
