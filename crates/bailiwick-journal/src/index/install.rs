//! How a file gets its name: once it is whole, and durable.

use std::io;
use std::sync::Arc;

use crate::files::{File, Folder};

/// Makes a file under a name that is nobody's, syncs it, and gives it its name, in the place of whichever has it.
///
/// Whether the name is durable is up to the next sync of the folder, which has to come before the removal of what the
/// file stands for.
///
/// # Errors
/// If it cannot be written; then whichever has the name has it still.
pub fn install<E: From<io::Error>>(
    folder: &dyn Folder,
    name: &str,
    write: impl FnOnce(&dyn File) -> Result<(), E>,
) -> Result<Arc<dyn File>, E> {
    let unfinished = format!("{name}.unfinished");
    match folder.remove(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let made = make(folder, &unfinished, name, write);
    if made.is_err() {
        // It may be that there was no room: it takes none, if that can be done. The next one tries again.
        drop(folder.remove(&unfinished));
    }
    made
}

fn make<E: From<io::Error>>(
    folder: &dyn Folder,
    unfinished: &str,
    name: &str,
    write: impl FnOnce(&dyn File) -> Result<(), E>,
) -> Result<Arc<dyn File>, E> {
    let file = folder.create(unfinished)?;
    write(&*file)?;
    file.sync()?;
    folder.rename(unfinished, name)?;
    Ok(file)
}
