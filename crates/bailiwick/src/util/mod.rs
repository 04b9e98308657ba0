//! Small things that know nothing of a runtime.

pub(crate) mod backoff;
pub(crate) mod on_drop;
pub(crate) mod pace;
pub(crate) mod race;
pub(crate) mod seen;
pub(crate) mod shard;
