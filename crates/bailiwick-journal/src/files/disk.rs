//! The files of the operating system.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{File, Folder, Identity, is_missing};

/// A folder of a file system. It is kept open, where folders can be: so it is known again, whatever its name.
#[derive(Debug, Clone)]
pub struct Disk {
    path: PathBuf,
    #[cfg(unix)]
    opened: Arc<io::Result<fs::File>>,
}

impl Disk {
    /// The folder at `path`, which exists. If it cannot be opened, whatever is asked of it fails.
    pub fn at(path: impl Into<PathBuf>) -> Disk {
        let path = path.into();
        Disk {
            #[cfg(unix)]
            opened: Arc::new(fs::File::open(&path)),
            path,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder itself.
    #[cfg(unix)]
    pub(crate) fn opened(&self) -> io::Result<&fs::File> {
        self.opened.as_ref().as_ref().map_err(|error| match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => error.kind().into(),
        })
    }

    /// What is at the path now may be another's: nothing is made, renamed or removed there.
    fn check_place(&self) -> io::Result<()> {
        let is_gone = || io::Error::new(io::ErrorKind::NotFound, "the folder is not where it was");
        if self.is_in_place()? { Ok(()) } else { Err(is_gone()) }
    }

    fn open_with(&self, name: &str, new: bool) -> io::Result<Arc<dyn File>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(new).open(self.path.join(name))?;
        Ok(Arc::new(OpenFile(file)))
    }
}

impl Folder for Disk {
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                // Whatever it was, somebody has removed it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            // A link counts, wherever it leads: what it stands for may be a segment that was moved to another
            // disk, and must not be taken for missing. What is not called by Unicode is none of ours.
            if let (false, Ok(name)) = (kind.is_dir(), entry.file_name().into_string()) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.check_place()?;
        self.open_with(name, true)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.open_with(name, false)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.check_place()?;
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.check_place()?;
        fs::remove_file(self.path.join(name))
    }

    #[cfg(unix)]
    fn sync(&self) -> io::Result<()> {
        self.opened()?.sync_all()
    }

    /// Windows has no such call: what a rename did is durable when it returns.
    #[cfg(not(unix))]
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn identity(&self, name: &str) -> io::Result<Identity> {
        fs::metadata(self.path.join(name)).map(|found| Identity::of(&found))
    }

    fn is_in_place(&self) -> io::Result<bool> {
        let found = match fs::metadata(&self.path) {
            Ok(found) => found,
            Err(error) if is_missing(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        #[cfg(unix)]
        let is_the_same = Identity::of(&self.opened()?.metadata()?) == Identity::of(&found);
        #[cfg(not(unix))]
        let is_the_same = found.is_dir();
        Ok(is_the_same)
    }
}

struct OpenFile(fs::File);

impl File for OpenFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, to, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, to, offset)
    }

    #[cfg(unix)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.0, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(&self.0, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn identity(&self) -> io::Result<Identity> {
        self.0.metadata().map(|found| Identity::of(&found))
    }
}
