//! Whether a folder is still where it was opened, with its files. What is written into files that were removed, or
//! whose folder has another name now, is not found by the next start: nobody may be told that it is durable.

use std::path::Path;
use std::sync::Arc;

use crate::OpenError;
use crate::files::{Folder, Identity, is_missing};

/// The place of an open folder. Cloning shares it; asking costs a microsecond.
#[derive(Clone)]
pub struct Place {
    folder: Arc<dyn Folder>,
    path: Arc<Path>,
}

impl Place {
    /// That of a folder which was opened at `path`.
    pub fn of(folder: Arc<dyn Folder>, path: impl Into<Arc<Path>>) -> Place {
        Place { folder, path: path.into() }
    }

    /// Whether the folder is there.
    ///
    /// # Errors
    /// [`Removed`](OpenError::Removed) if another folder is there, or none. That it cannot be looked at says nothing.
    pub fn check(&self) -> Result<(), OpenError> {
        match self.folder.is_in_place() {
            Ok(false) => Err(OpenError::Removed { path: self.path.to_path_buf() }),
            Ok(true) | Err(_) => Ok(()),
        }
    }

    /// Whether its file `name` is the one that has this identity, which is still open: so it is no other's.
    ///
    /// # Errors
    /// [`Removed`](OpenError::Removed) if another file is there, or none; with the folder, if that is gone. That it
    /// cannot be looked at says nothing.
    pub fn check_file(&self, name: &str, identity: Identity) -> Result<(), OpenError> {
        match self.folder.identity(name) {
            Ok(found) if found == identity => Ok(()),
            Err(error) if !is_missing(&error) => Ok(()),
            _ => {
                self.check()?;
                Err(OpenError::Removed { path: self.path.join(name) })
            }
        }
    }

    /// Whether it has files of these names.
    ///
    /// # Errors
    /// [`Removed`](OpenError::Removed) with the first that is missing, or with the folder, if that is gone. That it
    /// cannot be looked at says nothing.
    pub fn check_names(&self, names: impl IntoIterator<Item = String>) -> Result<(), OpenError> {
        self.check()?;
        let Ok(there) = self.folder.names() else { return Ok(()) };
        let mut missing = names.into_iter().filter(|name| there.binary_search(name).is_err());
        let Some(name) = missing.next() else { return Ok(()) };
        // Unless the folder was moved while it was listed.
        self.check()?;
        Err(OpenError::Removed { path: self.path.join(name) })
    }
}
