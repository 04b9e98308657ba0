//! A simulated disk with a look at what is synced.

use std::io;
use std::sync::Arc;

use bailiwick_journal::files::{File, Folder, Identity, Simulated};

type Hook = Arc<dyn Fn(&dyn File) + Send + Sync>;

/// A disk that calls somebody after each sync of a file that succeeds.
#[derive(Clone)]
pub struct Hooked {
    disk: Simulated,
    after_sync: Hook,
}

struct HookedFile {
    file: Arc<dyn File>,
    after_sync: Hook,
}

impl Hooked {
    pub fn new(disk: &Simulated, after_sync: impl Fn(&dyn File) + Send + Sync + 'static) -> Hooked {
        Hooked { disk: disk.clone(), after_sync: Arc::new(after_sync) }
    }

    fn hook(&self, file: io::Result<Arc<dyn File>>) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(HookedFile { file: file?, after_sync: self.after_sync.clone() }))
    }
}

impl Folder for Hooked {
    fn names(&self) -> io::Result<Vec<String>> {
        self.disk.names()
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.hook(self.disk.create(name))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.hook(self.disk.open(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }

    fn identity(&self, name: &str) -> io::Result<Identity> {
        self.disk.identity(name)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        self.disk.is_in_place()
    }
}

impl File for HookedFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(to, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()?;
        (self.after_sync)(&*self.file);
        Ok(())
    }

    fn identity(&self) -> io::Result<Identity> {
        self.file.identity()
    }
}
