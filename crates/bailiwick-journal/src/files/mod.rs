//! Files: every call to the operating system goes through here, so that a simulated disk (feature
//! `simulation`) can stand for it.
//!
//! What is promised is no more than what a disk does. What was written may be lost, in part and in any order, up
//! to the next sync; so may a name, up to the next sync of its folder. A write may be short. A sync that failed
//! says nothing about what is on the disk, and neither does the next one.

mod disk;
mod identity;
#[cfg(feature = "simulation")]
mod simulated;

use std::io;
use std::sync::Arc;

pub use disk::Disk;
pub use identity::Identity;
#[cfg(feature = "simulation")]
pub use simulated::{Fault, SECTOR, Simulated};

/// A folder without folders in it.
pub trait Folder: Send + Sync {
    /// The names of its files, in their order.
    ///
    /// # Errors
    /// If the folder cannot be read.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Makes a file.
    ///
    /// # Errors
    /// If there is one of that name, or none can be made.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// Opens a file to be read and written.
    ///
    /// # Errors
    /// If there is none, or it cannot be opened.
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// Gives a file another name, in the place of whichever has it.
    ///
    /// # Errors
    /// If that cannot be done; then it has its name still.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// If there is none, or it cannot be removed.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes durable which names there are.
    ///
    /// # Errors
    /// If nobody knows whether they are.
    fn sync(&self) -> io::Result<()>;

    /// Which file has a name now.
    ///
    /// # Errors
    /// If none has ([`NotFound`](io::ErrorKind::NotFound)), or it cannot be looked at.
    fn identity(&self, name: &str) -> io::Result<Identity>;

    /// Whether the folder is still where it was opened: names are looked up there.
    ///
    /// # Errors
    /// If that cannot be looked at, which says nothing.
    fn is_in_place(&self) -> io::Result<bool>;
}

/// An open file.
pub trait File: Send + Sync {
    /// How many bytes it has.
    ///
    /// # Errors
    /// If that cannot be read.
    fn size(&self) -> io::Result<u64>;

    /// Reads some bytes; none at the end of the file.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes the first of these bytes, and says how many.
    ///
    /// # Errors
    /// If nothing was written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Makes durable what was written, and how long the file is.
    ///
    /// # Errors
    /// If nobody knows what is durable now.
    fn sync(&self) -> io::Result<()>;

    /// Which file it is, whether it has its name still or not.
    ///
    /// # Errors
    /// If that cannot be read.
    fn identity(&self) -> io::Result<Identity>;
}

/// Whether the system says that there is nothing at a path.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Reads as many bytes as there is room for, less only at the end of the file.
pub(crate) fn read_up_to(file: &dyn File, to: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < to.len() {
        match file.read_at(&mut to[read..], offset + read as u64) {
            Ok(0) => break,
            Ok(some) => read += some,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Writes all of it. If that fails, the first part may be written.
pub(crate) fn write_all(file: &dyn File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(some) => (bytes, offset) = (&bytes[some..], offset + some as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
