//! Which file it is, whatever its name.

use std::fs::Metadata;

/// Tells a file or folder from every other that is there at the same time: one that is open keeps its own to
/// itself, and that of one that was removed may be given to another.
///
/// Not on Windows: there all have the same, so what was replaced is not noticed, only what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    number: u64,
}

impl Identity {
    #[cfg(unix)]
    pub(crate) fn of(found: &Metadata) -> Identity {
        use std::os::unix::fs::MetadataExt as _;
        Identity { device: found.dev(), number: found.ino() }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_: &Metadata) -> Identity {
        Identity { device: 0, number: 0 }
    }

    /// That of the `nth` file of a disk that has no others.
    #[cfg(feature = "simulation")]
    pub(super) fn nth(nth: usize) -> Identity {
        Identity { device: 0, number: nth as u64 }
    }
}
