//! How many aggregates of a type there are.

/// What an aggregate type has just now.
pub(crate) struct Census {
    pub(crate) name: &'static str,
    pub(crate) in_memory: usize,
    /// How many have left memory so far.
    pub(crate) stored: u64,
    pub(crate) armed: usize,
}
